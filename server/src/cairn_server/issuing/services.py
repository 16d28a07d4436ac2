# SPDX-License-Identifier: Apache-2.0
"""The verbs of issuing: award, declare a key compromised, send again; withdraw and give back are in standing.

Awarding is two short transactions with the signer between them (docs/explanation/what-is-signed.md, "The
order of events"). The first puts on record what will be signed: the number, the document, the key. In the
second the bytes, the pending leaves, the message that is owed and the journal entry are all there, or nothing
is, and our own verifier has accepted the bytes before it commits. Whatever happens between them, the record
is finished later (``finish_awards``), and once. What follows the first commit is in finishing.py.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cairn_server.accounts.services import clean_address
from cairn_server.achievements.models import AchievementVersion
from cairn_server.achievements.services import Archived, InvalidField, is_web_address
from cairn_server.errors import Refusal
from cairn_server.issuing import claiming, finishing, status_lists
from cairn_server.issuing.delivery import owed
from cairn_server.issuing.finishing import (  # noqa: F401 - verbs of issuing, whose chapter is another
    Unfinished,
    finish_awards,
)
from cairn_server.issuing.lists.rows import LONGEST
from cairn_server.issuing.models import (
    Credential,
    Delivery,
)
from cairn_server.issuing.signing import Issuer
from cairn_server.issuing.standing import (  # noqa: F401 - verbs of issuing, whose chapter is another
    AlreadyRevoked,
    AlreadySuspended,
    NotSuspended,
    reinstate,
    revoke,
    suspend,
)
from cairn_server.journal import services as journal
from cairn_server.organisations import key_changes
from cairn_server.organisations.installation import require_awarding_allowed
from cairn_server.organisations.models import KeyChange, Organisation, OrganisationClosed
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import require_signer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.answers import ClaimLink
    from cairn_server.issuing.prepared import Prepared
    from cairn_server.organisations.models import SigningKey

# Clocks differ; a start this much before now is now, any earlier is back-dating (B156).
SKEW = timedelta(minutes=5)
LONGEST_AHEAD = timedelta(days=366)


class NotPublished(Refusal):
    def __init__(self) -> None:
        super().__init__("not-published", _("This version is still a draft. Publish it first."))


class RequestKeyReused(Refusal):
    """The same key with another award in it would look like success and award nobody."""

    def __init__(self) -> None:
        super().__init__("idempotency-key-reused", _("This key was used for another award."), status=422)


# Awarding


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str
    email: str
    did: str = ""  # the holder's own identifier, where it is known


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asks for, read and found good."""

    version: AchievementVersion
    recipient: Recipient
    request_key: str
    awarded_at: datetime
    valid_from: datetime
    valid_until: datetime | None
    texts: dict[str, str] = field(default_factory=dict)
    # In whose place it stands, and of a renewal the first copy, whose address and subject it keeps.
    replaces: Credential | None = None
    first: Credential | None = None
    letter: Delivery.Kind = Delivery.Kind.AWARDED


class Said(TypedDict, total=False):
    """What else may be said of an award."""

    awarded_on: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None
    evidence_url: str
    evidence_name: str
    evidence_description: str
    narrative: str
    grade: str


def award(
    *,
    by: Person,
    version: AchievementVersion,
    recipient: Recipient,
    request_key: str,
    at: datetime,
    **said: Unpack[Said],
) -> Credential:
    """Award a published version to one person. The same ``request_key`` again is the same award.

    ``awarded_on`` may lie in the past: it says when it was earned. ``valid_from`` may not: a signature made
    today says nothing about yesterday (B156).
    """
    which = {"pk": version.pk}
    return _award(which, by=by, recipient=recipient, request_key=request_key, at=at, said=said).credential


@dataclass(frozen=True, slots=True)
class Awarded:
    """An award; and if this very call has made it, the installation's address that it was made under."""

    credential: Credential
    public_url: str | None


def award_or_find(
    *,
    by: Person,
    organisation: Organisation,
    version_id: str,
    recipient: Recipient,
    request_key: str,
    at: datetime,
    **said: Unpack[Said],
) -> Awarded:
    """``award``, for whoever knows the version by its public id alone (``AchievementVersion.DoesNotExist`` if
    the organisation has no such version), and wants to know whether it had been awarded before."""
    which = {"public_id": version_id, "achievement__organisation": organisation}
    return _award(which, by=by, recipient=recipient, request_key=request_key, at=at, said=said)


def _award(
    which: Mapping[str, object],
    *,
    by: Person,
    recipient: Recipient,
    request_key: str,
    at: datetime,
    said: Said,
) -> Awarded:
    # Durable, because the signer signs nothing that is not committed.
    with transaction.atomic(durable=True):
        version = _locked(**which)
        require_signer(by, version.organisation)
        wanted = read_award(
            version=version,
            recipient=recipient,
            request_key=request_key,
            at=at,
            awarded_on=said.get("awarded_on"),
            valid_from=said.get("valid_from"),
            valid_until=said.get("valid_until"),
            texts={
                "evidence_url": said.get("evidence_url", ""),
                "evidence_name": said.get("evidence_name", ""),
                "evidence_description": said.get("evidence_description", ""),
                "narrative": said.get("narrative", ""),
                "grade": said.get("grade", ""),
            },
        )
        begun = _intend(wanted, version, by=by, at=at)
    return Awarded(begun.finished(at=at), begun.new[1].public_url if begun.new else None)


def award_ready(wanted: Wanted, *, by: Person | None, at: datetime) -> Credential:
    """Award what was read and found good; whoever calls has asked for the right to it.

    That is a role, or the rule of a renewal, which a role has made.
    """
    with transaction.atomic(durable=True):
        begun = _intend(wanted, _locked(pk=wanted.version.pk), by=by, at=at)
    return begun.finished(at=at)


def _locked(**which: object) -> AchievementVersion:
    """The version as it is now, with its achievement and its organisation, and that one locked as by
    ``status_lists.lock``."""
    return (
        AchievementVersion.objects.select_for_update(of=("achievement__organisation",))
        .select_related("achievement__organisation")
        # Of the picture, its design and the logo nothing is signed, and they are large.
        .defer("design", "picture", "achievement__organisation__logo_png")
        .get(**which)
    )


@dataclass(frozen=True, slots=True)
class _Begun:
    """An award on record; and of one that this very call has put there, how it was prepared."""

    credential: Credential
    new: tuple[Prepared, Issuer] | None = None

    def finished(self, *, at: datetime) -> Credential:
        if self.new is not None:
            prepared, issuer = self.new
            return finishing.finish(self.credential, prepared, issuer=issuer, at=at)
        if self.credential.state == Credential.State.SIGNED:
            return self.credential
        return finishing.finish_award(self.credential, at=at)


def _intend(wanted: Wanted, version: AchievementVersion, *, by: Person | None, at: datetime) -> _Begun:
    """Put the award on record with everything but its signatures, or find it there; in a transaction that
    has the organisation locked."""
    before = awarded_before(wanted)
    if before is not None:
        return _Begun(before)
    organisation = version.organisation
    server = require_awarding_allowed()
    if organisation.closed_at is not None:
        raise OrganisationClosed
    if wanted.replaces is None or wanted.first is not None:
        # A mistake is mended also in what is awarded no more.
        _require_offered(version)
    issuer = Issuer.open(organisation, at=at, public_url=server.public_url if server else "")
    status_list, index = status_lists.allocate(issuer, at=at)
    credential = Credential(
        organisation=organisation,
        version=version,
        request_key=wanted.request_key,
        recipient_name=wanted.recipient.name,
        recipient_email=wanted.recipient.email,
        # A fresh identifier for each award, so that two awards of one person cannot be linked by it; the
        # copies of one award are about one subject.
        subject_id=wanted.first.subject_id if wanted.first else wanted.recipient.did or uuid.uuid4().urn,
        replaces=wanted.replaces,
        first=wanted.first,
        awarded_at=wanted.awarded_at,
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
        issued_by=by,
        status_list=status_list,
        status_index=index,
        **wanted.texts,
    )
    prepared = finishing.prepare(credential, issuer=issuer, letter=wanted.letter, at=at)
    credential.save(force_insert=True)
    status_lists.claim_index(status_list, index, holder=credential.public_id, at=at)
    return _Begun(credential, (prepared, issuer))


def read_award(
    *,
    version: AchievementVersion,
    recipient: Recipient,
    request_key: str,
    at: datetime,
    awarded_on: datetime | None,
    valid_from: datetime | None,
    valid_until: datetime | None,
    texts: dict[str, str],
) -> Wanted:
    name, email = recipient.name.strip(), recipient.email
    if not name or len(name) > 200 or has_hidden_characters(name) or not any(map(str.isalnum, name)):
        raise InvalidField("name", _("Write the name of the person, without invisible characters."))
    try:
        email = clean_address(email)
    except ValidationError as error:
        raise InvalidField("email", error.messages[0]) from error
    if recipient.did and not _is_did(recipient.did):
        raise InvalidField("did", _("This is not a DID."))
    if not 1 <= len(request_key) <= 100:
        raise InvalidField("request_key", _("A request key has 1 to 100 characters."))
    texts = {key: value.strip().replace("\r\n", "\n").replace("\r", "\n") for key, value in texts.items()}
    for key, text in texts.items():
        if len(text) > LONGEST[key]:
            raise InvalidField(key, _("Write at most {longest} characters.").format(longest=LONGEST[key]))
        if has_hidden_characters(text.replace("\n", "").replace("\t", "")):
            raise InvalidField(key, _("Leave out invisible and control characters."))
    if texts["evidence_url"] and not is_web_address(texts["evidence_url"]):
        raise InvalidField("evidence_url", _("Write a full web address."))

    now = at.replace(microsecond=0)  # what is signed has whole seconds (N23)
    starts = valid_from.replace(microsecond=0) if valid_from else now
    if starts < now - SKEW:
        raise InvalidField("valid_from", _("A credential cannot be valid from before it is awarded."))
    if starts > now + LONGEST_AHEAD:
        raise InvalidField("valid_from", _("The start may be one year ahead at most."))
    ends = valid_until.replace(microsecond=0) if valid_until else None
    if ends is None and version.validity_days is not None:
        ends = starts + timedelta(days=version.validity_days)
    if ends is not None and ends <= max(starts, now):
        raise InvalidField("valid_until", _("The end lies before the start, or is over already."))
    awarded = awarded_on.replace(microsecond=0) if awarded_on else now
    if awarded > now + SKEW:
        raise InvalidField("awarded_on", _("The day of the award lies in the future."))
    return Wanted(
        version=version,
        recipient=Recipient(name, email, recipient.did),
        request_key=request_key,
        awarded_at=awarded,
        valid_from=starts,
        valid_until=ends,
        texts=texts,
    )


def _is_did(text: str) -> bool:
    method, _separator, rest = text.removeprefix("did:").partition(":")
    return (
        text.startswith("did:")
        and len(text) <= 400
        and method.isalnum()
        and method.islower()
        and bool(rest)
        and text.isascii()
        and text.isprintable()
        and not set(text) & set(' #?/\\"<>')
    )


def fresh(organisation: Organisation) -> Organisation:
    """As it is now: whether it asks for a second factor is not decided by an object read earlier."""
    return Organisation.objects.get(pk=organisation.pk)


def awarded_before(wanted: Wanted) -> Credential | None:
    known = Credential.objects.filter(
        organisation=wanted.version.organisation, request_key=wanted.request_key
    )
    # Hardly ever is there one, and a row of many columns is dear to ask for.
    if not known.exists():
        return None
    found = known.get()
    same = (found.version_id, found.recipient_name, found.recipient_email) == (
        wanted.version.pk,
        wanted.recipient.name,
        wanted.recipient.email,
    )
    if not same:
        raise RequestKeyReused
    return found


def require_awardable(version: AchievementVersion) -> None:
    require_awarding_allowed(version.organisation)
    _require_offered(AchievementVersion.objects.select_related("achievement").get(pk=version.pk))


def _require_offered(current: AchievementVersion) -> None:
    if not current.is_published:
        raise NotPublished
    if current.achievement.archived_at is not None:
        raise Archived


# Keys


def declare_key_compromised(
    key: SigningKey, *, by: Person, since: datetime, reason: str, at: datetime
) -> tuple[KeyChange, list[str]]:
    """Stop a key that somebody else may have. What is answered beside the change is as of the one below."""
    change = key_changes.declare_compromised(
        key.organisation, by=by, key=key, since=since, reason=reason, at=at
    )
    return change, _after(change, at=at)


def confirm_key_change(change: KeyChange, *, by: Person, at: datetime) -> tuple[KeyChange, list[str]]:
    """Agree to a change of keys; and sign anew what a compromised key said of others: the lists.

    Without that no credential of any other key could be checked until the background work came by. What is
    answered names the lists that cannot be signed now (a restored copy, no room for another key): the change
    stands all the same, for a stolen key is worse than a silent list.
    """
    change = key_changes.confirm(change, by=by, at=at)
    return change, _after(change, at=at)


def _after(change: KeyChange, *, at: datetime) -> list[str]:
    if change.kind != KeyChange.Kind.COMPROMISE or change.state != KeyChange.State.CONFIRMED:
        return []
    return status_lists.sign_anew(change.organisation, at=at)


# Telling


def owe(credential: Credential, kind: Delivery.Kind, *, at: datetime) -> Delivery:
    delivery = owed(credential, kind, at=at)
    delivery.save(force_insert=True)
    return delivery


@transaction.atomic
def send_again(credential: Credential, *, by: Person, at: datetime) -> Delivery:
    """Send the message that brought the award once more, to the address it was awarded to."""
    require_signer(by, fresh(credential.organisation))
    if credential.standing == Credential.Standing.REVOKED:
        raise AlreadyRevoked
    delivery = owe(credential, Delivery.Kind.AGAIN, at=at)
    journal.record(
        verb="credential sent again",
        by=by,
        organisation_id=credential.organisation.public_id,
        object=credential,
        at=at,
    )
    return delivery


@transaction.atomic
def send_link_again(link: ClaimLink, *, at: datetime) -> Delivery:
    """Whoever reads an old letter wants a new one: it goes where that one went, and nowhere else."""
    claiming.take_letter(link, at=at)
    delivery = owe(link.credential, Delivery.Kind.AGAIN, at=at)
    journal.record(
        verb="credential sent again",
        by=None,
        organisation_id=link.credential.organisation.public_id,
        object=link.credential,
        at=at,
    )
    return delivery


def export_data(person: Person) -> dict[str, Any]:
    """What issuing knows about a person as a learner: what they have answered, and what waits for them.

    Of a mailbox that had another holder before, what that one has answered is not among it (B146).
    """
    awards = claiming.known_of(person)
    return {
        "awards": [
            {
                "id": each.public_id,
                "achievement": each.version.name,
                "organisation": each.organisation.name,
                "name": each.recipient_name,
                "email": each.recipient_email,
                "awarded_at": each.awarded_at.isoformat(),
                "standing": each.standing,
                "reason": each.standing_reason,
                "answer": _answer_of(each),
                "wallets": sorted({copy.holder for copy in each.bound_copies.all()}),
            }
            for each in awards.select_related("version", "organisation", "answer", "first__answer")
            .prefetch_related("bound_copies")
            .order_by("awarded_at")
            .iterator(chunk_size=200)
        ]
    }


def _answer_of(credential: Credential) -> dict[str, str] | None:
    answer = getattr(credential.first or credential, "answer", None)
    if answer is None:
        return None
    return {"said": answer.said, "reason": answer.reason, "at": answer.at.isoformat()}
