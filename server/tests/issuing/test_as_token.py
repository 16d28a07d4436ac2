# SPDX-License-Identifier: Apache-2.0
"""A credential of a list as a token: the same words, on record before the key is used, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of

from cairn import Verifier
from cairn.canonical import parse_json
from cairn.keys import base64url_decode
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import as_token, batches, intents, services
from cairn_server.issuing.life import TokenIntent
from cairn_server.issuing.models import Credential, SecuredCredential
from cairn_server.issuing.representations import NotInThisForm, representation
from cairn_server.journal.models import Entry
from cairn_server.organisations import keys
from cairn_server.organisations.keys import SignerUnavailable, SigningRefused
from cairn_server.organisations.models import Installation, SigningKey
from cairn_server.organisations.watermark import DatabaseBehind
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Batch


@pytest.fixture
def listed(start: Callable[[int], Batch]) -> Credential:
    start(2)
    batches.run_waiting_batches(at=MONDAY)
    return Credential.objects.select_related("organisation", "status_list", "version").first()  # type: ignore[return-value]


@pytest.fixture
def back(listed: Credential, issuer: Person) -> Iterator[Callable[[], None]]:
    """A token is on record, and the signer away until this is called."""

    class Away:
        def sign(self, _order: object) -> list[bytes]:
            raise SignerUnavailable("it is away")

    here = keys.signing()
    keys.install(Away)  # type: ignore[arg-type]
    with pytest.raises(SignerUnavailable):
        as_token.sign_as_token(listed, by=issuer, at=TUESDAY)
    yield lambda: keys.install(lambda: here)
    keys.install(lambda: here)


def test_it_says_word_for_word_what_the_record_says(listed: Credential, issuer: Person) -> None:
    with pytest.raises(NotInThisForm):
        representation(listed, "jwt")

    as_token.sign_as_token(listed, by=issuer, at=TUESDAY)

    token, media_type = representation(listed, "jwt")
    record: dict[str, Any] = parse_json(representation(listed, "json")[0])
    del record["proof"]
    said = parse_json(base64url_decode(token.split(b".")[1].decode()))
    assert media_type == "application/vc+jwt"
    assert {name: said[name] for name in record} == record
    assert Verifier(sources_of(listed)).examine(token, at=TUESDAY).accepted


def test_it_is_made_once_with_one_leaf_and_one_entry(
    listed: Credential, issuer: Person, owner: Person
) -> None:
    leaves = PendingLeaf.objects.count()

    first = as_token.sign_as_token(listed, by=issuer, at=TUESDAY)
    second = as_token.sign_as_token(listed, by=issuer, at=TUESDAY)

    assert first.pk == second.pk
    assert PendingLeaf.objects.count() == leaves + 1
    assert not TokenIntent.objects.exists()
    [entry] = Entry.objects.filter(verb="credential signed as token")
    assert (entry.actor_id, entry.object_id) == (issuer.public_id, listed.public_id)


def test_a_single_award_has_its_token_already(award: Callable[..., Credential], issuer: Person) -> None:
    credential = award()

    made = as_token.sign_as_token(credential, by=issuer, at=TUESDAY)

    assert made.pk == credential.secured_in(SecuredCredential.Format.JWT).pk
    assert not Entry.objects.filter(verb="credential signed as token").exists()


def test_only_who_signs_for_the_organisation(listed: Credential, auditor: Person, outsider: Person) -> None:
    """B135 B146"""
    for person, refused in ((auditor, NotAllowed), (outsider, NotVisible)):
        with pytest.raises(refused):
            as_token.sign_as_token(listed, by=person, at=TUESDAY)
    assert not TokenIntent.objects.exists()


def test_its_holder_too_and_no_other_learner(
    listed: Credential, person: Callable[..., Person], learner: Person
) -> None:
    """B146: by a confirmed address, and by nothing else."""
    holder = person("P", email=listed.recipient_email)
    with pytest.raises(NotVisible):
        as_token.sign_own_as_token(listed, by=learner, at=TUESDAY)
    EmailAddress.objects.filter(user=holder).update(verified=False)
    with pytest.raises(NotVisible):
        as_token.sign_own_as_token(listed, by=holder, at=TUESDAY)
    EmailAddress.objects.filter(user=holder).update(verified=True)

    as_token.sign_own_as_token(listed, by=holder, at=TUESDAY)

    assert Entry.objects.get(verb="credential signed as token").actor_id == holder.public_id


def test_nothing_is_signed_of_what_is_revoked(listed: Credential, issuer: Person) -> None:
    services.revoke(listed, by=issuer, reason="Not earned.", at=TUESDAY)

    with pytest.raises(services.AlreadyRevoked):
        as_token.sign_as_token(listed, by=issuer, at=TUESDAY)


def test_f11_nothing_is_signed_in_a_restored_copy(listed: Credential, issuer: Person) -> None:
    Installation.objects.update(recovering=True)

    with pytest.raises(DatabaseBehind):
        as_token.sign_as_token(listed, by=issuer, at=TUESDAY)


def test_f22_what_is_on_record_is_finished_when_the_signer_is_back(
    listed: Credential, issuer: Person, back: Callable[[], None]
) -> None:
    with pytest.raises(services.Unfinished):
        as_token.finish_tokens(at=TUESDAY)
    assert TokenIntent.objects.count() == 1

    back()

    assert as_token.finish_tokens(at=TUESDAY) == 1
    assert listed.secured_in(SecuredCredential.Format.JWT)
    assert Entry.objects.get(verb="credential signed as token").actor_id == issuer.public_id
    assert as_token.finish_tokens(at=TUESDAY) == 0


def test_the_signer_signs_no_token_that_is_not_on_record(listed: Credential, issuer: Person) -> None:
    """G17: the order is what is on record, byte for byte, and nothing once it is done."""
    key = SigningKey.objects.get()
    signer = keys.signer_for(listed.organisation, purpose="token", intent=listed.public_id, key=key.fragment)

    with pytest.raises(SigningRefused):
        signer.sign(b"anything")
    as_token.sign_as_token(listed, by=issuer, at=TUESDAY)

    assert intents.of_token(listed.public_id) is None


def test_a_key_that_was_stolen_in_between_does_not_sign_it(
    listed: Credential, owner: Person, back: Callable[[], None]
) -> None:
    back()
    stolen = listed.organisation.signing_keys.get()
    services.declare_key_compromised(stolen, by=owner, since=MONDAY, reason="A laptop.", at=TUESDAY)

    assert as_token.finish_tokens(at=TUESDAY) == 1

    header = parse_json(base64url_decode(representation(listed, "jwt")[0].split(b".")[0].decode()))
    assert header["kid"].endswith("#key-2")
