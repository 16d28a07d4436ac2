# SPDX-License-Identifier: Apache-2.0
"""What others have said, under their own signatures, about the issuer of a credential.

An endorsement counts for nothing by being there: it is judged by the same corridor as if it had come alone,
and only one that passes every question is handed on. Whether its author matters is for the caller's lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cairn.canonical import to_json
from cairn.checks.dates import period
from cairn.checks.rules import structure
from cairn.checks.signature import proof
from cairn.checks.withdrawal import status
from cairn.credential import issuer_id
from cairn.credential.shapes import as_list
from cairn.credential.structure import ENDORSEMENT
from cairn.errors import CairnError
from cairn.proof import Outcome
from cairn.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from cairn.checks.finding import Check, Finding
    from cairn.materials import Materials
    from cairn.reading import Unverified

MAX_ENDORSEMENTS = 16  # of one issuer; each costs a signature (S17)


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A verified endorsement: who gave it, to whom, and the signed document itself."""

    issuer: str
    name: str
    subject: str
    document: Mapping[str, Any]


def endorsements_of_issuer(
    materials: Materials, at: datetime, supplied: Sequence[bytes] = ()
) -> tuple[Endorsement, ...]:
    """The endorsements of the credential's issuer that verify: those it carries, and those supplied."""
    credential = materials.credential
    carried = carried_endorsements(credential.unverified_document)
    judged = (_judge(materials.about(each), at) for each in _of_issuer(credential, (*supplied, *carried)))
    return tuple(each for each in judged if each is not None)


@dataclass(frozen=True, slots=True)
class WithEndorsements:
    """A check that also looks at endorsements which its caller has, so that their keys are gathered, too."""

    check: Check
    supplied: tuple[bytes, ...]

    def asks(self, credential: Unverified) -> tuple[Unverified, ...]:
        """Those that are about the issuer of this credential."""
        return _of_issuer(credential, self.supplied)

    def __call__(self, materials: Materials, at: datetime) -> tuple[Finding, ...]:
        return self.check(materials, at)


def _of_issuer(credential: Unverified, endorsements: Sequence[bytes]) -> tuple[Unverified, ...]:
    """Which of these claim to be about the issuer, and are not its own words."""
    issuer = credential.unverified_issuer
    about = [
        each
        for each in _readable(endorsements)
        if _subject_id(each.unverified_document) == issuer and each.unverified_issuer != issuer
    ]
    return () if issuer is None else tuple(about[:MAX_ENDORSEMENTS])


def carried_endorsements(document: Mapping[str, Any]) -> Iterator[bytes]:
    """Endorsements in a badge, of itself, its issuer, its achievement and whoever made that (OB 3.0 §B)."""
    for place in _endorsed_places(document):
        for each in as_list(place.get("endorsement", [])):
            if isinstance(each, dict):
                yield to_json(each)
        for each in as_list(place.get("endorsementJwt", [])):
            if isinstance(each, str):
                yield each.encode("utf-8")


def achievements_of(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the subjects of a badge have achieved."""
    for subject in as_list(document.get("credentialSubject", [])):
        for each in as_list(subject.get("achievement", [])) if isinstance(subject, dict) else ():
            if isinstance(each, dict):
                yield each


def _endorsed_places(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    achievements = list(achievements_of(document))
    profiles = [document.get("issuer"), *(each.get("creator") for each in achievements)]
    return iter([document, *achievements, *(each for each in profiles if isinstance(each, dict))])


def _readable(carried: Sequence[bytes]) -> Iterator[Unverified]:
    for data in carried:
        try:
            unverified = read(data)
        except CairnError:
            continue  # a broken endorsement is told among the parts of the report; here it says nothing
        # By its kind: in an SD-JWT VC "type" and "issuer" are anybody's words, and ``iss`` has signed it.
        if unverified.unverified_kind == ENDORSEMENT:
            yield unverified


def _judge(own: Materials, at: datetime) -> Endorsement | None:
    findings = (*structure(own, at), *proof(own, at), *status(own, at), *period(own, at))
    if any(finding.decides and finding.outcome is not Outcome.PASSED for finding in findings):
        return None
    document = next(finding.document for finding in findings if finding.check == "signature")
    assert document is not None  # a passed signature has its document
    issuer = document["issuer"]
    name = issuer.get("name", "") if isinstance(issuer, dict) else ""
    return Endorsement(issuer_id(document) or "", str(name), _subject_id(document) or "", document)


def _subject_id(document: Mapping[str, Any]) -> str | None:
    subject = document.get("credentialSubject")
    subject_id = subject.get("id") if isinstance(subject, dict) else None
    return subject_id if isinstance(subject_id, str) else None
