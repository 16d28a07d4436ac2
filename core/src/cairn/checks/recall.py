# SPDX-License-Identifier: Apache-2.0
"""What the usual checks find in a plain badge that passes them all, without asking each of them in full.

A badge is plain by its shape (`cairn.plain`). What the checks look at beyond the shape is asked here of the
badge itself, every time, by the same functions wherever a value decides. Where what vouches for a badge has
not plainly passed, there is no answer here, and the checks are asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cairn.checks.controllers import resolver
from cairn.checks.dates import claimed_period, period, plain_period
from cairn.checks.finding import Check, Finding
from cairn.checks.resources import resources
from cairn.checks.rules import SD_JWT_VC_FITS, known_to_fit, structure
from cairn.checks.schemas import plain_schema, schema
from cairn.checks.signature import bind_to_issuer, look_at_token, proof
from cairn.checks.withdrawal import NO_TOKEN_STATUS, not_withdrawn, status
from cairn.credential.address import is_identifier
from cairn.did import OWN_KEYS
from cairn.errors import CairnError
from cairn.late import draft_of, new
from cairn.materials import Unavailable, controller_url
from cairn.plain import known_of
from cairn.proof import Answer, Outcome, familiar, familiar_sd_jwt, familiar_token, jose, jws
from cairn.proof.data_integrity import INTACT
from cairn.reading import EMBEDDED, SD_JWT_VC, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cairn.canonical.glance import Glance
    from cairn.did import VerificationMethod
    from cairn.materials import Materials
    from cairn.plain import Facts, Plain
    from cairn.proof.familiar_token import Seen
    from cairn.proof.outcome import Resolve

RECALLED: tuple[Check, ...] = (structure, schema, proof, status, period, resources)
"""The checks whose findings are told here; whoever asks others asks them one by one."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A key of an issuer, and what is found about it: that follows from names and from one document."""

    method: VerificationMethod
    finding: Finding
    url: str | None
    """Where that document is; None when the issuer's name is its key."""
    document: bytes | None

    def resolve(self, _wanted: object) -> VerificationMethod:
        return self.method


# Looking up the member of an enumeration takes longer than comparing with it.
_PASSED = Outcome.PASSED

_KEPT_KEYS: dict[tuple[str, str, str], _Kept] = {}
_MAX_KEPT_KEYS = 256
_MAX_KEPT_DOCUMENT = 64 * 1024


def _kept(materials: Materials, names: tuple[str, str, str]) -> _Kept | None:
    """What is known of an issuer's key, if the issuer's document is still the same."""
    kept = _KEPT_KEYS.get(names)
    if kept is None or kept.url is None or materials.resources.get(kept.url) == kept.document:
        return kept
    return None


def recall(materials: Materials, at: datetime) -> tuple[Finding, ...] | None:
    """What those checks find if everything that vouches for a badge passes; None: ask them."""
    # What was kept from an earlier look may have its own word on the issuer's keys.
    if materials.earlier is not None:
        return None
    credential = materials.credential
    glance, known = credential.glance, known_of(credential)
    if glance is None or known is None:
        shown = credential.shown_claims
        return None if shown is None else _shown(materials, shown, at)
    plain, facts = known
    fits = known_to_fit(glance)
    if fits is None or facts.issuer is None or not is_identifier(facts.issuer):
        return None
    if credential.format == EMBEDDED:
        vouched, has_other_dates = _embedded(materials, glance, plain.suite, facts, at), False
    else:
        vouched, has_other_dates = _in_token(materials, glance, plain, facts, at)
    if vouched is None:
        return None
    glance.accepted()
    listed = not_withdrawn(materials, facts, at) if plain.has_plain_status else None
    dated = None
    if plain.has_plain_dates and not has_other_dates:
        dated = plain_period(facts.valid_from, facts.valid_until, at)
    return (
        fits,
        *(_schema(materials, plain, facts, fits, at) if plain.has_schema else ()),
        *vouched,
        *(status(materials, at) if listed is None else (listed,)),
        *(period(materials, at) if dated is None else (dated,)),
    )


def _schema(
    materials: Materials, plain: Plain, facts: Facts, fits: Finding, at: datetime
) -> tuple[Finding, ...]:
    if not plain.has_one_schema or facts.schema is None:
        return schema(materials, at)
    return (plain_schema(facts.schema, fits.details["kind"], in_credential=plain.schema_in_credential),)


def _embedded(
    materials: Materials, glance: Glance, suite: str, facts: Facts, at: datetime
) -> tuple[Finding, Finding] | None:
    """What is found of the signature and of its key, if both are in order."""
    if not suite:
        return None  # unsigned, or signed in a way that is asked about in full
    signed = familiar.Proof(str(facts.created), str(facts.method), str(facts.signature))
    names = (str(facts.issuer), signed.method, EMBEDDED)
    kept = _kept(materials, names)
    resolve = resolver(materials) if kept is None else kept.resolve
    if not familiar.holds(glance, suite, signed, resolve, at=at):
        return None
    details = familiar.told_of(suite, signed)
    bound = (
        _keep(materials, names, Answer(_PASSED, "ok", INTACT, None, (signed.method,), details), resolve)
        if kept is None
        else kept.finding
    )
    if bound.outcome is not _PASSED:
        return None
    if glance.has_text:
        return _intact(glance.late, details), bound
    return Finding("signature", _PASSED, "ok", INTACT, details, document=glance.unsecured()), bound


def _in_token(
    materials: Materials, glance: Glance, plain: Plain, facts: Facts, at: datetime
) -> tuple[tuple[Finding, Finding] | None, bool]:
    """The same for a token, and whether it may say other dates than the credential in it."""
    seen = materials.credential.seen_token
    if seen is not None and plain.has_plain_dates:
        vouched = _seen_token(materials, seen, facts, at)
        if vouched is not None:
            return vouched, not _says_the_same_dates(seen, facts)
    return _token(materials, glance, str(facts.issuer), at), True


def _token(materials: Materials, glance: Glance, issuer: str, at: datetime) -> tuple[Finding, Finding] | None:
    """The same for a token that was read in full."""
    parts = materials.credential.parts()
    named = jws.method_url(parts, issuer) if isinstance(parts, jose.Token) else None
    if named is None:
        return None
    names = (issuer, named, TOKEN)
    kept = _kept(materials, names)
    resolve = resolver(materials) if kept is None else kept.resolve
    answer = look_at_token(materials.credential, resolve, at)
    if answer.outcome is not _PASSED:
        return None
    bound = _keep(materials, names, answer, resolve) if kept is None else kept.finding
    return (_signature(answer), bound) if bound.outcome is _PASSED else None


def _seen_token(
    materials: Materials, seen: Seen, facts: Facts, at: datetime
) -> tuple[Finding, Finding] | None:
    """The same for a token whose credential nobody has read."""
    told: dict[str, Any] = {"iss": facts.issuer, "sub": facts.subject, "jti": facts.id}
    if facts.valid_from is not None and "nbf" in seen.claims:
        told["nbf"] = jose.seconds_of(facts.valid_from)
    if facts.valid_until is not None and "exp" in seen.claims:
        told["exp"] = jose.seconds_of(facts.valid_until)
    return _signed(
        materials,
        (str(facts.issuer), seen.header.kid, TOKEN),
        lambda method: familiar_token.look(seen, method, told, at=at),
        seen.late,
    )


def _shown(materials: Materials, seen: familiar_sd_jwt.Seen, at: datetime) -> tuple[Finding, ...] | None:
    """What is found of an SD-JWT VC with plain claims, of an issuer who is a key, without a status."""
    vouched = _signed(
        materials,
        (seen.claims["iss"], seen.header.kid, SD_JWT_VC),
        lambda method: familiar_sd_jwt.look(seen, method, at=at),
        seen.late,
    )
    if vouched is None:
        return None
    dated = claimed_period(seen.claims.get("nbf"), seen.claims.get("exp"), at)
    return SD_JWT_VC_FITS, *vouched, NO_TOKEN_STATUS, *(period(materials, at) if dated is None else (dated,))


def _signed(
    materials: Materials,
    signer: tuple[str, str, str],
    look: Callable[[VerificationMethod], dict[str, str] | None],
    late: Callable[[str], Any],
) -> tuple[Finding, Finding] | None:
    """What is found of the signature of a token and of its key, if both are in order.

    ``signer`` is the issuer, what the token calls its key, and the format.
    """
    issuer, kid, format = signer
    named = jws.method_named(kid, issuer)
    if named is None:
        return None
    names = (issuer, named, format)
    kept = _kept(materials, names)
    resolve = resolver(materials) if kept is None else kept.resolve
    try:
        method = resolve(named)
    except CairnError:
        return None
    details = look(method)
    if details is None:
        return None
    if kept is None:
        answer = Answer(_PASSED, "ok", INTACT, None, (method.id,), details)
        bound = _keep(materials, names, answer, resolve)
    else:
        bound = kept.finding
    return (_intact(late, details), bound) if bound.outcome is _PASSED else None


def _says_the_same_dates(seen: Seen, facts: Facts) -> bool:
    """Whether the claims of a token say the same dates again, to the second, or none."""
    # Claims that agree are of whole seconds, and would end a period some part of a second sooner.
    if "nbf" in seen.claims and (facts.valid_from is None or "." in facts.valid_from):
        return False
    return "exp" not in seen.claims or (facts.valid_until is not None and "." not in facts.valid_until)


def _intact(late: Callable[[str], Any], details: dict[str, str]) -> Finding:
    """A signature that is in order; ``late`` makes what was signed."""
    made = new(_DRAFT)
    made.check, made.outcome, made.code, made.message = "signature", _PASSED, "ok", INTACT
    made.details, made.decides = details, True
    made._late = late
    made.__class__ = Finding
    finding: Finding = made
    return finding


_DRAFT = draft_of(Finding)


def _signature(answer: Answer) -> Finding:
    return Finding(
        "signature", _PASSED, answer.code, answer.message, answer.details, document=answer.document
    )


def _keep(materials: Materials, names: tuple[str, str, str], answer: Answer, resolve: Resolve) -> Finding:
    """What is found about a key that has signed, kept if the key is its issuer."""
    bound = bind_to_issuer(materials, answer)
    issuer, named, _ = names
    url = controller_url(issuer) if issuer.startswith("did:web:") else None
    document = None if url is None else materials.resources.get(url)
    if isinstance(document, Unavailable) or len(document or b"") > _MAX_KEPT_DOCUMENT:
        return bound
    if document is None and not issuer.startswith(OWN_KEYS):
        return bound
    if len(_KEPT_KEYS) >= _MAX_KEPT_KEYS:
        _KEPT_KEYS.clear()
    # One for all of them, so nobody may write into it.
    shared = replace(bound, details=MappingProxyType(dict(bound.details)))
    _KEPT_KEYS[names] = _Kept(resolve(named), shared, url, document)
    return bound
