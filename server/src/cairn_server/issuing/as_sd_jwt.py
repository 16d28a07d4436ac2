# SPDX-License-Identifier: Apache-2.0
"""A copy for a wallet as an SD-JWT VC, of which its holder shows what they want to show.

It says what the award says, under the names that the award has (so a question for
``credentialSubject.achievement.id`` finds it in every form), but for what a token says by itself:

    iss, nbf, exp    issuer.id, validFrom, validUntil
    vct              the kinds of credential, and that no JSON-LD is meant
    status           the same index, in the list for tokens (token_lists.py)
    cnf              whose it is: the key of the wallet, in place of credentialSubject.id

What was achieved, who says so, since when, until when and whether it still counts is always seen. Everything
about the person can be kept back, piece by piece; what the award gains one day is hidden until it is named
here (docs/decisions/0024-an-award-as-sd-jwt.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

import cairn
from cairn.credential import parse_datetime
from cairn.did import did_key, document_for
from cairn.errors import CairnError
from cairn.keys import Algorithm, PrivateKey
from cairn.proof import sd_jwt
from cairn.status import StatusEntry
from cairn_server.issuing import signing, token_lists
from cairn_server.issuing.prepared import Part
from cairn_server.issuing.signing import Format

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from cairn import Signer
    from cairn_server.issuing.signing import Issuer

# Said by claims of the token, or by its being one.
_SAID_OTHERWISE: Final = {"@context", "type", "proof", "validFrom", "validUntil", "credentialStatus"}
# What every reader sees, of the whole and of its subject.
_SHOWN: Final = {"iss", "nbf", "exp", "vct", "issuer", "name", "description", "image", "awardedDate"}
_SHOWN_OF_SUBJECT: Final = {"type", "achievement"}
SUBJECT: Final = "credentialSubject"
# What people call it and them: in wallets, and where a holder chooses.
NAME: Final = _("Open Badge")
DESCRIPTION: Final = _("What somebody has learned, and who says so.")
LABELS: Final[dict[tuple[str, ...], Any]] = {
    ("name",): _("Name"),
    ("issuer",): _("Issuer"),
    ("awardedDate",): _("Awarded"),
    (SUBJECT, "achievement"): _("Achievement"),
    (SUBJECT, "identifier"): _("Awarded to"),
    (SUBJECT, "narrative"): _("What was done"),
    (SUBJECT, "result"): _("Result"),
    (SUBJECT, "licenseNumber"): _("Licence number"),
    ("evidence",): _("Evidence"),
    ("id",): _("Public page"),
}


def vct(public_url: str) -> str:
    """The type of an award as SD-JWT VC; what it is stands there (SD-JWT VC, type metadata)."""
    return f"{public_url}/vct/open-badge"


def claims_of(document: Mapping[str, Any], *, vct: str) -> dict[str, Any]:
    """The claims of a bound copy, from its document; the subject's identifier is left to ``cnf``."""
    claims: dict[str, Any] = {"iss": document["issuer"]["id"], "nbf": _seconds(document["validFrom"])}
    if "validUntil" in document:
        claims["exp"] = _seconds(document["validUntil"])
    claims["vct"] = vct
    claims |= {name: value for name, value in document.items() if name not in _SAID_OTHERWISE}
    claims[SUBJECT] = {name: value for name, value in document[SUBJECT].items() if name != "id"}
    return claims


def _seconds(text: str) -> int:
    return int(parse_datetime(text).timestamp())


def can_be_hidden(path: tuple[str, ...]) -> bool:
    """Whether the holder may keep back what is called so."""
    if path[0] == SUBJECT:
        return len(path) > 1 and path[1] not in _SHOWN_OF_SUBJECT
    return path[0] not in _SHOWN


def hideable(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """JSON pointers of what the holder may keep back. Of a list of several, also each by itself; the list is
    one too, so that how many there are is seen as little as what they are."""
    members: list[tuple[tuple[str, ...], Any]] = [((name,), value) for name, value in claims.items()]
    members += [((SUBJECT, name), value) for name, value in claims[SUBJECT].items()]
    return tuple(
        pointer
        for path, value in members
        if can_be_hidden(path)
        for pointer in _pieces("/" + "/".join(path), value)
    )


def _pieces(pointer: str, value: Any) -> Iterator[str]:
    yield pointer
    if isinstance(value, list) and len(value) > 1:
        yield from (f"{pointer}/{index}" for index in range(len(value)))


def shown_of(claims: Mapping[str, Any], show: Collection[str]) -> dict[str, Any]:
    """What is seen of these claims when of all that may be kept back only ``show`` is shown: by way of the
    real thing, signed with a key of no value."""
    throwaway = PrivateKey.generate(Algorithm.ED25519)
    text = sd_jwt.issue(claims, throwaway, header={"typ": sd_jwt.SD_JWT_VC}, disclose=hideable(claims))
    return dict(sd_jwt.split(sd_jwt.select(text, disclose=show)).payload)


def part(document: Mapping[str, Any], issuer: Issuer, at: datetime) -> Part:
    """The copy with this document, finished but for its signature; rehearsed with a key of no value first."""
    claims = claims_of(document, vct=vct(issuer.public_url))
    _lint(claims, document, at=max(at, parse_datetime(document["validFrom"])))
    return Part.of(
        Format.SD_JWT,
        "base64url",
        issuer.key,
        lambda signer: _signed(claims, document, signer, kid=issuer.verification_method, at=at).encode(
            "ascii"
        ),
    )


def _signed(
    claims: Mapping[str, Any], document: Mapping[str, Any], signer: Signer, *, kid: str, at: datetime
) -> str:
    entry = StatusEntry.from_document(document["credentialStatus"])
    return cairn.sign_sd_jwt_vc(
        claims,
        signer,
        kid=kid,
        disclose=hideable(claims),
        at=at,
        holder=document_for(document[SUBJECT]["id"]).methods[0].public_key,
        status=token_lists.pointer(entry.list_url, entry.index),
    )


def _lint(claims: Mapping[str, Any], document: Mapping[str, Any], *, at: datetime) -> None:
    """As ``signing.lint``: by a throwaway issuer, before the real key is used."""
    throwaway = PrivateKey.generate(Algorithm.ED25519)
    did = did_key(throwaway.public_key)
    method = f"{did}#{did.removeprefix('did:key:')}"
    try:
        secured = _signed({**claims, "iss": did}, document, throwaway, kid=method, at=at)
        report = cairn.Verifier(signing.KnownBytes({}), signing.COUNTS).examine(
            secured.encode("ascii"), at=at
        )
    except CairnError as error:
        raise signing.OwnProductRefused("lint", str(error)) from error
    signing.require_passed([each for each in report.findings if each.check != "status"], "lint")
