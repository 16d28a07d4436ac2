# SPDX-License-Identifier: Apache-2.0
"""The journal as people read it: sentences, filters, the chain, and the stored words in the CSV."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from server.tests.conftest import MONDAY
from server.tests.desk import furnish

import cairn_server
from cairn_server.journal import append_only
from cairn_server.journal.models import Entry
from cairn_server.organisations import key_changes
from cairn_server.web import journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation


@pytest.fixture
def client(owner: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(owner)


@pytest.fixture
def own(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}"


def test_the_journal_is_read_filtered_and_exported(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    furnish(organisation, owner, issuer)

    page = client.get(f"{own}/journal", {"q": "suspended", "actor": owner.public_id})
    rows = b"".join(client.get(f"{own}/journal", {"format": "csv"}).streaming_content).decode()

    assert [entry.verb for entry, _actor in page.context["rows"]] == ["credential suspended"]
    assert Entry.objects.of(organisation.public_id).count() + 1 == len(rows.strip().split("\r\n"))


def test_the_journal_page_tells_a_broken_chain(organisation: Organisation, client: Client, own: str) -> None:
    assert client.get(f"{own}/journal").context["broken"] is None
    append_only.drop(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal_entry SET verb = 'nothing happened' WHERE number = 1")
    append_only.create(connection)

    page = client.get(f"{own}/journal")

    assert page.context["broken"] is not None
    assert "The chain is broken" in page.content.decode()


def test_people_read_sentences_and_the_csv_keeps_the_stored_verb(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    furnish(organisation, owner, issuer)

    page = client.get(f"{own}/journal").content.decode()
    rows = b"".join(client.get(f"{own}/journal", {"format": "csv"}).streaming_content).decode()

    assert "<td>Suspended a credential" in page
    assert "credential suspended" not in page
    assert ",credential suspended," in rows


def test_the_words_of_the_page_are_found(
    organisation: Organisation, owner: Person, issuer: Person, client: Client, own: str
) -> None:
    """Somebody searches for what they read: “Made an API token” is stored as “token created”."""
    furnish(organisation, owner, issuer)

    page = client.get(f"{own}/journal", {"q": "made an api TOKEN"})

    assert [entry.verb for entry, _actor in page.context["rows"]] == ["token created"]


def test_a_reason_stands_below_its_sentence(
    organisation: Organisation, owner: Person, client: Client, own: str
) -> None:
    key_changes.propose_replacement(organisation, by=owner, reason="Every <b>year</b>.", at=MONDAY)

    assert "Every &lt;b&gt;year&lt;/b&gt;." in client.get(f"{own}/journal").content.decode()


def test_a_verb_that_nobody_knows_is_shown_as_it_is() -> None:
    assert journal.sentence("stone turned") == "stone turned"


def verbs_in_the_code() -> set[str]:
    """Every verb that is written into an organisation's chain, read from the source."""
    source = "\n".join(path.read_text() for path in Path(cairn_server.__file__).parent.rglob("*.py"))
    written = set(re.findall(r'(?:\bverb=|\b_journal\(\s*)"([^"]+)"', source))
    written |= set(re.findall(r'\b_(?:record|journal\w*)\(\s*\w+,\s*"([^"]+)"', source))
    written |= set(re.findall(r'\b_record\(\s*"([^"]+)"', source))
    # In earning, behind the object and sometimes its organisation.
    written |= set(re.findall(r'\b_note(?:_learner)?\(\s*[\w.]+,\s*(?:[\w.]+,\s*)?"([^"]+)"', source))
    # Some are put together: what was done to one credential, to many, and to a request.
    for built in ('verb=f"credential {kind}"', 'verb=f"credentials {kind}"', 'f"renewal {state.value}"'):
        assert built in source
    changed = {"revoked", "suspended", "reinstated"}
    written |= {f"credential {kind}" for kind in changed | {"awarded", "replaced", "renewed"}}
    # … and of two verbs in one line the second is not found above.
    written |= {"message returned", "message wording removed", "catalogue left", "question taken back"}
    written |= {"earning approved", "earning declined"}
    written |= {f"credentials {kind}" for kind in changed} | {"renewal approved", "renewal refused"}
    # In the chain of the installation, which has no page: what people do with what is theirs, too.
    nobodys = {
        "account changed",
        "account made",
        "accounts joined",
        "address confirmed",
        "unproven address taken back",
        "account deleted",
        "collection described",
        "collection filled",
        "collection made",
        "collection ordered",
        "collection removed",
        "collection thinned",
        "credential checked",
        "credential let go",
        "credential noted",
        "credential page closed",
        "credential page opened",
        "credential received",
        "credential sent to a host",
        "host connected",
        "host disconnected",
        "installation moved",
        "letters chosen",
        "unit finished",
        "unit reopened",
        "portfolio begun",
        "portfolio filled",
        "portfolio ordered",
        "portfolio published",
        "portfolio renamed",
        "portfolio thinned",
        "portfolio withdrawn",
        "portfolio written",
        "presentation asked for",
        "presentation ended",
        "presentation made",
        "presentation received",
        "presentation request deleted",
        "presentation request withdrawn",
        "receipt key replaced",
        "recovery began",
        "recovery confirmed",
        "secret link ended",
        "secret link opened",
        "site let in",
        "site shut out",
        "visibility set",
    }
    assert nobodys <= written
    return written - nobodys


def test_every_verb_has_a_sentence() -> None:
    assert verbs_in_the_code() == set(journal.SENTENCES)
