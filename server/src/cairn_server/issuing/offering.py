# SPDX-License-Identifier: Apache-2.0
"""A holder's credential goes into a wallet: offer it, let one wallet redeem the offer, hand it over.

One secret stands behind an offer, in the addresses that a wallet is sent to. From it, and from nothing that
is stored, follow the pre-authorised code, the transaction code that only the holder's own page shows, and
the challenge of an exchange; the table has digests. An offer is for one wallet, and for some minutes:

    OpenID4VCI     code + transaction code → token → nonce + key proof → credential, for that key alone
    VC-API         challenge → signed presentation → credential
    dccrequest     the same in one request, as wallets before 2026 ask

Whatever is wrong with a code, the answer is the same one (B144, B148).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cairn.errors import CairnError
from cairn.keys import base64url_decode, base64url_encode
from cairn_server.accounts.limits import Limit
from cairn_server.accounts.models import random_id
from cairn_server.errors import NotVisible, Refusal
from cairn_server.issuing import claiming, copies
from cairn_server.issuing.models import Credential
from cairn_server.issuing.offers import MOST_TRIES, CredentialOffer, UsedNonce
from cairn_server.journal import services as journal
from cairn_server.organisations import installation
from cairn_server.wallets import looks, possession

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.signing import Format
    from cairn_server.wallets.possession import Holder

# An offer, its code and a nonce (S14); then a wallet has this long to come for the credential.
LIVES = timedelta(minutes=5)
TOKEN_LIVES = timedelta(minutes=10)
# After that nobody asks how it went; what was signed stays.
KEPT_FOR = timedelta(days=7)
CODE_DIGITS = 6
# Of one person: each offer is a page to look at, and a new one ends the one before.
OFFERS = Limit("wallet-offers", burst=20, per_minute=6)
# What a wallet may say of what it got (OpenID4VCI 1.0, section 11.1).
EVENTS = ("credential_accepted", "credential_failure", "credential_deleted")


class CodeRefused(Refusal):
    """No such code, over, used, tried too often, or a wrong transaction code: nobody learns which."""

    def __init__(self) -> None:
        super().__init__("wallet-code", _("This code is wrong, used or over."), status=400)


class TransactionCodeMissing(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "wallet-transaction-code", _("This offer asks for its transaction code."), status=400
        )


class TransactionCodeUnexpected(Refusal):
    def __init__(self) -> None:
        super().__init__("wallet-no-transaction-code", _("This offer has no transaction code."), status=400)


class TokenRefused(Refusal):
    def __init__(self) -> None:
        super().__init__("wallet-token", _("This token is unknown or over."), status=401)


class NonceRefused(Refusal):
    """The proof may be good; it answers a question that is not asked (any more)."""

    def __init__(self) -> None:
        super().__init__("wallet-nonce", _("The nonce is not from here, used or over."), status=400)


class OfferOver(Refusal):
    """Used or over. Whoever never had the address is not told that either."""

    def __init__(self) -> None:
        super().__init__("offer-over", _("This offer is used or over."), status=400)


class AnotherWallet(Refusal):
    """The offer belongs to the wallet that showed its key first (S14)."""

    def __init__(self) -> None:
        super().__init__("another-wallet", _("Another wallet was here first."), status=400)


# What follows from the secret


def _derived(what: str, of: str) -> bytes:
    return salted_hmac(f"cairn.wallets.{what}", of, algorithm="sha256").digest()


def code_of(secret: str) -> str:
    """The pre-authorised code."""
    return base64url_encode(_derived("code", secret))


def transaction_code_of(secret: str) -> str:
    """What the holder reads on their own page and types into the wallet."""
    return _transaction_code(code_of(secret))


def _transaction_code(code: str) -> str:
    return f"{int.from_bytes(_derived('transaction-code', code)) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def challenge_of(secret: str) -> str:
    """What a wallet signs in an exchange: a UUID, which is what the older links have there."""
    return str(UUID(bytes=_derived("challenge", secret)[:16], version=4))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


# Offering


def offer(
    credential: Credential,
    *,
    by: Person,
    at: datetime,
    asks: CredentialOffer.Code = CredentialOffer.Code.POSSIBLE,
) -> tuple[CredentialOffer, str]:
    """Offer it to the next wallet that comes, and end what was offered of it before. With its secret."""
    OFFERS.take(by.public_id, at=at)
    with transaction.atomic():
        current = Credential.objects.signed().select_for_update(of=("self",)).get(pk=credential.pk)
        claiming.require_holder(current, by, at=at)
        copies.require_for_wallets(current, at=at)
        _open(CredentialOffer.objects.filter(credential=current), at=at).update(expires_at=at)
        secret = random_id()
        made = CredentialOffer.objects.create(
            credential=current,
            person=by,
            secret_sha256=_digest(secret),
            code_sha256=_digest(code_of(secret)),
            asks=asks,
            created_at=at,
            expires_at=at + LIVES,
        )
        _record(current, "credential offered to a wallet", by=by, at=at)
    return made, secret


def withdraw(offered: CredentialOffer, *, by: Person, at: datetime) -> None:
    """End it before its time, because somebody may have seen the code."""
    if offered.person_id != by.pk:
        raise NotVisible
    with transaction.atomic():
        changed = CredentialOffer.objects.filter(pk=offered.pk, taken_at__isnull=True).update(
            expires_at=at, token_sha256=None, token_expires_at=None
        )
        if changed:
            credential = offered.credential
            _record(credential, "wallet offer withdrawn", by=by, at=at)


def offer_behind(secret: str) -> CredentialOffer | None:
    """The offer that this secret belongs to, whatever has become of it."""
    return (
        CredentialOffer.objects.filter(secret_sha256=_digest(secret))
        .select_related("credential__organisation", "credential__version", "credential__status_list")
        .first()
    )


def open_offer(secret: str, *, at: datetime) -> CredentialOffer:
    """The one that a wallet may begin with; ``OfferOver`` for all others, known or not."""
    found = offer_behind(secret)
    if found is None or not found.is_open(at):
        raise OfferOver
    return found


def _open(offers: Any, *, at: datetime) -> Any:
    return offers.filter(redeemed_at__isnull=True, expires_at__gt=at, tries__lt=MOST_TRIES)


# OpenID4VCI: the code for a token


@dataclass(frozen=True, slots=True)
class Redeemed:
    offer: CredentialOffer
    token: str


def redeem(code: str, *, transaction_code: str | None, organisation_id: str, at: datetime) -> Redeemed:
    """A token for the code; once, and only for whoever has the transaction code as well, if there is one."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        found = (
            CredentialOffer.objects.select_for_update(of=("self",))
            .filter(code_sha256=_digest(code), credential__organisation__public_id=organisation_id)
            .first()
        )
        if found is None or not found.is_open(at):
            raise CodeRefused
        wrong = _is_wrong(found, code, transaction_code)
        if wrong:
            found.tries += 1
            found.save(update_fields=["tries"])
        else:
            found.way, found.redeemed_at = CredentialOffer.Way.OPENID4VCI, at
            found.token_sha256, found.token_expires_at = _digest(token), at + TOKEN_LIVES
            found.save(update_fields=["way", "redeemed_at", "token_sha256", "token_expires_at"])
    if wrong:
        # After the commit: a wrong try counts.
        raise CodeRefused
    return Redeemed(found, token)


def _is_wrong(offered: CredentialOffer, code: str, given: str | None) -> bool:
    if offered.asks == CredentialOffer.Code.NEVER:
        if given is not None:
            raise TransactionCodeUnexpected
        return False
    if given is None:
        raise TransactionCodeMissing
    return not compare_digest(_transaction_code(code).encode(), given.encode())


def offer_of_token(token: str, *, organisation_id: str, at: datetime) -> CredentialOffer:
    """Whose token it is, while it lives."""
    found = (
        CredentialOffer.objects.filter(
            token_sha256=_digest(token),
            token_expires_at__gt=at,
            credential__organisation__public_id=organisation_id,
        )
        .select_related("credential__organisation", "person")
        .first()
    )
    if found is None:
        raise TokenRefused
    return found


# Nonces


def nonce(*, at: datetime) -> str:
    """Something to sign: random, and with its moment under our own seal, so that it needs no row."""
    body = secrets.token_bytes(16) + int(at.timestamp()).to_bytes(5)
    return base64url_encode(body + _derived("nonce", body.hex())[:16])


@transaction.atomic
def use_nonce(text: str, *, at: datetime) -> None:
    """Take it, once: ours, not old, not seen before (B148)."""
    try:
        data = base64url_decode(text)
    except CairnError:
        raise NonceRefused from None
    body, seal = data[:21], data[21:]
    if not compare_digest(seal, _derived("nonce", body.hex())[:16]):
        raise NonceRefused
    made = int.from_bytes(body[16:])
    if not 0 <= at.timestamp() - made <= LIVES.total_seconds():
        raise NonceRefused
    try:
        with transaction.atomic():
            UsedNonce.objects.create(sha256=_digest(text), expires_at=at + 2 * LIVES)
    except IntegrityError:
        raise NonceRefused from None


# Handing over


def hand_over(offered: CredentialOffer, *, proof: str, format: Format, audience: str, at: datetime) -> bytes:
    """The credential for the wallet that has just shown its key (OpenID4VCI 1.0, section 8).

    The first key is the only one for this token: another key that is shown later gets nothing. The same key
    gets the same bytes again, for answers get lost.
    """
    holder, signed_nonce = possession.read_key_proof(proof, audience=audience, at=at)
    use_nonce(signed_nonce, at=at)
    mine = CredentialOffer.objects.filter(pk=offered.pk, holder__in=["", holder.did])
    if not mine.update(holder=holder.did):
        raise AnotherWallet
    return _hand_over(offered, holder, way=CredentialOffer.Way.OPENID4VCI, format=format, at=at)


def exchange(
    secret: str,
    presentation: Mapping[str, Any],
    *,
    format: Format,
    way: CredentialOffer.Way,
    domain: str | None,
    at: datetime,
) -> bytes:
    """The credential for the wallet that has answered the challenge (VC-API, and ``dccrequest``)."""
    found = offer_behind(secret)
    if found is None or not (found.is_open(at) or (found.way == way and found.is_at_work(at))):
        raise OfferOver
    if found.asks == CredentialOffer.Code.ALWAYS:
        raise OfferOver
    holder = possession.read_presentation(presentation, challenge=challenge_of(secret), domain=domain, at=at)
    # Of two wallets at once one gets it; after a signer that was away, the same one may come again.
    claimed = CredentialOffer.objects.filter(
        Q(redeemed_at__isnull=True, expires_at__gt=at, tries__lt=MOST_TRIES)
        | Q(way=way, holder=holder.did, taken_at__isnull=True),
        pk=found.pk,
    ).update(way=way, holder=holder.did, redeemed_at=at)
    if not claimed:
        raise OfferOver
    return _hand_over(found, holder, way=way, format=format, at=at)


def _hand_over(
    offered: CredentialOffer,
    holder: Holder,
    *,
    way: CredentialOffer.Way,
    format: Format,
    at: datetime,
) -> bytes:
    # As it stands now: between offer and wallet it may have been withdrawn.
    credential = Credential.objects.select_related("organisation", "version", "status_list").get(
        pk=offered.credential_id
    )
    secured = copies.copy_for(credential, holder, format=format, at=at)
    with transaction.atomic():
        first = CredentialOffer.objects.filter(pk=offered.pk, taken_at__isnull=True).update(taken_at=at)
        if first:
            _record(
                credential,
                "credential put into a wallet",
                by=offered.person,
                at=at,
                details={"way": str(way), "format": str(format)},
            )
            looks.note_wallet(offered.person, credential.address(installation.public_url()), at=at)
    return secured


# What the wallet says of it


def notification_id(offered: CredentialOffer) -> str:
    return base64url_encode(_derived("notification", offered.secret_sha256)[:16])


def note(offered: CredentialOffer, *, id: str, event: str) -> None:
    """Keep what the wallet has made of it, for its holder's page."""
    if not compare_digest(id.encode(), notification_id(offered).encode()):
        raise UnknownNotification
    CredentialOffer.objects.filter(pk=offered.pk).update(told=event)


class UnknownNotification(Refusal):
    def __init__(self) -> None:
        super().__init__("wallet-notification", _("There was no credential of this id."), status=400)


def forget_offers(*, at: datetime) -> int:
    """Delete what is over for good: offers of last week, and nonces that are too old to be used again."""
    UsedNonce.objects.filter(expires_at__lt=at).delete()
    return CredentialOffer.objects.filter(expires_at__lt=at - KEPT_FOR).delete()[0]


def _record(
    credential: Credential,
    verb: str,
    *,
    by: Person,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=credential.organisation.public_id,
        object=credential,
        details=details,
        at=at,
    )
