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
from cairn.plain import facts_of, plain_of
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
    """The key of an issuer who is one, and what is found about it; all of that follows from its name."""

    method: VerificationMethod
    finding: Finding


_KEPT_KEYS: dict[tuple[str, str, str], _Kept] = {}
_MAX_KEPT_KEYS = 256


def recall(materials: Materials, at: datetime) -> tuple[Finding, ...] | None:
    """What those checks find if everything that vouches for a badge passes; None: ask them."""
    credential = materials.credential
    shown = credential.shown_claims
    if shown is not None:
        return None if materials.earlier is not None else _shown(materials, shown, at)
    glance, plain = credential.glance, plain_of(credential)
    # A look at a document that was written into since says nothing about it. And what was kept from an
    # earlier look may have its own word on the issuer's keys.
    if glance is None or plain is None or materials.earlier is not None or not credential.is_as_read:
        return None
    facts = facts_of(credential)
    fits = known_to_fit(glance)
    if fits is None or not is_identifier(facts.issuer):
        return None
    vouched = None
    seen = credential.seen_token
    if seen is not None and plain.has_plain_dates:
        vouched = _seen_token(materials, seen, facts, at)
    if vouched is None:
        vouched = (_token if credential.format == TOKEN else _embedded)(
            materials, glance, str(facts.issuer), at
        )
    if vouched is None:
        return None
    glance.accepted()
    listed = not_withdrawn(materials, facts, at) if plain.has_plain_status else None
    dated = None
    # A token has dates in its claims as well.
    if plain.has_plain_dates and (credential.format == EMBEDDED or _has_no_other_dates(seen, facts)):
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
    materials: Materials, glance: Glance, issuer: str, at: datetime
) -> tuple[Finding, Finding] | None:
    """What is found of the signature and of its key, if both are in order."""
    named = familiar.named_key(glance)
    if named is None:
        return None  # unsigned, or signed in a way that is asked about in full
    names = (issuer, named, EMBEDDED)
    kept = _KEPT_KEYS.get(names)
    resolve = resolver(materials) if kept is None else lambda _: kept.method
    holds = familiar.look(glance, resolve, at=at)
    if holds is None:
        return None
    bound = _keep(materials, names, holds.answer(None), resolve) if kept is None else kept.finding
    if bound.outcome is not Outcome.PASSED:
        return None
    if not glance.has_text:
        return _signature(holds.answer(glance.unsecured())), bound
    signature = Finding.without(
        glance.late,
        check="signature",
        outcome=Outcome.PASSED,
        code="ok",
        message=INTACT,
        details=holds.details,
        decides=True,
    )
    return signature, bound


def _token(materials: Materials, glance: Glance, issuer: str, at: datetime) -> tuple[Finding, Finding] | None:
    """The same for a token."""
    parts = materials.credential.parts()
    named = jws.method_url(parts, issuer) if isinstance(parts, jose.Token) else None
    if named is None:
        return None
    names = (issuer, named, TOKEN)
    kept = _KEPT_KEYS.get(names)
    resolve = resolver(materials) if kept is None else lambda _: kept.method
    answer = look_at_token(materials.credential, resolve, at)
    if answer.outcome is not Outcome.PASSED:
        return None
    bound = _keep(materials, names, answer, resolve) if kept is None else kept.finding
    return (_signature(answer), bound) if bound.outcome is Outcome.PASSED else None


def _seen_token(
    materials: Materials, seen: Seen, facts: Facts, at: datetime
) -> tuple[Finding, Finding] | None:
    """The same for a token whose credential nobody has read."""
    issuer = str(facts.issuer)
    told: dict[str, Any] = {
        "iss": facts.issuer,
        "sub": familiar_token.subject_of(seen.glance),
        "jti": facts.id,
    }
    for claim, moment in (("nbf", facts.valid_from), ("exp", facts.valid_until)):
        if moment is not None and claim in seen.claims:
            told[claim] = jose.seconds_of(moment)
    return _signed(
        materials,
        (issuer, seen.header.kid, TOKEN),
        lambda method: familiar_token.look(seen, method, told, at=at),
        seen.glance.late,
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
    kept = _KEPT_KEYS.get(names)
    resolve = resolver(materials)
    try:
        method = resolve(named) if kept is None else kept.method
    except CairnError:
        return None
    details = look(method)
    if details is None:
        return None
    if kept is not None:
        bound = kept.finding
    else:
        answer = Answer(Outcome.PASSED, "ok", INTACT, None, (method.id,), details)
        bound = _keep(materials, names, answer, resolve)
    if bound.outcome is not Outcome.PASSED:
        return None
    signature = Finding.without(
        late,
        check="signature",
        outcome=Outcome.PASSED,
        code="ok",
        message=INTACT,
        details=details,
        decides=True,
    )
    return signature, bound


def _has_no_other_dates(seen: Seen | None, facts: Facts) -> bool:
    """Whether the claims of a token say the same dates again, to the second, or none."""
    if seen is None:
        return False
    pairs = (("nbf", facts.valid_from), ("exp", facts.valid_until))
    # Claims that agree are of whole seconds, and would end a period some part of a second sooner.
    return all(
        claim not in seen.claims or (moment is not None and "." not in moment) for claim, moment in pairs
    )


def _signature(answer: Answer) -> Finding:
    return Finding(
        "signature", Outcome.PASSED, answer.code, answer.message, answer.details, document=answer.document
    )


def _keep(materials: Materials, names: tuple[str, str, str], answer: Answer, resolve: Resolve) -> Finding:
    """What is found about a key that has signed, kept if the key is its issuer."""
    bound = bind_to_issuer(materials, answer)
    issuer, named, _ = names
    if issuer.startswith(OWN_KEYS):
        if len(_KEPT_KEYS) >= _MAX_KEPT_KEYS:
            _KEPT_KEYS.clear()
        # One for all of them, so nobody may write into it.
        shared = replace(bound, details=MappingProxyType(dict(bound.details)))
        _KEPT_KEYS[names] = _Kept(resolve(named), shared)
    return bound
