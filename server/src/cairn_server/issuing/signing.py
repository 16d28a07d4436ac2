# SPDX-License-Identifier: Apache-2.0
"""From an award to signed bytes: build, lint, sign, verify. No table is touched here.

The order is the one of docs/explanation/what-is-signed.md: what cannot be verified is never signed with a
real key, and what was signed with the real key is verified by our own verifier before anybody gets it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cairn
from cairn import checks
from cairn.canonical import to_json
from cairn.credential import AchievementSubject, Evidence, IdentityObject, OpenBadgeCredential, Result
from cairn.did import did_key, did_web_url
from cairn.errors import CairnError, UnavailableError, VerificationError
from cairn.keys import Algorithm, PrivateKey
from cairn.status import StatusEntry
from cairn_server.achievements.services import result_address, to_credential
from cairn_server.issuing.life import RenewalRule
from cairn_server.issuing.models import Purpose, SecuredCredential
from cairn_server.issuing.prepared import Part, Prepared
from cairn_server.organisations import identity, installation
from cairn_server.organisations.keys import active_of, key_history

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from cairn import Verified
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation, SigningKey

Format = SecuredCredential.Format


class OwnProductRefused(RuntimeError):  # noqa: N818 - named for what happened, like every refusal
    """Our own verifier does not accept what we made. A fault of ours: nothing leaves the house.

    No ``CairnError``, because those are answers to the caller, and the caller can do nothing about this one.
    """

    code = "own-product-refused"

    def __init__(self, step: str, why: str) -> None:
        self.message = f"{step}: {why}"
        super().__init__(f"{self.message} [{self.code}]")


@dataclass(frozen=True, slots=True)
class Issuer:
    """An organisation under its name, with the key that it signs with now: public halves alone."""

    organisation: Organisation
    did: str
    verification_method: str
    key: SigningKey
    public_url: str
    # Every key there ever was, as its DID document lists them; None where nobody has read them.
    keys: tuple[SigningKey, ...] | None = None

    @classmethod
    def open(cls, organisation: Organisation, *, at: datetime, public_url: str = "") -> Issuer:
        """The first call for an organisation fixes its identity; run inside the transaction that prepares.

        ``public_url`` of the installation, where the caller has just read it.
        """
        public_url = public_url or installation.public_url()
        history = tuple(key_history(organisation))
        key = active_of(history)
        identity.fix(organisation, key, public_url=public_url, at=at)
        method = identity.verification_method(organisation, key)
        return cls(organisation, organisation.did, method, key, public_url, history)

    def sources(self) -> dict[str, bytes]:
        """What a stranger finds under the issuer's address."""
        return issuer_sources(self.organisation, keys=self.keys)

    @classmethod
    def named(cls, organisation: Organisation, key: SigningKey) -> Issuer:
        """With this key, once the organisation has its name: also an older one, which finishes its work."""
        method = identity.verification_method(organisation, key)
        return cls(organisation, organisation.did, method, key, installation.public_url())


class KnownBytes:
    """Sources that know a few addresses by heart: what a stranger would get from ours, without asking."""

    def __init__(self, known: Mapping[str, bytes]) -> None:
        self._known = dict(known)

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        try:
            return self._known[url]
        except KeyError:
            raise UnavailableError("unreachable", f"{url} is not among the known addresses") from None


def issuer_sources(
    organisation: Organisation, *, keys: Iterable[SigningKey] | None = None
) -> dict[str, bytes]:
    """The bytes under the issuer's own address; a did:key needs none. ``keys`` are all of its keys, where the
    caller has just read them."""
    if not organisation.did.startswith("did:web:"):
        return {}
    return {did_web_url(organisation.did): to_json(identity.did_document(organisation, keys=keys))}


def build(credential: Credential, *, issuer: Issuer, salt: str = "") -> dict[str, Any]:
    """The unsigned document of an award, from the frozen version of its achievement.

    ``salt`` is for the hash of the address, where the organisation has one; a fresh one if none is given.
    """
    achievement = to_credential(credential.version, issuer.public_url)
    more = credential.more or {}
    document = OpenBadgeCredential(
        id=credential.address(issuer.public_url),
        issuer=issuer.organisation.profile(),
        subject=AchievementSubject(
            achievement=achievement,
            id=credential.subject_id,
            identifiers=(*_identifiers(credential, salt), *_other_identifiers(more)),
            narrative=credential.narrative or None,
            license_number=more.get("license_number"),
            results=_results(credential, more, issuer.public_url),
        ),
        name=credential.version.name,
        valid_from=credential.valid_from,
        valid_until=credential.valid_until,
        awarded_date=credential.awarded_at,
        evidence=_evidence(credential, more),
        status=StatusEntry(
            purpose=Purpose.REVOCATION.value,
            index=credential.status_index,
            list_url=credential.status_list.address,
        ),
    ).to_document()
    if can_be_renewed(credential):
        # The context of 1EdTech's own types stands only where one of them does (N4).
        document["@context"] = [*document["@context"], EXTENSIONS]
        document["refreshService"] = {
            "id": refresh_address(credential, issuer.public_url),
            "type": REFRESH_SERVICE,
        }
    return document


# Open Badges 3.0, "Refresh service": where the newest copy of this very credential lies.
REFRESH_SERVICE = "1EdTechCredentialRefresh"
EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"


def refresh_address(credential: Credential, public_url: str) -> str:
    return f"{credential.address(public_url)}/newest"


def can_be_renewed(credential: Credential) -> bool:
    """Whether a newer copy may come: it ends, and its achievement has a rule for going on."""
    if credential.valid_until is None:
        return False
    return RenewalRule.objects.filter(achievement=credential.version.achievement_id).exists()


def _identifiers(credential: Credential, salt: str) -> tuple[IdentityObject, ...]:
    """The plain name, and the hash of the address only where the organisation asked for it.

    A hash of an address can be guessed (S10), so it is off by default and salted with 128 bits when on.
    """
    name = IdentityObject(identity_type="name", identity_hash=credential.recipient_name)
    if not credential.organisation.hashes_email:
        return (name,)
    salt = salt or secrets.token_urlsafe(16)
    digest = hashlib.sha256(f"{credential.recipient_email.lower()}{salt}".encode()).hexdigest()
    return (
        name,
        IdentityObject(
            identity_type="emailAddress", identity_hash=f"sha256${digest}", hashed=True, salt=salt
        ),
    )


def _other_identifiers(more: Mapping[str, Any]) -> tuple[IdentityObject, ...]:
    """Numbers that others know the learner by, plain, because the list said that they shall stand there."""
    return tuple(
        IdentityObject(identity_type=each["type"], identity_hash=each["value"])
        for each in more.get("identifiers", ())
    )


def _evidence(credential: Credential, more: Mapping[str, Any]) -> tuple[Evidence, ...]:
    first = {
        "url": credential.evidence_url,
        "name": credential.evidence_name,
        "description": credential.evidence_description,
    }
    return tuple(
        Evidence(
            id=each.get("url") or None,
            name=each.get("name") or None,
            description=each.get("description") or None,
        )
        for each in (first, *more.get("evidence", ()))
        if any(each.values())
    )


def _results(credential: Credential, more: Mapping[str, Any], public_url: str) -> tuple[Result, ...]:
    first = {"value": credential.grade, "status": more.get("result_status", "")}
    address = credential.version.address(public_url)
    # A credential that is mended may be of another version: what that one does not describe is not named.
    described = {each["key"] for each in credential.version.result_descriptions or ()}
    return tuple(
        Result(
            value=each.get("value") or None,
            status=each.get("status") or None,
            result_description=result_address(address, each["key"]) if each.get("key") in described else None,
            achieved_level=result_address(address, each["level"])
            if each.get("level") and each.get("key") in described
            else None,
        )
        for each in (first, *more.get("results", ()))
        if any(each.values())
    )


def lint(document: Mapping[str, Any], *, at: datetime) -> None:
    """Sign with a throwaway key and verify that, so that a fault is found before the real key is used.

    The throwaway key is its own issuer (did:key), and nothing is revoked in a list it does not have: what is
    examined is everything about the document itself.
    """
    throwaway = PrivateKey.generate(Algorithm.ED25519)
    did = did_key(throwaway.public_key)
    rehearsal = {**document, "issuer": {**document["issuer"], "id": did}}
    method = f"{did}#{did.removeprefix('did:key:')}"
    try:
        secured = cairn.sign(rehearsal, throwaway, verification_method=method, at=at)
        report = cairn.Verifier(KnownBytes({}), COUNTS).examine(secured, at=at)
    except CairnError as error:
        raise OwnProductRefused("lint", str(error)) from error
    require_passed([each for each in report.findings if each.check != "status"], "lint")


def prepare(document: Mapping[str, Any], *, issuer: Issuer, at: datetime) -> Prepared:
    """The record (JSON with one embedded proof) and the same statement as a ``vc+jwt`` token, unsigned."""
    key, method = issuer.key, issuer.verification_method
    record = Part.of(
        Format.JSON,
        "multibase",
        key,
        lambda signer: cairn.sign(
            document, signer, verification_method=method, at=at, cryptosuite=CRYPTOSUITES[signer.algorithm]
        ),
    )
    return Prepared(key.fragment, method, (record, _token(document, issuer)))


def prepare_token(document: Mapping[str, Any], *, issuer: Issuer) -> Prepared:
    """The token alone, of a document that was signed as a record before."""
    return Prepared(issuer.key.fragment, issuer.verification_method, (_token(document, issuer),))


def _token(document: Mapping[str, Any], issuer: Issuer) -> Part:
    method = issuer.verification_method
    return Part.of(
        Format.JWT,
        "base64url",
        issuer.key,
        lambda signer: cairn.sign_jwt(document, signer, verification_method=method).encode("ascii"),
    )


# The kinds of keys that organisations have, and how an embedded proof is made with each.
CRYPTOSUITES = {Algorithm.ED25519: "eddsa-rdfc-2022", Algorithm.P256: "ecdsa-rdfc-2019"}


# What a credential says about itself: its shape, its proof, its issuer. A wallet keeps it by these alone.
ITSELF = (checks.structure, checks.proof)
# And whether it counts at this moment: what the library asks of itself, whose short way for plain badges of
# a kind that was met before is for these checks and no others.
COUNTS = checks.DEFAULT_CHECKS


def verify_own(
    secured: bytes,
    known: Mapping[str, bytes],
    *,
    at: datetime,
    step: str,
    judged_by: tuple[checks.Check, ...] = COUNTS,
) -> Verified:
    """Our product through the same verifier that everybody uses, over the bytes that everybody gets."""
    try:
        return cairn.Verifier(KnownBytes(known), judged_by).verify(secured, at=at)
    except VerificationError as error:
        require_passed(error.report.findings, step)
        raise OwnProductRefused(step, str(error)) from error
    except CairnError as error:
        raise OwnProductRefused(step, str(error)) from error


def require_passed(findings: Sequence[cairn.Finding], step: str) -> None:
    """Everything that was looked at is in order, and something was looked at."""
    failed = [each for each in findings if each.outcome is not cairn.Outcome.PASSED]
    if failed or not findings:
        raise OwnProductRefused(step, "; ".join(f"{each.check}: {each.code}" for each in failed))
