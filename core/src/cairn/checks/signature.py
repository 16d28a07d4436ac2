# SPDX-License-Identifier: Apache-2.0
"""Is it unchanged since it was signed, and is the key that says so the issuer's?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cairn.checks import old_badges, presenting
from cairn.checks.controllers import (
    changed_since,
    domain_of,
    is_listed_still,
    issuers_method,
    may_be_of,
    resolver,
)
from cairn.checks.disclosure import partial_copy
from cairn.checks.finding import Finding, undecided, without_proof
from cairn.errors import CairnError, UnavailableError
from cairn.proof import Answer, Outcome, cose, data_integrity, familiar, jose, sd_jwt
from cairn.reading import (
    COSE,
    EMBEDDED,
    PRESENTED_COSE,
    PRESENTED_SD_JWT,
    PRESENTED_TOKEN,
    SD_JWT,
    SD_JWT_VC,
    TOKEN,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.canonical.glance import Glance
    from cairn.materials import Materials
    from cairn.proof.outcome import Resolve
    from cairn.reading import Unverified


def proof(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Whether it is unchanged since it was signed, and whether the key that signed it is the issuer's.

    A presentation's is its holder's. One that nobody has signed has nothing to look at but that (B76).
    """
    old = old_badges.case_of(materials)
    if old is not None:
        return old_badges.proof(old)
    if presenting.is_unsigned(materials.credential):
        return (presenting.unsigned(),)
    answer = look_at_proof(materials, at)
    signature = Finding(
        "signature",
        answer.outcome,
        answer.code,
        answer.message,
        answer.details,
        document=answer.document,
    )
    if materials.credential.is_presentation:
        return (
            signature,
            presenting.holder(materials, answer),
            *presenting.nothing_shown(materials.credential),
        )
    found = (signature, bind_to_issuer(materials, answer))
    if answer.outcome is not Outcome.PASSED:
        return found
    glance, document = materials.credential.glance, materials.credential.unverified_document
    if glance is not None and found[1].outcome is Outcome.PASSED and glance.is_of(document):
        glance.accepted()
    return (*found, *partial_copy(materials.credential))


def look_at_proof(materials: Materials, at: datetime) -> Answer:
    credential = materials.credential
    resolve = resolver(materials)
    profile = jose.PRESENTATION if credential.is_presentation else jose.CREDENTIAL
    if credential.format in (COSE, PRESENTED_COSE):
        return cose.check(cose.split(credential.unverified_bytes), resolve, at=at, profile=profile)
    if credential.format in (SD_JWT, SD_JWT_VC, PRESENTED_SD_JWT) and credential.token is not None:
        shown = credential.parts()
        shown = shown if isinstance(shown, sd_jwt.SdJwt) else sd_jwt.read(credential.token)
        return sd_jwt.check(shown, resolve, at=at)
    if credential.format in (TOKEN, PRESENTED_TOKEN) and credential.token is not None:
        return look_at_token(credential, resolve, at)
    document = credential.unverified_document
    wrapped = _wrapped_token(document)
    if wrapped is not None:
        return _unwrapped(document, wrapped)
    glance = credential.glance
    known = None
    if glance is not None and credential.format == EMBEDDED and glance.is_of(document):
        known = familiar.check(glance, resolve, at=at)
    return known or data_integrity.check(document, resolve, at=at, purpose=profile.purpose)


def look_at_token(credential: Unverified, resolve: Resolve, at: datetime) -> Answer:
    kept = credential.parts()
    token = kept if isinstance(kept, jose.Token) else jose.split(str(credential.token))
    return jose.check(
        token,
        resolve,
        at=at,
        profile=jose.profile_of(token),
        is_covered=partial(_is_covered, credential.glance),
    )


def _is_covered(glance: Glance | None, document: Mapping[str, Any]) -> bool:
    """Whether a look at this very document has told that no word of it goes unsaid."""
    if glance is None or not (glance.document is document or glance.document == document):
        return False
    return glance.is_covered()


def bind_to_issuer(materials: Materials, answer: Answer) -> Finding:
    """Bind every key that the proofs name to the issuer named in the credential (S5, B65, B66)."""
    issuer = materials.credential.unverified_issuer
    if issuer is None:
        return Finding("issuer", Outcome.FAILED, "no-issuer", "It does not say who issued it.")
    details = {"issuer": issuer, "method": issuer.split(":")[1] if issuer.startswith("did:") else "https"}
    domain = domain_of(issuer)
    if domain:
        details["domain"] = domain
    if not answer.methods:
        if answer.outcome is Outcome.UNDECIDED:
            return undecided("issuer", answer.code, "We do not know which key signed it.", **details)
        return Finding(
            "issuer", Outcome.FAILED, "no-key", "It does not say which key of the issuer signed it.", details
        )
    details["key"] = answer.methods[0]
    not_theirs = "The key does not belong to the issuer named in it."
    # First by name alone: a key of somebody else needs no looking up to be refused (B66).
    if not all(may_be_of(url, issuer) for url in answer.methods):
        return Finding("issuer", Outcome.FAILED, "key-not-of-issuer", not_theirs, details)
    try:
        listed = [issuers_method(materials, issuer, url) for url in answer.methods]
    except UnavailableError as error:
        message = f"We could not get the keys of {domain or issuer}: {error.message}"
        return undecided("issuer", error.code, message, **details)
    except CairnError as error:
        message = f"The issuer's keys cannot be used: {error.message}"
        return Finding("issuer", Answer.of(error).outcome, error.code, message, details)
    if any(method is None or method.controller != issuer for method in listed):
        return Finding("issuer", Outcome.FAILED, "key-not-of-issuer", not_theirs, details)
    since = [changed_since(materials, issuer, url) for url in answer.methods]
    for before in filter(None, since):
        message = (
            f"The issuer's document did not list this key on {before:%d %B %Y}, although the credential was "
            "there already. Somebody may have taken over the address."
        )
        return undecided("issuer", "issuer-document-changed", message, **details)
    if not all(is_listed_still(materials, issuer, url) for url in answer.methods):
        message = "Signed with a key that the issuer listed when you looked before, and has replaced since."
        return Finding("issuer", Outcome.PASSED, "issuer-document-changed", message, details)
    message = (
        f"Signed with a key of {domain}."
        if domain
        else "Signed with the key that is the issuer's identifier. No web address vouches for it."
    )
    return Finding("issuer", Outcome.PASSED, "ok", message, details)


def _wrapped_token(document: Mapping[str, Any]) -> str | None:
    """The token that some wallets put into ``proof.jwt`` beside a copy of its content."""
    wrapper = document.get("proof")
    token = wrapper.get("jwt") if isinstance(wrapper, dict) else None
    return token if isinstance(token, str) else None


def _unwrapped(document: Mapping[str, Any], token: str) -> Answer:
    """Only the token is signed, so a copy around it that says something else is a forgery (B60)."""
    try:
        inner = jose.split(token)
    except CairnError as error:
        return Answer.of(error)
    if without_proof(document) != inner.document:
        message = "The text around the token says something else than the token that was signed."
        return Answer(Outcome.FAILED, "wrapper-altered", message)
    message = "It is a copy around a signed token. Check the token itself."
    return Answer(Outcome.UNDECIDED, "wrapped-token", message)
