# SPDX-License-Identifier: Apache-2.0
"""Messages in an organisation's own words (B127, B128)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core import mail
from server.tests.conftest import MONDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import delivery, wording
from cairn_server.issuing.models import Delivery
from cairn_server.issuing.services import Recipient
from cairn_server.issuing.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation


def word(
    organisation: Organisation,
    by: Person,
    *,
    subject: str = "",
    paragraph: str = "",
    language: str = "",
    kind: str = "awarded",
) -> Wording | None:
    return wording.set_wording(
        organisation,
        by=by,
        kind=kind,
        language=language,
        subject=subject,
        paragraph=paragraph,
        at=MONDAY,
    )


def test_own_words_stand_among_ours(
    organisation: Organisation, owner: Person, credential: Credential
) -> None:
    word(organisation, owner, subject="Well done, {name}!", paragraph="See you at\nthe {achievement} party.")

    delivery.deliver_due(at=MONDAY)

    [message] = mail.outbox
    assert message.subject == "Well done, Lena Lindholm!"
    first, own = "has awarded you", "See you at\nthe First firing party."
    assert (
        message.body.index(first) < message.body.index(own) < message.body.index("Your credential is signed")
    )
    assert "See you at<br>the First firing party." in message.alternatives[0].content
    assert "https://cairn.example/claim/" in message.body


def test_b127_what_stands_in_a_name_is_never_a_template(
    organisation: Organisation, owner: Person, award: Callable[..., Credential]
) -> None:
    word(organisation, owner, subject="{name}", paragraph="<b>{name}</b> {{ 7|add:7 }} %(x)s")
    award(recipient=Recipient("{achievement} {organisation.did} <i>", "lena@people.example"))

    delivery.deliver_due(at=MONDAY)

    [message] = mail.outbox
    assert message.subject == "{achievement} {organisation.did} <i>"
    assert "<b>{achievement} {organisation.did} <i></b> {{ 7|add:7 }} %(x)s" in message.body
    assert "<b>{" not in message.alternatives[0].content
    assert "<i>" not in message.alternatives[0].content


@pytest.mark.parametrize(
    ("subject", "paragraph"),
    [
        ("{password}", ""),
        ("", "{name.__class__}"),
        ("", "{0}"),
        ("", "{}"),
        ("", "{name!r}"),
        ("x" * 151, ""),
        ("", "x" * 2001),
        ("a\x00b", ""),
        ("", "a\x1bb"),
        ("\u202eevil", ""),
    ],
)
def test_only_the_named_fields_and_plain_text(
    organisation: Organisation, owner: Person, subject: str, paragraph: str
) -> None:
    with pytest.raises(wording.BadWording):
        word(organisation, owner, subject=subject, paragraph=paragraph)


def test_b128_a_subject_is_one_line(organisation: Organisation, owner: Person) -> None:
    kept = word(organisation, owner, subject="Hello\r\nBcc: everybody@people.example")

    assert kept is not None
    assert kept.subject == "Hello Bcc: everybody@people.example"


@pytest.mark.parametrize(
    ("reader", "said"), [("de", "Deutsch"), ("de-AT", "Deutsch"), ("fr", "any"), ("", "any")]
)
def test_the_nearest_language_is_taken(
    organisation: Organisation, owner: Person, reader: str, said: str
) -> None:
    word(organisation, owner, subject="any")
    word(organisation, owner, subject="Deutsch", language="de")

    found = wording.find(organisation, "awarded", reader)

    assert found is not None
    assert found.subject == said


def test_a_sentence_about_what_there_is_not_is_left_out(
    organisation: Organisation, owner: Person, credential: Credential
) -> None:
    word(organisation, owner, subject="Until {end}", paragraph="It counts until {end}.")

    delivery.deliver_due(at=MONDAY)

    [message] = mail.outbox
    assert message.subject == "Lakeside College has awarded you “First firing”"
    assert "counts until" not in message.body


def test_messages_about_a_withdrawal_have_our_words(organisation: Organisation, owner: Person) -> None:
    with pytest.raises(wording.BadWording):
        word(organisation, owner, kind="revoked", subject="Congratulations!")
    assert wording.find(organisation, Delivery.Kind.REVOKED, "en") is None


def test_no_words_give_the_word_back(organisation: Organisation, owner: Person) -> None:
    word(organisation, owner, subject="Hello")

    assert word(organisation, owner) is None
    assert not Wording.objects.exists()


def test_nobody_but_an_owner(organisation: Organisation, issuer: Person, outsider: Person) -> None:
    """B135"""
    with pytest.raises(NotAllowed):
        word(organisation, issuer, subject="Hello")
    with pytest.raises(NotVisible):
        word(organisation, outsider, subject="Hello")


def test_a_preview_shows_it_and_keeps_nothing(
    organisation: Organisation, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    client, address = signed_in(owner), f"/organisations/{organisation.public_id}/letters/awarded"
    words = {"language": "", "subject": "Well done, {name}!", "paragraph": "<b>Hi</b>"}

    shown = client.post(address, {**words, "do": "preview"}).content.decode()
    assert "Well done, Ada Example!" in shown
    assert "&lt;b&gt;Hi&lt;/b&gt;" in shown
    assert not Wording.objects.exists()

    assert client.post(address, {**words, "subject": "{nothing}"}).status_code == 422
    assert client.post(address, words).status_code == 302
    assert Wording.objects.get().subject == "Well done, {name}!"
    assert client.get(f"/organisations/{organisation.public_id}/letters/revoked").status_code == 404
