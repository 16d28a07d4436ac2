# SPDX-License-Identifier: Apache-2.0
"""A copy of an award for one wallet: what is in it, who signs it, and what a crash leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY, signing_here
from server.tests.issuing.conftest import sources_of

from cairn import PrivateKey, Verifier
from cairn.canonical import parse_json
from cairn.did import did_jwk, did_key
from cairn.keys import Algorithm
from cairn_server.issuing import batches, copies, services
from cairn_server.issuing.intents import of_bound_copy
from cairn_server.issuing.life import RenewalRule
from cairn_server.issuing.models import BoundCopy, Credential
from cairn_server.issuing.services import Recipient
from cairn_server.issuing.signing import Format
from cairn_server.organisations import keys
from cairn_server.organisations.installation import begin_recovery
from cairn_server.organisations.keys import SigningRefused
from cairn_server.organisations.keys.refusals import SignerUnavailable
from cairn_server.organisations.watermark import DatabaseBehind
from cairn_server.tlog.models import PendingLeaf
from cairn_server.wallets.possession import Holder

Purpose = copies.PURPOSE


def wallet(algorithm: Algorithm = Algorithm.ED25519) -> Holder:
    key = PrivateKey.generate(algorithm).public_key
    return Holder(did_key(key), key)


def given(credential, holder, *, format=Format.JSON, at=MONDAY):
    return copies.copy_for(credential, holder, format=format, at=at)


def test_only_subject_and_beginning_differ_from_the_award(credential):
    holder = wallet()

    copy = parse_json(given(credential, holder, at=TUESDAY))
    award = parse_json(credential.secured_in(Format.JSON).bytes())

    assert copy.pop("proof") != award.pop("proof")
    assert holder.did == copy["credentialSubject"].pop("id")
    assert credential.subject_id == award["credentialSubject"].pop("id")
    assert (
        copy.pop("validFrom"),
        award.pop("validFrom"),
    ) == ("2026-11-24T08:55:00Z", "2026-11-23T09:00:00Z")
    assert copy == award


def test_a_start_that_lies_ahead_stays_ahead(award):
    ahead = award(valid_from=TUESDAY)

    copy = parse_json(given(ahead, wallet()))

    assert copy["validFrom"] == "2026-11-24T09:00:00Z"


def test_what_is_refreshed_elsewhere_is_not_refreshed_into_somebody_elses(award, version, issuer):
    """What lies at the address of the refresh service is about the award's own subject."""
    RenewalRule.objects.create(
        achievement=version.achievement, needs=RenewalRule.Needs.NOTHING, opens_days=30, grace_days=30,
        changed_at=MONDAY,
    )  # fmt: skip
    credential = award(valid_until=MONDAY + timedelta(days=30))
    assert "refreshService" in parse_json(credential.secured_in(Format.JSON).bytes())

    copy = given(credential, wallet())

    document = parse_json(copy)
    assert "refreshService" not in document
    assert len(document["@context"]) == 2
    assert Verifier(sources_of(credential)).examine(copy, at=MONDAY).accepted


def test_what_came_from_a_list_is_bound_too_and_as_a_token(start):
    """Lists are signed in one form alone; a wallet gets the form that it wants."""
    batch = start(2)
    batches.run_batch(batch, at=MONDAY)
    credential = Credential.objects.filter(batch=batch).select_related("organisation", "status_list").first()

    token = given(credential, wallet(), format=Format.JWT)

    assert Verifier(sources_of(credential)).examine(token, at=MONDAY).accepted


def test_it_is_on_record_before_it_is_signed(credential, data_dir):
    """A signer that is away: the intent waits, nothing is handed out, and the same request finishes it."""
    holder = wallet()
    keys.install(lambda: Away())

    with pytest.raises(SignerUnavailable):
        given(credential, holder)

    [copy] = BoundCopy.objects.all()
    assert (copy.state, copy.secured) == (BoundCopy.State.INTENT, None)
    assert of_bound_copy(copy.public_id).sha256 == copy.intent_sha256
    service = signing_here()
    keys.install(lambda: service)
    assert given(credential, holder) == BoundCopy.objects.get().secured_bytes


def test_what_was_left_is_finished_by_the_background_work(credential):
    keys.install(lambda: Away())
    with pytest.raises(SignerUnavailable):
        given(credential, wallet())
    service = signing_here()
    keys.install(lambda: service)

    assert copies.finish_copies(at=MONDAY) == 1
    assert copies.finish_copies(at=MONDAY) == 0
    assert BoundCopy.objects.get().state == BoundCopy.State.SIGNED


def test_a_signed_copy_is_on_record_no_more_for_the_signer(credential):
    """Its key signs it once: who has the reference of a copy cannot have anything signed with it."""
    given(credential, wallet())
    copy = BoundCopy.objects.get()

    assert of_bound_copy(copy.public_id) is None
    with pytest.raises(SigningRefused):
        keys.signer_for(credential.organisation, purpose=Purpose, intent=copy.public_id).sign(b"x")


def test_it_has_its_leaf(credential):
    before = PendingLeaf.objects.count()

    given(credential, wallet())

    assert before + 1 == PendingLeaf.objects.count()
    assert BoundCopy.objects.get().sha256 == PendingLeaf.objects.latest("pk").secured_sha256


def test_the_same_wallet_gets_the_same_copy_and_another_its_own(credential):
    first, second = wallet(), wallet()

    assert given(credential, first) == given(credential, first, at=TUESDAY)
    assert given(credential, first) != given(credential, second)
    assert BoundCopy.objects.count() == 2


def test_after_its_key_was_stolen_it_is_signed_again_by_another(credential, owner, organisation):
    holder = wallet()
    before = given(credential, holder)
    key = keys.active_key(organisation)
    services.declare_key_compromised(key, by=owner, since=MONDAY, reason="A laptop.", at=MONDAY)

    after = given(Credential.objects.get(pk=credential.pk), holder)

    assert before != after
    assert BoundCopy.objects.count() == 2


@dataclass
class Away:
    """A signer that does not answer."""

    asked: list = field(default_factory=list)

    def sign(self, order):
        self.asked.append(order)
        raise SignerUnavailable("it is away")


# Awards that name their holder


def test_what_was_awarded_to_a_key_is_for_that_key_as_it_was_signed(award, learner):
    holder = wallet()
    credential = award(recipient=Recipient("Lena Lindholm", learner.email, holder.did))

    assert credential.secured_in(Format.JSON).bytes() == given(credential, holder)
    assert not BoundCopy.objects.exists()


def test_also_in_the_other_spelling_of_the_key(award, learner):
    holder = wallet()
    credential = award(recipient=Recipient("Lena Lindholm", learner.email, did_jwk(holder.key)))

    assert credential.secured_in(Format.JWT).bytes() == given(credential, holder, format=Format.JWT)


@pytest.mark.parametrize("did", ["did:web:lena.example", "another key"])
def test_what_was_awarded_to_another_identifier_is_not_for_this_wallet(award, learner, did):
    did = wallet().did if did == "another key" else did
    credential = award(recipient=Recipient("Lena Lindholm", learner.email, did))

    with pytest.raises(copies.AwardedToAnother):
        given(credential, wallet())


# Nobody to sign


def test_of_an_organisation_without_a_key_the_award_itself_is_handed_out(credential):
    credential.organisation.signing_keys.update(state="retired", retired_at=MONDAY)

    assert credential.secured_in(Format.JSON).bytes() == given(credential, wallet())


def test_and_not_in_a_form_in_which_it_never_was(credential):
    credential.organisation.signing_keys.update(state="retired", retired_at=MONDAY)
    credential.secured.filter(format=Format.JWT).delete()

    with pytest.raises(copies.NoBoundCopy):
        given(credential, wallet(), format=Format.JWT)


def test_a_restored_copy_of_the_server_signs_none(credential, installation):
    """F11: until its operator has confirmed."""
    begin_recovery(reasons=["a test"], at=MONDAY)

    with pytest.raises(DatabaseBehind):
        given(credential, wallet())


@pytest.mark.parametrize(
    "wrong", [{"intent": None, "state": "intent"}, {"secured": None}, {"state": "intent"}], ids=str
)
def test_the_table_refuses_what_can_never_be(credential, wrong):
    given(credential, wallet())

    with pytest.raises(IntegrityError), transaction.atomic():
        BoundCopy.objects.update(**wrong)
