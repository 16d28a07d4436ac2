# SPDX-License-Identifier: Apache-2.0
"""The first step: ``read`` takes a credential out of whatever somebody sent, and believes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cairn import baking, legacy, pdf
from cairn.canonical.lifted import spelled
from cairn.credential import issuer_id, kind_of
from cairn.credential.address import is_identifier
from cairn.credential.shapes import as_list, types_of
from cairn.credential.structure import holder_id
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import base64url_decode
from cairn.late import Late, draft_of, made_late, new
from cairn.proof import cose, familiar, familiar_sd_jwt, familiar_token, jose, jws, sd_jwt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cairn.canonical.glance import Glance

MAX_CREDENTIAL = 4 * 1024 * 1024  # images inside credentials make them large

# Formats as a log leaf names them: the closed list of the transparency log.
EMBEDDED = "vc+ld+json"
TOKEN = "vc+jwt"  # noqa: S105 - a media type
SD_JWT = sd_jwt.W3C
SD_JWT_VC = sd_jwt.SD_JWT_VC
COSE = cose.COSE
# Presentations, which no log ever sees.
PRESENTED = "vp+ld+json"
PRESENTED_TOKEN = "vp+jwt"  # noqa: S105 - a media type
PRESENTED_SD_JWT = sd_jwt.PRESENTATION
PRESENTED_COSE = cose.PRESENTATION
_PRESENTED = {
    EMBEDDED: PRESENTED,
    TOKEN: PRESENTED_TOKEN,
    SD_JWT: PRESENTED_SD_JWT,
    COSE: PRESENTED_COSE,
}
_SHOWN = frozenset(_PRESENTED.values())

# What an envelope holds, as the media type of its data: URL begins (VCDM 2.0 §4.13.1, §4.13.2).
_ENVELOPES = {"EnvelopedVerifiableCredential": "vc", "EnvelopedVerifiablePresentation": "vp"}
_PICTURES = ("png", "svg")
_JWE = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){4}")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A token taken apart, and what its payload spelled then."""

    token: str
    parts: jose.Token | sd_jwt.SdJwt
    payload: bytes | None


@made_late("unverified_document", "sha256")
@dataclass(frozen=True, slots=True)
class Unverified(Late):
    """A credential as somebody sent it. Nothing in here may be shown: show what a ``Report`` returns."""

    carrier: str  # "json", "jwt", "cose", "png", "svg" or "pdf"
    format: str
    unverified_document: Mapping[str, Any]
    token: str | None
    # SHA-256 of the secured bytes: the JCS form of the signed JSON, or the ASCII token.
    sha256: str
    size: int
    unverified_bytes: bytes = field(repr=False)
    # What the shape of the document tells, for checks that look for a short way.
    glance: Glance | None = field(default=None, repr=False, compare=False)
    # The token taken apart, and what its payload spells, for the checks that look at the token.
    _kept: _Kept | None = field(default=None, repr=False, compare=False)
    # The token taken apart without its credential, when that is of a known text.
    _seen: familiar_token.Seen | None = field(default=None, repr=False, compare=False)
    # An SD-JWT VC put together, when that was plain.
    _shown: familiar_sd_jwt.Seen | None = field(default=None, repr=False, compare=False)

    @property
    def shown_claims(self) -> familiar_sd_jwt.Seen | None:
        """The SD-JWT VC put together; None when that has to be done again."""
        seen = self._shown
        # Somebody may have put another in its place, or have written into what it says.
        if seen is None or self._late is None or not seen.is_unseen:
            return None
        return seen

    @property
    def seen_token(self) -> familiar_token.Seen | None:
        """The token taken apart without its credential; None when it has to be read in full."""
        seen = self._seen
        # Somebody may have put another token in its place.
        if seen is None or (self._late is None and seen.token != str(self.token).encode()):
            return None
        return seen

    @property
    def late(self) -> Callable[[str], Any] | None:
        """What makes the parts that are only made when somebody asks for them; None when all are there."""
        return self._late

    @property
    def is_as_read(self) -> bool:
        """Whether `glance` is a look at this very document, and nobody has written into it since."""
        glance = self.glance
        # A copy with another document in it has nothing late.
        return glance is not None and (
            (self._late is not None and glance.is_unseen) or glance.is_of(self.unverified_document)
        )

    def parts(self) -> jose.Token | sd_jwt.SdJwt | None:
        """The token taken apart as ``read`` did it; None when that has to be done again."""
        kept = self._kept
        # Somebody may have put another token in its place, or have written into what it spells.
        if kept is None or kept.token != self.token or spelled(kept.parts.payload) != kept.payload:
            return None
        return kept.parts

    @property
    def is_presentation(self) -> bool:
        """Whether it is what a holder shows, and not something that an issuer has issued."""
        return self.format in _SHOWN

    @property
    def unverified_claims(self) -> Mapping[str, Any]:
        """The registered claims beside a credential in a token; empty for any other format."""
        if self.token is None or self.format in legacy.FORMATS:
            return {}
        parts = self.parts()
        if self.format in (TOKEN, PRESENTED_TOKEN):
            return dict((parts if isinstance(parts, jose.Token) else jose.split(self.token)).claims)
        return dict((parts if isinstance(parts, sd_jwt.SdJwt) else sd_jwt.split(self.token)).payload)

    @property
    def unverified_issuer(self) -> str | None:
        """Who is said to have issued it, or to show it; None when that is nothing to compare."""
        if self.is_presentation:
            return holder_id(self.unverified_document, *self._unverified_keys())
        if self.format != SD_JWT_VC:
            return issuer_id(self.unverified_document)
        issuer = self.unverified_document.get("iss")
        return str(issuer) if is_identifier(issuer) else None

    def _unverified_keys(self) -> list[object]:
        """What its signatures call whoever made them."""
        if self.format == PRESENTED_COSE:
            return [cose.split(self.unverified_bytes).kid]
        if self.token is None:
            proofs = as_list(self.unverified_document.get("proof"))
            return [proof.get("verificationMethod") for proof in proofs if isinstance(proof, dict)]
        jwt = jws.split(self.token.partition("~")[0])
        return [jwt.payload.get("iss"), jwt.header.get("kid")]

    @property
    def unverified_kind(self) -> str:
        """What it says it is, in words for people."""
        if self.format in legacy.FORMATS:
            return legacy.kind_of(self.format, self.unverified_document)
        return "SD-JWT VC" if self.format == SD_JWT_VC else kind_of(self.unverified_document)


def _seen(
    late: Callable[[str], Any],
    carrier: str,
    format: str,
    token: str | None,
    size: int,
    data: bytes,
    *,
    glance: Glance | None = None,
    seen: familiar_token.Seen | None = None,
    shown: familiar_sd_jwt.Seen | None = None,
) -> Unverified:
    """A credential of which so much is known that it is parsed when somebody asks."""
    made = new(_DRAFT)
    made.carrier, made.format, made.token, made.size, made.unverified_bytes = (
        carrier,
        format,
        token,
        size,
        data,
    )
    made.glance, made._kept, made._seen, made._shown = glance, None, seen, shown
    made._late = late
    made.__class__ = Unverified
    unverified: Unverified = made
    return unverified


_DRAFT = draft_of(Unverified)


def read(data: bytes) -> Unverified:
    """Take a credential or a presentation out of what somebody sent: JSON, a token, COSE, a picture, a PDF.

    ``MalformedError`` when it is none of them, ``UnsupportedError`` when it is something that we know by
    name and do not read. Of an SD-JWT only what its holder shows is read.
    """
    if data[:1] in _AS_IT_IS:
        return open_credential(data, None, len(data))
    if pdf.looks_like_pdf(data):
        return open_credential(pdf.extract(data), "pdf", len(data))
    picture = baking.kind(data)
    if picture is None:
        return open_credential(data, None, len(data))
    return open_credential(baking.unbake(data), picture, len(data))


# No picture begins like that, and all JSON and all tokens do.
_AS_IT_IS = (b"{", b"e")


def open_credential(data: bytes, carrier: str | None, size: int) -> Unverified:
    """Read the credential's own bytes, as JSON when they begin like it, else as a token.

    ``carrier`` and ``size`` are those of the file it was found in; None when it came by itself.
    """
    if len(data) > MAX_CREDENTIAL:
        raise MalformedError("limit-size", "This is too large to be a credential.")
    if carrier is None and data[:1] == b"{":
        return _open_json(data, "json", size)
    if cose.looks_like_cose(data):
        return _open_cose(data, carrier or "cose", size)
    if carrier in _PICTURES and baking.is_address(data):
        return _open_address(data, carrier, size)
    if data[:1] != b"{":
        return _open_token(data, carrier or "jwt", size)
    return _open_json(data, carrier or "json", size)


def _open_json(data: bytes, carrier: str, size: int) -> Unverified:
    glance = familiar.SHAPES.read(data)
    if glance.has_text and glance.note("bare", _is_bare):
        return _seen(glance.late, carrier, EMBEDDED, None, size, data, glance=glance)
    document: Mapping[str, Any] = glance.document
    if "payload" in document and ("signatures" in document or "signature" in document):
        raise UnsupportedError("json-serialization", "This is a JWS in JSON form; we read compact tokens.")
    for envelope, content in _ENVELOPES.items():
        if envelope in types_of(document):
            return _open_envelope(document, content, carrier, size)
    return Unverified(
        carrier=carrier,
        format=legacy.recognise(document) or _format(EMBEDDED, document),
        unverified_document=document,
        token=None,
        sha256=glance.sha256(),
        size=size,
        unverified_bytes=data,
        glance=glance,
    )


def _is_bare(glance: Glance) -> bool:
    """Whether it is a credential by its shape: no envelope around one, no presentation, no old badge."""
    document = glance.document
    return (
        "payload" not in document
        and not any(envelope in types_of(document) for envelope in _ENVELOPES)
        and legacy.recognise(document) is None
        and _format(EMBEDDED, document) == EMBEDDED
    )


def _open_token(data: bytes, carrier: str, size: int) -> Unverified:
    # White space around a pasted token belongs to the paste, not to the token; inside it nothing is forgiven.
    token = data.strip(b" \t\r\n")
    try:
        text = token.decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError("not-a-credential", "This is not a credential that we can read.") from error
    kind = TOKEN
    document: Mapping[str, Any]
    parts: jose.Token | sd_jwt.SdJwt
    glance = None
    seen = None if "~" in text else familiar_token.see(token)
    if seen is not None and seen.glance.note("bare", _is_bare):
        return _seen(seen.late, carrier, TOKEN, text, size, token, glance=seen.glance, seen=seen)
    if (plain := familiar_sd_jwt.see(token)) is not None:
        return _seen(plain.late, carrier, SD_JWT_VC, text, size, token, shown=plain)
    if sd_jwt.looks_like_sd_jwt(text):
        parts = shown = sd_jwt.read(text)
        kind = SD_JWT_VC if shown.kind == SD_JWT_VC else SD_JWT
        document = dict(shown.payload if kind == SD_JWT_VC else sd_jwt.credential_of(shown).document)
    elif jose.looks_like_token(text):
        taken_apart, glance = familiar.read_token(text)
        document = glance.document
        # What is vouched for later is not the dict that callers get to see.
        parts = replace(taken_apart, document=dict(document))
    elif _JWE.fullmatch(text):
        raise UnsupportedError("encrypted-token", "The token is encrypted; we only read signed ones.")
    else:
        raise MalformedError("not-a-credential", "This is not a credential that we can read.")
    secured = text.partition("~")[0].encode("ascii")
    return Unverified(
        carrier=carrier,
        format=(legacy.recognise(document) if kind == TOKEN else None) or _format(kind, document),
        unverified_document=document,
        token=text,
        sha256=sha256(secured).hexdigest(),
        size=size,
        unverified_bytes=text.encode("ascii"),
        glance=glance,
        _kept=_Kept(text, parts, spelled(parts.payload)),
    )


def _open_address(data: bytes, carrier: str, size: int) -> Unverified:
    """Old pictures may hold no badge, but the address where its issuer keeps it (Open Badges 1.x, baking)."""
    return Unverified(
        carrier=carrier,
        format=legacy.ADDRESS,
        unverified_document={"id": data.decode("ascii")},
        token=None,
        sha256=sha256(data).hexdigest(),
        size=size,
        unverified_bytes=data,
    )


def _open_cose(data: bytes, carrier: str, size: int) -> Unverified:
    document = cose.split(data).document
    return Unverified(
        carrier=carrier,
        format=_format(COSE, document),
        unverified_document=document,
        token=None,
        sha256=sha256(data).hexdigest(),
        size=size,
        unverified_bytes=data,
    )


def _format(secured: str, document: Mapping[str, Any]) -> str:
    """The format of a credential that is secured like this, or of a presentation if it calls itself one."""
    return _PRESENTED.get(secured, secured) if jose.is_presentation(document) else secured


def _open_envelope(document: Mapping[str, Any], content: str, carrier: str, size: int) -> Unverified:
    """What is inside an envelope; a media type that lies about it is not guessed at (B74)."""
    media_type, _, text = str(document.get("id")).partition(",")
    lie = MalformedError("envelope", "The envelope does not hold what it says.")
    if media_type == f"data:application/{content}+cose;base64":
        opened = _open_cose(_base64(text), carrier, size)
    elif media_type in ("data:application/jwt", f"data:application/{content}+jwt"):
        if not jose.looks_like_token(text):
            raise lie
        opened = _open_token(text.encode("ascii"), carrier, size)
    elif media_type == f"data:application/{content}+sd-jwt":
        if not sd_jwt.looks_like_sd_jwt(text):
            raise lie
        opened = _open_token(text.encode("ascii"), carrier, size)
    elif media_type.startswith(f"data:application/{content}+") and not jose.looks_like_token(text):
        raise UnsupportedError("envelope", "The envelope holds something of a kind that we do not read.")
    else:
        raise lie
    if opened.is_presentation is not (content == "vp"):
        raise lie
    return opened


def _base64(text: str) -> bytes:
    """Bytes in a ``data:`` URL: base64 without padding (VC-JOSE-COSE §3.3), which some write with it."""
    packed = b"" if set(text) & {"-", "_"} else base64url_decode(_url_safe(text))
    if not cose.looks_like_cose(packed):
        raise MalformedError("envelope", "The envelope does not hold what it says.")
    return packed


def _url_safe(text: str) -> str:
    return text.rstrip("=").replace("+", "-").replace("/", "_")
