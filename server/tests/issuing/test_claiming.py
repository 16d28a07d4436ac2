# SPDX-License-Identifier: Apache-2.0
"""Accepting and declining; what a recycled address, an old link and a stranger get."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn_server.accounts import proving
from cairn_server.accounts import services as accounts
from cairn_server.accounts.limits import TooMany
from cairn_server.accounts.models import Person
from cairn_server.errors import NotVisible
from cairn_server.issuing import claiming, delivery, reminders, renewal, replacing, services
from cairn_server.issuing.answers import Answer, ClaimLink
from cairn_server.issuing.models import Delivery
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import Recipient
from cairn_server.journal.models import Entry
from cairn_server.wallets.models import HeldCredential
from cairn_server.webhooks.events import BY_VERB

LATER = MONDAY + claiming.LIVES


def link_in(message):
    [secret] = re.findall(rf"{PUBLIC_URL}/claim/([\w-]{{22}})$", message.body, re.MULTILINE)
    return claiming.link_behind(secret)


def proof_of(address, credential, *, at=MONDAY):
    about = f"claim:{credential.public_id}"
    proof, code = proving.ask(address, about=about, at=at)
    return proving.prove(proof.public_id, code, about=about, at=at)


def give_up(address, *, to):
    """The mailbox changes hands, and so does the address here."""
    EmailAddress.objects.filter(email=address).delete()
    EmailAddress.objects.create(user=to, email=address, verified=True)


# Accepting


def test_what_is_accepted_is_in_the_wallet_and_the_issuer_can_see_it(learner, credential, organisation):
    held = claiming.accept(credential, by=learner, at=TUESDAY)

    assert bytes(held.secured) == representation(credential, "json")[0]
    assert (held.person, held.source) == (learner, "here")
    claim = claiming.claim_of(credential)
    assert claim.state(TUESDAY) == "accepted"
    entry = Entry.objects.of(organisation.public_id).get(verb="credential accepted")
    assert (entry.actor_id, entry.object_id) == (learner.public_id, credential.public_id)
    assert BY_VERB["credential accepted"].type == "credential.accepted"


def test_to_accept_twice_is_the_same_as_once(learner, credential):
    claiming.accept(credential, by=learner, at=MONDAY)
    claiming.accept(credential, by=learner, at=TUESDAY)

    assert HeldCredential.objects.count() == 1
    assert Answer.objects.get().at == MONDAY


def test_b135_an_outsider_accepts_and_declines_nothing(outsider, credential):
    with pytest.raises(NotVisible):
        claiming.accept(credential, by=outsider, at=MONDAY)
    with pytest.raises(NotVisible):
        claiming.decline(credential, by=outsider, at=MONDAY)

    assert not Answer.objects.exists()


def test_b146_an_unverified_address_accepts_nothing(credential, outsider):
    EmailAddress.objects.filter(email=credential.recipient_email).delete()
    EmailAddress.objects.create(user=outsider, email=credential.recipient_email, verified=False)

    with pytest.raises(NotVisible):
        claiming.accept(credential, by=outsider, at=MONDAY)


def test_b146_an_address_that_was_not_proved_for_long_accepts_nothing(learner, credential):
    """The mailbox may have another reader by now; a code says so, and an old confirmation does not."""
    Person.objects.filter(pk=learner.pk).update(joined_at=MONDAY - timedelta(days=800))
    learner.refresh_from_db()

    assert claiming.accept_waiting(learner, at=MONDAY) == 0
    with pytest.raises(NotVisible):
        claiming.accept(credential, by=learner, at=MONDAY)

    proving.add_address(proof_of(learner.email, credential), by=learner, at=MONDAY)
    assert claiming.accept_waiting(learner, at=MONDAY) == 1


def test_b145_one_use_wins(learner, outsider, credential):
    claiming.accept(credential, by=learner, at=MONDAY)
    give_up(credential.recipient_email, to=outsider)

    with pytest.raises(claiming.AlreadyAnswered):
        claiming.accept(credential, by=outsider, at=TUESDAY)
    with pytest.raises(claiming.AlreadyAnswered):
        claiming.decline(credential, by=outsider, at=TUESDAY)
    assert set(HeldCredential.objects.values_list("person", flat=True)) == {learner.pk}


def test_after_half_a_year_it_waits_for_nobody_until_it_is_sent_again(issuer, learner, credential):
    assert claiming.waiting_for(learner, at=LATER - timedelta(seconds=1)).exists()
    assert not claiming.waiting_for(learner, at=LATER).exists()
    with pytest.raises(claiming.ClaimOver):
        claiming.accept(credential, by=learner, at=LATER)

    services.send_again(credential, by=issuer, at=LATER)
    delivery.deliver_due(at=LATER)

    assert claiming.accept(credential, by=learner, at=LATER)


def test_all_that_waits_is_accepted_at_once(award, learner):
    award()
    award(request_key="two")
    award(recipient=Recipient("Somebody", "somebody@people.example"))

    assert claiming.accept_waiting(learner, at=MONDAY) == 2
    assert claiming.accept_waiting(learner, at=MONDAY) == 0
    assert HeldCredential.objects.filter(person=learner).count() == 2


# Recycled addresses


def test_b146_the_next_holder_of_an_address_gets_nothing_of_the_one_before(award, learner, outsider):
    """Neither what was accepted, nor what was declined; what is new is theirs."""
    taken, refused = award(request_key="taken"), award(request_key="refused")
    claiming.accept(taken, by=learner, at=MONDAY)
    claiming.decline(refused, by=learner, at=MONDAY)
    give_up(learner.email, to=outsider)
    new = award(request_key="new", at=TUESDAY)

    assert claiming.accept_waiting(outsider, at=TUESDAY) == 1
    assert set(claiming.theirs(outsider, at=TUESDAY)) == {new}
    assert set(claiming.known_of(outsider)) == {new}
    with pytest.raises(NotVisible):
        claiming.require_holder(taken, outsider, at=TUESDAY)
    assert [each["id"] for each in services.export_data(outsider)["awards"]] == [new.public_id]


def test_b146_what_was_accepted_stays_when_the_address_is_given_up(learner, outsider, credential):
    claiming.accept(credential, by=learner, at=MONDAY)
    give_up(learner.email, to=outsider)

    assert HeldCredential.objects.get().person == learner
    claiming.require_holder(credential, learner, at=TUESDAY)
    assert list(claiming.known_of(learner)) == [credential]


def test_b146_what_somebody_had_who_is_gone_is_offered_to_nobody(learner, outsider, credential):
    address = learner.email
    claiming.accept(credential, by=learner, at=MONDAY)
    accounts.delete_account(by=learner, at=MONDAY)
    EmailAddress.objects.create(user=outsider, email=address, verified=True)

    assert not claiming.waiting_for(outsider, at=TUESDAY).exists()
    with pytest.raises(claiming.AlreadyAnswered):
        claiming.accept(credential, by=outsider, at=TUESDAY)


# Declining


def test_what_is_declined_is_in_no_wallet_and_says_why(learner, credential, organisation):
    claiming.decline(credential, by=learner, reason="  I never took\n that course. ", at=MONDAY)

    assert not HeldCredential.objects.exists()
    assert claiming.is_declined(credential.public_id)
    assert claiming.claim_of(credential).answer.reason == "I never took that course."
    entry = Entry.objects.of(organisation.public_id).get(verb="credential declined")
    assert entry.details == {}  # no word of a person in what cannot be erased
    assert BY_VERB["credential declined"].type == "credential.declined"


def test_whoever_has_no_account_declines_with_a_code(credential, learner):
    EmailAddress.objects.all().delete()

    claiming.decline(credential, by=None, proof=proof_of(credential.recipient_email, credential), at=MONDAY)

    assert Answer.objects.get().person is None


def test_b146_the_proof_of_another_address_declines_nothing(credential):
    with pytest.raises(NotVisible):
        claiming.decline(credential, by=None, proof=proof_of("other@people.example", credential), at=MONDAY)
    with pytest.raises(NotVisible):
        claiming.decline(credential, by=None, at=MONDAY)


def test_an_old_proof_declines_nothing(credential):
    proof = proof_of(credential.recipient_email, credential)

    with pytest.raises(NotVisible):
        claiming.decline(credential, by=None, proof=proof, at=TUESDAY)


def test_a_declined_one_can_still_be_accepted(learner, credential):
    claiming.decline(credential, by=learner, reason="Too soon.", at=MONDAY)

    claiming.accept(credential, by=learner, at=TUESDAY)

    answer = Answer.objects.get()
    assert (answer.said, answer.reason, answer.at) == ("accepted", "", TUESDAY)
    assert not claiming.is_declined(credential.public_id)


def test_a_declined_one_cannot_be_accepted_when_the_link_is_over(learner, credential):
    claiming.decline(credential, by=learner, at=MONDAY)

    with pytest.raises(claiming.ClaimOver):
        claiming.accept(credential, by=learner, at=LATER)


@pytest.mark.parametrize("reason", ["x" * 501, "a\u202eb", "a\x00b"])
def test_a_reason_is_a_short_text(learner, credential, reason):
    with pytest.raises(claiming.BadReason):
        claiming.decline(credential, by=learner, reason=reason, at=MONDAY)


def test_the_database_knows_that_a_yes_has_no_reason(learner, credential):
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(credential=credential, said="accepted", reason="x", at=MONDAY)


# What follows


def test_a_renewal_goes_where_its_first_copy_went(issuer, award, learner):
    credential = award(valid_until=MONDAY + timedelta(days=60))
    claiming.accept(credential, by=learner, at=MONDAY)
    give_up(learner.email, to=Person.objects.create_user("next@people.example"))
    renewal.set_rule(credential.version.achievement, by=issuer, needs="nothing", at=MONDAY)

    renewal.renew_for_holder(credential, by=issuer, at=TUESDAY)
    delivery.deliver_due(at=TUESDAY)

    assert set(HeldCredential.objects.values_list("person", flat=True)) == {learner.pk}
    assert HeldCredential.objects.current().get().ends_at > MONDAY + timedelta(days=60)


def test_a_mended_one_takes_the_place_of_an_accepted_one(issuer, learner, credential):
    claiming.accept(credential, by=learner, at=MONDAY)

    mended = replacing.replace(
        credential, by=issuer, name="Lena Lindholm-Berg", reason="Her name.", at=TUESDAY
    )
    delivery.deliver_due(at=TUESDAY)

    assert claiming.answer_to(mended).said == "accepted"
    assert HeldCredential.objects.filter(person=learner).count() == 2
    assert f"/c/{mended.public_id}" in mail.outbox[-1].body


def test_b146_one_that_went_to_the_wrong_address_is_asked_about_at_the_right_one(issuer, learner, credential):
    claiming.accept(credential, by=learner, at=MONDAY)

    mended = replacing.replace(
        credential, by=issuer, email="right@people.example", reason="Her address.", at=TUESDAY
    )
    delivery.deliver_due(at=TUESDAY)

    assert claiming.answer_to(mended) is None
    assert HeldCredential.objects.filter(person=learner).count() == 1
    [letter] = [each for each in mail.outbox if each.to == ["right@people.example"]]
    assert link_in(letter).credential == mended


# Letters


def test_each_letter_has_a_link_of_its_own_and_only_its_digest_is_kept(issuer, credential):
    delivery.deliver_due(at=MONDAY)
    services.send_again(credential, by=issuer, at=TUESDAY)
    delivery.deliver_due(at=TUESDAY)

    first, second = map(link_in, mail.outbox)
    assert first != second
    assert first.expires_at == MONDAY + claiming.LIVES
    secret = re.search(r"/claim/([\w-]{22})", mail.outbox[0].body)[1]
    assert secret not in str(list(ClaimLink.objects.values_list()))
    assert "May 2027" in mail.outbox[0].body


def test_what_was_accepted_is_sent_again_as_the_page_it_has(issuer, learner, credential):
    claiming.accept(credential, by=learner, at=MONDAY)
    services.send_again(credential, by=issuer, at=TUESDAY)
    delivery.deliver_due(at=TUESDAY)

    assert "/claim/" not in mail.outbox[-1].body
    assert f"/c/{credential.public_id}" in mail.outbox[-1].body


def test_who_has_not_answered_is_asked_twice_more_and_then_left_alone(credential):
    delivery.deliver_due(at=MONDAY)
    for days in range(0, 400, 3):
        at = MONDAY + timedelta(days=days)
        reminders.remind_of_awards(at=at)
        delivery.deliver_due(at=at)

    kinds = list(Delivery.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["awarded", "unclaimed", "expiring"]
    ends = {link.expires_at for link in ClaimLink.objects.all()}
    assert ends == {MONDAY + claiming.LIVES}  # a reminder prolongs nothing
    for message in mail.outbox[1:]:
        assert message.extra_headers["List-Unsubscribe"].endswith("/stop>")


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_who_has_answered_is_not_reminded(learner, credential, answer):
    delivery.deliver_due(at=MONDAY)
    getattr(claiming, answer)(credential, by=learner, at=TUESDAY)

    assert reminders.remind_of_awards(at=MONDAY + timedelta(days=30)) == 0


def test_a_reminder_that_the_answer_overtakes_is_not_sent(learner, credential):
    delivery.deliver_due(at=MONDAY)
    soon = MONDAY + timedelta(days=8)
    assert reminders.remind_of_awards(at=soon) == 1
    claiming.accept(credential, by=learner, at=soon)

    assert delivery.deliver_due(at=soon) == 0
    assert Delivery.objects.get(kind="unclaimed").problem == "not sent: answered"


def test_nobody_is_reminded_of_what_was_withdrawn(issuer, credential):
    delivery.deliver_due(at=MONDAY)
    services.revoke(credential, by=issuer, reason="x", at=TUESDAY)

    assert reminders.remind_of_awards(at=MONDAY + timedelta(days=30)) == 0


def test_the_reader_of_an_old_letter_gets_a_new_one_at_the_same_address(credential):
    delivery.deliver_due(at=MONDAY)
    link = link_in(mail.outbox[0])

    services.send_link_again(link, at=LATER)
    delivery.deliver_due(at=LATER)

    assert mail.outbox[-1].to == [credential.recipient_email]
    assert link_in(mail.outbox[-1]).expires_at > LATER


def test_b149_letters_that_a_reader_asks_for_are_few(credential):
    delivery.deliver_due(at=MONDAY)
    link = link_in(mail.outbox[0])
    for _ in range(2):
        services.send_link_again(link, at=LATER)

    with pytest.raises(TooMany):
        services.send_link_again(link, at=LATER)


def test_nobody_is_written_to_about_what_was_answered(learner, credential):
    delivery.deliver_due(at=MONDAY)
    link = link_in(mail.outbox[0])
    claiming.accept(credential, by=learner, at=MONDAY)

    with pytest.raises(NotVisible):
        services.send_link_again(link, at=TUESDAY)


def test_a_made_up_secret_opens_nothing(credential):
    delivery.deliver_due(at=MONDAY)

    assert claiming.link_behind("A" * 22) is None
