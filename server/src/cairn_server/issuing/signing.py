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
from cairn.canonical import jcs, to_json
from cairn.credential import AchievementSubject, Evidence, IdentityObject, OpenBadgeCredential, Result
from cairn.did import did_key, did_web_url
from cairn.errors import CairnError, UnavailableError, VerificationError
from cairn.keys import Algorithm, PrivateKey
from cairn.status import StatusEntry
from cairn_server.achievements.services import to_credential
from cairn_server.issuing.models import Purpose, SecuredCredential
from cairn_server.organisations import identity, installation
from cairn_server.organisations.keys import signer_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn import Signer, Verified
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

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
    """An organisation with its key open, for one piece of work and not longer."""

    organisation: Organisation
    did: str
    verification_method: str
    signer: Signer
    public_url: str

    @classmethod
    def open(cls, organisation: Organisation, *, at: datetime) -> Issuer:
        """The first call for an organisation fixes its identity; run inside the transaction that signs."""
        public_url = installation.public_url()
        did, method = identity.identity(organisation, public_url=public_url, at=at)
        organisation.refresh_from_db(fields=["did"])
        return cls(organisation, did, method, signer_for(organisation), public_url)


class KnownBytes:
    """Sources that know a few addresses by heart: what a stranger would get from ours, without asking."""

    def __init__(self, known: Mapping[str, bytes]) -> None:
        self._known = dict(known)

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        try:
            return self._known[url]
        except KeyError:
            raise UnavailableError("unreachable", f"{url} is not among the known addresses") from None


def issuer_sources(organisation: Organisation) -> dict[str, bytes]:
    """The bytes under the issuer's own address; a did:key needs none."""
    if not organisation.did.startswith("did:web:"):
        return {}
    return {did_web_url(organisation.did): to_json(identity.did_document(organisation))}


def build(credential: Credential, *, issuer: Issuer) -> dict[str, Any]:
    """The unsigned document of an award, from the frozen version of its achievement."""
    achievement = to_credential(credential.version, issuer.public_url)
    evidence = Evidence(
        id=credential.evidence_url or None,
        name=credential.evidence_name or None,
        description=credential.evidence_description or None,
    )
    return OpenBadgeCredential(
        id=credential.address(issuer.public_url),
        issuer=issuer.organisation.profile(),
        subject=AchievementSubject(
            achievement=achievement,
            id=credential.subject_id,
            identifiers=_identifiers(credential),
            narrative=credential.narrative or None,
            results=(Result(value=credential.grade),) if credential.grade else (),
        ),
        name=credential.version.name,
        valid_from=credential.valid_from,
        valid_until=credential.valid_until,
        awarded_date=credential.awarded_at,
        evidence=(evidence,) if evidence != Evidence() else (),
        status=StatusEntry(
            purpose=Purpose.REVOCATION.value,
            index=credential.status_index,
            list_url=credential.status_list.address,
        ),
    ).to_document()


def _identifiers(credential: Credential) -> tuple[IdentityObject, ...]:
    """The plain name, and the hash of the address only where the organisation asked for it.

    A hash of an address can be guessed (S10), so it is off by default and salted with 128 bits when on.
    """
    name = IdentityObject(identity_type="name", identity_hash=credential.recipient_name)
    if not credential.organisation.hashes_email:
        return (name,)
    salt = secrets.token_urlsafe(16)
    digest = hashlib.sha256(f"{credential.recipient_email.lower()}{salt}".encode()).hexdigest()
    return (
        name,
        IdentityObject(
            identity_type="emailAddress", identity_hash=f"sha256${digest}", hashed=True, salt=salt
        ),
    )


def intent_digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(jcs(document)).hexdigest()


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
    except CairnError as error:
        raise OwnProductRefused("lint", str(error)) from error
    verify_own(secured, {}, at=at, step="lint", judged_by=ITSELF)


def sign_all(document: Mapping[str, Any], *, issuer: Issuer, at: datetime) -> dict[Format, bytes]:
    """The record (JSON with one ``eddsa-rdfc-2022`` proof) and the same statement as a ``vc+jwt`` token."""
    method = issuer.verification_method
    return {
        Format.JSON: cairn.sign(document, issuer.signer, verification_method=method, at=at),
        Format.JWT: cairn.sign_jwt(document, issuer.signer, verification_method=method).encode("ascii"),
    }


# What a credential says about itself: its shape, its proof, its issuer. A wallet keeps it by these alone.
ITSELF = (checks.structure, checks.proof)
# And whether it counts at this moment.
COUNTS = (*ITSELF, checks.period, checks.status)


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
        failed = [each for each in error.report.findings if each.outcome is not cairn.Outcome.PASSED]
        raise OwnProductRefused(step, "; ".join(f"{each.check}: {each.code}" for each in failed)) from error
    except CairnError as error:
        raise OwnProductRefused(step, str(error)) from error
