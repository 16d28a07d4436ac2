# SPDX-License-Identifier: Apache-2.0
"""Who can read an address today: a code is sent there, and somebody types it.

    ask(address)  →  proof, code          the code goes into a mail, and nowhere else
    prove(proof, code)                    right, in time, within five tries: proved
    belongs_to(proof, person)             from now on one of the addresses of this person

An address is not a person: mailboxes are given up, and given to others. So three things are asked of a proof.
It is about one act, it is an hour old at most when it is used, and what is handed out by address alone asks
for one of the last year (``fresh_addresses``). Whether anybody has an account under an address is never
said, not even by how long an answer takes: what is done is the same (B144, B146).
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.limits import Limit
from cairn_server.accounts.models import MOST_TRIES, AddressProof, Person
from cairn_server.accounts.services import clean_address, verified_addresses
from cairn_server.errors import Refusal
from cairn_server.journal import services as journal

if TYPE_CHECKING:
    from datetime import datetime

CODE_DIGITS = 6
LIVES = timedelta(minutes=15)
# For so long it may be used after it was given.
GOOD_FOR = timedelta(hours=1)
# An address that its holder has not read here for longer may have gone to somebody else.
FRESH = timedelta(days=365)
# Who signs in every hour is not written down every hour.
NOTED_FOR = timedelta(days=1)
# Of one address, whoever asks: enough for somebody whose mail is slow, too few to guess with.
CODES = Limit("address-code", burst=5, per_minute=5 / 60)


class CodeRefused(Refusal):
    """Wrong, over, used, or tried too often: nobody learns which."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "address-code", _("This code is wrong or over. Look at the newest mail, or ask for a new code.")
        )


class AddressTaken(Refusal):
    """Proved, and yet on another account. Told only to whoever has proved it."""

    def __init__(self) -> None:
        super().__init__("address-taken", _("This address is on another account here."))


class AccountClosed(Refusal):
    """The account with this address was shut by the operator."""

    status = 403

    def __init__(self) -> None:
        super().__init__("account-closed", _("The account with this address is closed."))


# The code


def ask(address: str, *, about: str, at: datetime) -> tuple[AddressProof, str]:
    """A new code, and what it will be checked by; every one before it for the same act is over."""
    address = clean_address(address)
    CODES.take(address, at=at)
    with transaction.atomic():
        waiting = AddressProof.objects.filter(address=address, about=about, proven_at__isnull=True)
        waiting.update(expires_at=at)
        proof = AddressProof(address=address, about=about, created_at=at, expires_at=at + LIVES)
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        proof.code_sha256 = _digest(proof, code)
        proof.save()
    return proof, code


def prove(proof_id: str, code: str, *, about: str, at: datetime) -> AddressProof:
    """The proof, once; ``CodeRefused`` for everything else. Each try counts, also of many at once."""
    mine = AddressProof.objects.filter(
        public_id=proof_id, about=about, proven_at__isnull=True, expires_at__gt=at, tries__lt=MOST_TRIES
    )
    if not mine.update(tries=F("tries") + 1):
        raise CodeRefused
    proof = AddressProof.objects.get(public_id=proof_id)
    typed = "".join(code.split())
    if not compare_digest(_digest(proof, typed), proof.code_sha256):
        raise CodeRefused
    if not AddressProof.objects.filter(pk=proof.pk, proven_at__isnull=True).update(
        proven_at=at, code_sha256=""
    ):
        raise CodeRefused  # somebody else was faster with the same code
    proof.refresh_from_db()
    return proof


def is_good(proof: AddressProof, address: str, *, at: datetime) -> bool:
    """Whether it says, now, that its bearer reads this address."""
    return (
        proof.address == address
        and proof.proven_at is not None
        and timedelta(0) <= at - proof.proven_at <= GOOD_FOR
    )


def _digest(proof: AddressProof, code: str) -> str:
    return salted_hmac("cairn.accounts.proof", f"{proof.public_id}:{code}", algorithm="sha256").hexdigest()


# Whose it is


def note(person: Person, address: str, *, at: datetime) -> None:
    """They have shown in another way that they read it: by a code to sign in, or to confirm it."""
    address = clean_address(address)
    known = AddressProof.objects.filter(address=address, person=person, proven_at__gt=at - NOTED_FOR)
    if not known.exists():
        AddressProof.objects.create(
            address=address, about="sign-in", created_at=at, expires_at=at, proven_at=at, person=person
        )


def fresh_addresses(person: Person, *, at: datetime) -> set[str]:
    """The confirmed addresses that this person has read here within a year (B146).

    Whoever joined within the year has proved the first one then, whatever was written down of it.
    """
    confirmed = verified_addresses(person)
    if at - person.joined_at <= FRESH:
        return confirmed
    recent = AddressProof.objects.filter(person=person, proven_at__gt=at - FRESH)
    return confirmed & set(recent.values_list("address", flat=True))


@transaction.atomic
def person_of(proof: AddressProof, *, at: datetime) -> Person:
    """Whoever has this address, or a new account for whoever has just proved it.

    Somebody else may have typed it before, to sign up or to add it, and never read it. That gives them
    nothing and costs nothing: an account without any confirmed address goes, one with another keeps that
    (the classic pre-hijack).
    """
    assert proof.proven_at is not None, "only what was proved comes here"
    known = EmailAddress.objects.select_related("user").filter(email=proof.address, verified=True).first()
    if known is not None:
        if not known.user.is_active:
            raise AccountClosed
        return _mark(proof, known.user)
    _clear_squatters(proof.address, at=at)
    person = Person.objects.create_user(proof.address)
    EmailAddress.objects.create(user=person, email=proof.address, verified=True, primary=True)
    journal.record(verb="account made", by=person, organisation_id=None, object=person, at=at)
    return _mark(proof, person)


@transaction.atomic
def add_address(proof: AddressProof, *, by: Person, at: datetime) -> None:
    """One more address of this person; ``AddressTaken`` when it is another account's, confirmed there."""
    assert proof.proven_at is not None, "only what was proved comes here"
    known = EmailAddress.objects.filter(email=proof.address, verified=True).first()
    if known is not None and known.user_id != by.pk:
        raise AddressTaken
    if known is None:
        _clear_squatters(proof.address, at=at, but=by)
        EmailAddress.objects.update_or_create(
            user=by, email=proof.address, defaults={"verified": True}, create_defaults={"verified": True}
        )
        journal.record(verb="address confirmed", by=by, organisation_id=None, object=by, at=at)
    _mark(proof, by)


def _mark(proof: AddressProof, person: Person) -> Person:
    proof.person = person
    proof.save(update_fields=["person"])
    return person


def _clear_squatters(address: str, *, at: datetime, but: Person | None = None) -> None:
    """Take the address from whoever only claimed it."""
    claims = EmailAddress.objects.filter(email=address, verified=False)
    people = Person.objects.filter(email__iexact=address)
    if but is not None:
        claims, people = claims.exclude(user=but), people.exclude(pk=but.pk)
    claims.delete()
    for squatter in people:
        own = EmailAddress.objects.filter(user=squatter, verified=True).order_by("-primary", "pk").first()
        journal.record(
            verb="unproven address taken back", by=None, organisation_id=None, object=squatter, at=at
        )
        if own is None:
            squatter.delete()
            continue
        squatter.email = own.email
        squatter.save(update_fields=["email"])
        EmailAddress.objects.filter(pk=own.pk).update(primary=True)


def forget_old(*, at: datetime) -> int:
    """Delete the codes that nobody can use any more, and proofs that prove nothing any more."""
    over = AddressProof.objects.filter(expires_at__lt=at - GOOD_FOR, person__isnull=True)
    old = AddressProof.objects.filter(proven_at__lt=at - FRESH)
    return over.delete()[0] + old.delete()[0]
