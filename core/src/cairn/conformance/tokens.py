# SPDX-License-Identifier: Apache-2.0
"""Credentials and presentations as JOSE, SD-JWT and COSE, as the W3C suites issue and verify them.

Only the signature, the media types and the shape are judged. Dates are read by nobody, so those that a suite
writes as text are let through (N13). What a presentation holds must be enveloped and named by its media type;
the suites' own examples hold tokens that nobody could decode.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical.json_ld import to_quads
from cairn.conformance.rules import ENVELOPED_CREDENTIAL, held_prefix
from cairn.credential import issuer_id, structure_problems
from cairn.credential.shapes import as_list, types_of
from cairn.credential.structure import holder_id
from cairn.errors import MalformedError
from cairn.proof import cose, jose, jws, sd_jwt

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cairn.conformance.policy import Policy
    from cairn.keys import PublicKey, Signer
    from cairn.proof.jws import Jws

JOSE: Final = "jose"
SD_JWT: Final = "sdjwt"
COSE: Final = "cose"
FORMS: Final = (JOSE, SD_JWT, COSE)

CREDENTIAL: Final = "credential"
PRESENTATION: Final = "presentation"

# Claims beside the document (RFC 7519 §4.1, RFC 7800, and the nonce of a presentation).
_CLAIMS: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "nonce"})


@dataclass(frozen=True, slots=True)
class _Role:
    """What is signed, and how the three forms call it."""

    short: str
    type: str
    profile: jose.Profile
    speaker: Callable[[Mapping[str, Any]], str | None]


_ROLES: Final = {
    CREDENTIAL: _Role("vc", "VerifiableCredential", jose.CREDENTIAL, issuer_id),
    PRESENTATION: _Role("vp", "VerifiablePresentation", jose.PRESENTATION, holder_id),
}


def sign(
    document: Mapping[str, Any],
    signer: Signer,
    *,
    role: str,
    form: str,
    kid: str,
    disclose: Collection[str] = (),
    policy: Policy,
) -> str:
    """The document as a token, or in base64 for COSE; ``disclose`` holds JSON pointers, for SD-JWT."""
    what = _ROLES[role]
    refuse_misshapen(document, role=role, policy=policy)
    if form == COSE:
        return b64encode(cose.sign(document, signer, kid=kid, profile=what.profile)).decode().rstrip("=")
    media_type = f"{what.short}+{'jwt' if form == JOSE else 'sd-jwt'}"
    header = {"typ": media_type, "cty": what.short, "kid": kid}
    if form == SD_JWT:
        return sd_jwt.issue(document, signer, header=header, disclose=disclose)
    return jws.sign(header, document, signer)


def verify(
    text: str,
    find_key: Callable[[str | None, str | None], PublicKey],
    *,
    role: str,
    form: str,
    policy: Policy,
) -> dict[str, Any]:
    """The document in a token that a key signed and that has the right shape; raises what is wrong with it.

    ``find_key`` is given the key id and who is said to have signed.
    """
    what = _ROLES[role]
    document = _opened(text, find_key, what, form)
    refuse_misshapen(document, role=role, policy=policy)
    return document


def refuse_misshapen(document: Mapping[str, Any], *, role: str, policy: Policy) -> None:
    """Refuse what breaks the rules of its kind, or says something that no context defines."""
    what = _ROLES[role]
    if what.type not in types_of(document):
        raise MalformedError("structure", f"type: should include {what.type}")
    if "vc" in document or "vp" in document:
        raise MalformedError("token-vc-claim", "The token holds a document in two places.")
    problems = structure_problems(document)
    if problems:
        told = "; ".join(f"{problem.path}: {problem.message}" for problem in problems[:5])
        raise MalformedError("structure", f"It breaks the rules. {told}")
    if role == PRESENTATION:
        _refuse_unsecured(document)
        return
    to_quads(document, contexts=policy.contexts)
    _refuse_unknown_extensions(document, policy)


def _refuse_unsecured(presentation: Mapping[str, Any]) -> None:
    """VC-JOSE-COSE §3.1.2: credentials in a secured presentation are secured too, and enveloped."""
    for each in as_list(presentation.get("verifiableCredential", [])):
        if ENVELOPED_CREDENTIAL not in types_of(each):
            raise MalformedError("envelope", "A credential in a presentation should be enveloped.")
        if held_prefix(each) is None:
            raise MalformedError("envelope", "An envelope does not say what it holds.")


def _refuse_unknown_extensions(document: Mapping[str, Any], policy: Policy) -> None:
    """Refuse members of the credential itself that no context defines by name.

    The context of the examples gives every word a meaning; the suite that uses it still wants to see an
    extension refused that nobody has described (tests 5 and 9 of the JOSE and COSE suite).
    """
    known: set[str] = set()
    for entry in as_list(document.get("@context")):
        read = policy.contexts[entry].read() if isinstance(entry, str) else entry
        for context in as_list(read.get("@context", read)):
            known |= context.keys()
            for kind in types_of(document):
                definition = context.get(kind)
                scoped = definition.get("@context") if isinstance(definition, dict) else None
                known |= scoped.keys() if isinstance(scoped, dict) else set()
    unknown = sorted(document.keys() - known - {"@context"})
    if unknown:
        raise MalformedError("data-loss", f"{', '.join(unknown)}: not defined by the document's contexts")


# --- taking apart


def _opened(
    text: str, find_key: Callable[[str | None, str | None], PublicKey], what: _Role, form: str
) -> dict[str, Any]:
    if form == COSE:
        parts = cose.split(_from_base64(text))
        cose.refuse_other_kinds(parts, what.profile)
        speaker = what.speaker(parts.document)
        cose.verify(parts, find_key(jws.method_named(parts.kid, speaker or parts.kid), speaker))
        return dict(parts.document)
    if form == SD_JWT:
        shown = sd_jwt.split(text, take_apart=_without_dates)
        signed = replace(shown.jws, payload=shown.payload)
        types: tuple[str, ...] = (f"{what.short}+sd-jwt",)
    else:
        signed = _without_dates(text)
        types = what.profile.types
    return _verified(signed, find_key, what, types)


def _verified(
    signed: Jws,
    find_key: Callable[[str | None, str | None], PublicKey],
    what: _Role,
    types: tuple[str, ...],
) -> dict[str, Any]:
    if not jws.is_type(signed.header.get("typ", types[0]), *types):
        raise MalformedError("token-type", "The token is of another type than what was asked for.")
    if not jws.is_type(signed.header.get("cty", what.short), *what.profile.contents):
        raise MalformedError("token-type", "The token says that it holds something else.")
    document = {name: value for name, value in signed.payload.items() if name not in _CLAIMS}
    claimed = signed.payload.get("iss")
    speaker = what.speaker(document) or (claimed if isinstance(claimed, str) else None)
    jws.algorithm(signed)
    jws.verify(signed, find_key(jws.method_url(signed, speaker), speaker))
    if "iss" in signed.payload and claimed != speaker:
        raise MalformedError("claims-disagree", "The token and the document in it disagree: iss.")
    return document


def _without_dates(token: str) -> Jws:
    """A token whose dates are left unread, however they are written."""
    parts = jws.take_apart(token)
    rest = {name: value for name, value in parts.payload.items() if name not in ("iat", "exp", "nbf")}
    return replace(parts, payload=rest)


def _from_base64(text: str) -> bytes:
    # VC-JOSE-COSE §3.3.2 has base64 without padding in a data: URL; the suite's files have both.
    body = text.rstrip("=")
    try:
        octets = b64decode(body + "=" * (-len(body) % 4), validate=True)
    except NotBase64 as error:
        raise MalformedError("cose-malformed", "This is not a COSE_Sign1 in base64.") from error
    if not cose.looks_like_cose(octets):
        raise MalformedError("cose-malformed", "This is not a COSE_Sign1 in base64.")
    return octets
