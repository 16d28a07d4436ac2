# SPDX-License-Identifier: Apache-2.0
"""Does the domain that the issuer claims as its own claim the issuer, too?

The identifier of a did:web or https issuer is on a domain, and its keys were found there. A did:key is on
none: whatever web address its profile names is only what it says of itself, until that address answers with
a DID configuration in which the DID links itself to the domain (DIF Well Known DID Configuration §4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cairn.canonical import parse_json, to_json
from cairn.checks.controllers import domain_of
from cairn.checks.dates import period
from cairn.checks.finding import Finding, undecided
from cairn.checks.rules import structure
from cairn.checks.signature import proof
from cairn.credential import issuer_id
from cairn.credential.address import is_web
from cairn.credential.shapes import types_of
from cairn.errors import CairnError, MalformedError
from cairn.proof import Outcome
from cairn.reading import SD_JWT_VC, Unverified, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.materials import Materials

CONFIGURATION = "/.well-known/did-configuration.json"
MAX_LINKS = 16  # DIDs that one domain is linked to and we look through


class DomainControl:
    """The check. It has ``gather`` ask the claimed domain, so it is asked only of callers who choose it."""

    def asks(self, credential: Unverified) -> tuple[str, ...]:
        """Where the claimed domain would acknowledge the issuer; nowhere when the identifier is on one."""
        issuer = credential.unverified_issuer
        origin = claimed_origin(credential.unverified_document)
        if issuer is None or origin is None or domain_of(issuer):
            return ()
        return (origin + CONFIGURATION,)

    def __call__(self, materials: Materials, at: datetime) -> tuple[Finding, ...]:
        issuer = materials.unverified_issuer or ""
        origin = claimed_origin(materials.credential.unverified_document)
        domain = domain_of(issuer)
        details = {"issuer": issuer}
        if domain:
            return (_on_its_own(domain, origin, details),)
        if origin is None:
            message = "The issuer names no web address, so no domain can vouch for it."
            return (undecided("domain", "domain-not-claimed", message, **details),)
        details["domain"] = urlsplit(origin).netloc
        return (_linked(materials, issuer, origin, details, at),)


domain_control = DomainControl()


def claimed_origin(document: Mapping[str, Any]) -> str | None:
    """The https origin of the ``url`` in the issuer's profile: the web site that it says it has."""
    issuer = document.get("issuer")
    url = issuer.get("url") if isinstance(issuer, dict) else None
    if not is_web(url):
        return None
    address = urlsplit(str(url))
    # An origin of plain http proves nothing: anybody on the way could answer.
    return f"https://{address.netloc.lower()}" if address.scheme.lower() == "https" else None


def _on_its_own(domain: str, origin: str | None, details: Mapping[str, str]) -> Finding:
    claimed = urlsplit(origin).netloc if origin else domain
    told = {**details, "domain": domain, "by": "identifier"}
    if claimed != domain.lower():
        told["claimed"] = claimed
    message = f"The issuer's identifier is on {domain}, where its keys are published."
    return Finding("domain", Outcome.PASSED, "ok", message, told)


def _linked(
    materials: Materials, issuer: str, origin: str, details: Mapping[str, str], at: datetime
) -> Finding:
    """§4.2: one linkage of this DID with this origin that verifies is enough."""
    domain = details["domain"]
    try:
        links = _linkages(materials.resource(origin + CONFIGURATION))
    except MalformedError as error:
        message = f"What {domain} answers is not a DID configuration: {error.message}"
        return undecided("domain", "domain-configuration", message, **details)
    except CairnError as error:
        message = f"We could not ask {domain} whether it knows the issuer: {error.message}"
        return undecided("domain", error.code, message, **details)
    own = [link for link in links if link.unverified_issuer == issuer]
    if not own:
        message = f"The issuer says that it is at {domain}, and {domain} does not know it."
        return Finding("domain", Outcome.FAILED, "domain-not-linked", message, details)
    problems = [_problem(materials.about(link), issuer, origin, at) for link in own]
    if None in problems:
        message = f"{domain} says that this issuer is its own."
        return Finding("domain", Outcome.PASSED, "ok", message, details)
    worst = next((each for each in problems if each and each.outcome is Outcome.FAILED), None)
    if worst is None:
        return undecided("domain", "domain-linkage", f"We cannot check what {domain} says.", **details)
    message = f"{domain} links to the issuer in a way that does not hold: {worst.message}"
    return Finding("domain", Outcome.FAILED, "domain-linkage", message, details)


def _linkages(answer: bytes) -> tuple[Unverified, ...]:
    """§5: ``linked_dids`` holds Domain Linkage Credentials, as JSON or as tokens."""
    configuration = parse_json(answer)
    linked = configuration.get("linked_dids")
    if not isinstance(linked, list) or len(linked) > MAX_LINKS:
        raise MalformedError("domain-configuration", f"it lists one to {MAX_LINKS} 'linked_dids'")
    found = []
    for each in linked:
        if not isinstance(each, str | dict):
            raise MalformedError("domain-configuration", "a linked DID is a credential")
        try:
            found.append(read(to_json(each) if isinstance(each, dict) else each.encode("utf-8")))
        except CairnError:
            continue  # one that we cannot read may be for another reader; it links nothing here
    # In an SD-JWT VC the members of a linkage are nobody's standard, and their dates are not judged.
    return tuple(each for each in found if each.format != SD_JWT_VC)


def _problem(own: Materials, issuer: str, origin: str, at: datetime) -> Finding | None:
    """What is wrong with a linkage credential; None when it holds (§4.2, §6)."""
    document = own.credential.unverified_document
    subject = document.get("credentialSubject")
    said = subject if isinstance(subject, dict) else {}
    is_linkage = "DomainLinkageCredential" in types_of(document)
    # Nothing may be linked for ever (§6.1); a token ends with its own claim (§6.2).
    dates = document.keys() | own.credential.unverified_claims.keys()
    ends = not dates.isdisjoint(("expirationDate", "validUntil", "exp"))
    if not is_linkage or said.get("id") != issuer or issuer_id(document) != issuer or not ends:
        return _no("it is not a linkage of this issuer with an end date.")
    if not _is_origin(said.get("origin"), origin):
        return _no("it is for another domain.")
    findings = (*structure(own, at), *proof(own, at), *period(own, at))
    return next((each for each in findings if each.outcome is not Outcome.PASSED and each.decides), None)


def _is_origin(value: Any, origin: str) -> bool:
    """Whether the two are one origin; an example of the text has a bare host, which says the same."""
    if not isinstance(value, str):
        return False
    return value.removesuffix("/").lower() in (origin, urlsplit(origin).netloc)


def _no(message: str) -> Finding:
    return Finding("domain", Outcome.FAILED, "domain-linkage", message)
