# SPDX-License-Identifier: Apache-2.0
"""SD-JWT (RFC 9901): signed claims that their holder shows one by one, and two kinds of credential made so.

    sd-jwt      = issuer-jwt "~" *(disclosure "~")          what the issuer gives, or the holder shows
    sd-jwt+kb   = sd-jwt kb-jwt                             the same, bound to one showing
    disclosure  = base64url(json([salt, name, value]))      of an object;  [salt, value] of an array
    digest      = base64url(hash(ASCII of the disclosure))  in "_sd" of the object;  {"...": digest} in the
                                                            array

``vc+sd-jwt`` is a whole W3C credential (VC-JOSE-COSE §3.2), ``dc+sd-jwt`` the IETF's SD-JWT VC, which has no
JSON-LD, names its type in ``vct`` and its issuer in ``iss``. The two are never mixed: ``typ`` says which it
is, and each is judged by its own rules.

What is put together is what was signed and nothing else: a disclosure that nobody's digest asks for, a digest
that stands twice, a claim that would replace another are all refused while reading (B58).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from nacl.utils import random

from cairn.canonical import parse_json, to_json
from cairn.canonical.strict_json import parse_texts
from cairn.credential import format_datetime
from cairn.credential.address import is_identifier
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import PublicKey, base64url_decode, base64url_encode
from cairn.proof import jose, jws
from cairn.proof.outcome import CLOCK_SKEW, Answer, Outcome, refuse_key_out_of_use

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from cairn.keys import Signer
    from cairn.proof.jws import Jws
    from cairn.proof.outcome import Resolve

    # From the top to a claim: names of members, and indexes of arrays in decimal, as in a JSON pointer.
    Path = tuple[str, ...]

W3C: Final = "vc+sd-jwt"
PRESENTATION: Final = "vp+sd-jwt"
SD_JWT_VC: Final = "dc+sd-jwt"
KEY_BINDING: Final = "kb+jwt"

MAX_DISCLOSURES: Final = 1_000
_MAX_DEPTH: Final = 32  # as deep as one JSON text may be: disclosures must not build what we would not read

# Disclosures are told apart from the key binding by their place, not by their look.
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*~(?:[A-Za-z0-9_-]+~)*[A-Za-z0-9_.-]*")

# IANA "Named Information Hash Algorithm": those that are as strong as RFC 9901 §4.1.1 asks for.
_HASHES: Final = {"sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512}

DIGESTS: Final = "_sd"
_HASH_NAME: Final = "_sd_alg"
_PLACEHOLDER: Final = "..."

# Withheld, each of these would make the rest say more than the issuer said: until when, about whom, whether
# it still counts (SD-JWT VC §2.2.2.2; VC-JOSE-COSE names no such list, so the second one is ours).
NEVER_DISCLOSED: Final = {
    SD_JWT_VC: frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"}),
    W3C: frozenset(
        {"@context", "type", "issuer", "validFrom", "validUntil", "credentialStatus", "termsOfUse"}
        | {"iss", "nbf", "exp", "cnf", "status", "vc"}
    ),
}


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One claim, or one element of an array (``name`` is None), and the text whose digest was signed."""

    text: str
    name: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class SdJwt:
    """An SD-JWT taken apart and put together; nothing in it has been checked but its shape."""

    jws: Jws
    payload: Mapping[str, Any]
    """The claims that are shown, as if there had never been anything else."""
    places: Mapping[Path, str]
    """Where each disclosure belongs, and its text."""
    presented: str
    """All before the key binding: what ``sd_hash`` is made of (RFC 9901 §4.3.1)."""
    binding: str | None
    """The key binding token, when there is one."""

    @property
    def kind(self) -> str:
        """``vc+sd-jwt``, ``dc+sd-jwt`` or whatever else the header says, in lower case."""
        return str(self.jws.header.get("typ")).lower().removeprefix("application/")

    @property
    def digest(self) -> Callable[[str], str]:
        """How texts are hashed in this SD-JWT."""
        return _digest(self.jws.payload)


def looks_like_sd_jwt(text: str) -> bool:
    """Whether the text has the shape of an SD-JWT, with or without key binding."""
    return "~" in text and _SHAPE.fullmatch(text) is not None


def fresh_salt() -> str:
    """128 random bits (RFC 9901 §9.3): without them, a digest would tell its claim to whoever guesses."""
    return base64url_encode(random(16))


# --- issuing


def issue(
    claims: Mapping[str, Any],
    signer: Signer,
    *,
    header: Mapping[str, Any],
    disclose: Collection[str],
    salt: Callable[[], str] = fresh_salt,
) -> str:
    """Sign the claims so that those at the JSON pointers in ``disclose`` can be shown one by one (§5)."""
    if _reserved_in(claims):
        raise MalformedError("sd-jwt-reserved", "The claims use a name that SD-JWT keeps for itself.")
    hider = Hider(disclose, salt)
    payload = hider.payload(claims)
    return "~".join([jws.sign(header, payload, signer), *hider.texts, ""])


def refuse_withholding(kind: str, disclose: Collection[str]) -> None:
    """Refuse pointers to claims, or into claims, that every reader must see."""
    hidden = {_parse_pointer(pointer)[0] for pointer in disclose} & NEVER_DISCLOSED[kind]
    if hidden:
        names = ", ".join(sorted(hidden))
        raise MalformedError("sd-jwt-never-disclosable", f"Every reader must see {names}.")


class Hider:
    """Walks through claims and takes out what is to be disclosable, the innermost first."""

    def __init__(self, disclose: Collection[str], salt: Callable[[], str]) -> None:
        self.wanted = {_parse_pointer(pointer) for pointer in disclose}
        self.texts: list[str] = []
        self._salt = salt

    def payload(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims as they are signed; the disclosures are then in ``texts``."""
        payload = self.object(claims, ())
        if self.wanted:
            missing = ", ".join(sorted(map(_pointer, self.wanted)))
            raise MalformedError("sd-jwt-pointer", f"There is nothing to disclose at {missing}.")
        if self.texts:
            payload[_HASH_NAME] = "sha-256"
        return payload

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return self.object(value, path)
        if isinstance(value, list):
            return [self.element(each, (*path, str(index))) for index, each in enumerate(value)]
        return value

    def object(self, members: Mapping[str, Any], path: Path) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        digests = []
        for name, member in members.items():
            inner = self.value(member, (*path, name))
            if (*path, name) in self.wanted:
                self.wanted.discard((*path, name))
                digests.append(self.hide([self._salt(), name, inner]))
            else:
                shown[name] = inner
        # Sorted by digest, so that their order tells nothing about the claims (§4.2.4.1).
        return {**shown, DIGESTS: sorted(digests)} if digests else shown

    def element(self, value: Any, path: Path) -> Any:
        inner = self.value(value, path)
        if path not in self.wanted:
            return inner
        self.wanted.discard(path)
        return {_PLACEHOLDER: self.hide([self._salt(), inner])}

    def hide(self, disclosure: list[Any]) -> str:
        """The digest of what is left in place of a claim."""
        text = base64url_encode(to_json(disclosure))
        self.texts.append(text)
        return _digest({})(text)


# --- reading


def split(text: str, *, take_apart: Callable[[str], Jws] = jws.split) -> SdJwt:
    """Take an SD-JWT apart and put its claims together (RFC 9901 §7.1, B58); no signature is looked at."""
    if not looks_like_sd_jwt(text):
        raise MalformedError("sd-jwt-malformed", "This is not an SD-JWT.")
    token, *disclosures, binding = text.split("~")
    if len(disclosures) > MAX_DISCLOSURES:
        raise MalformedError("limit-disclosures", f"It has more than {MAX_DISCLOSURES:,} disclosures.")
    if binding and not jws.looks_like_jws(binding):
        raise MalformedError("sd-jwt-malformed", "The SD-JWT does not end with '~' or a key binding.")
    signed = take_apart(token)
    reader = _Reader(_digest(signed.payload), [_disclosure(each) for each in disclosures])
    payload = reader.object(signed.payload, ())
    reader.refuse_leftovers()
    return SdJwt(signed, payload, reader.places, text[: len(text) - len(binding)], binding or None)


def read(text: str) -> SdJwt:
    """A credential as SD-JWT; one in which something may be withheld that must not be is malformed."""
    parts = split(text)
    never = NEVER_DISCLOSED.get(parts.kind, frozenset())
    if any(path[0] in never for path in parts.places) or any(
        _reserved_in(value) for name, value in parts.jws.payload.items() if name in never
    ):
        raise MalformedError("sd-jwt-never-disclosable", "It could hide what every reader must see.")
    jws.refuse_other_dates(parts.payload)  # those in disclosures, too
    return parts


class _Reader:
    """Puts disclosures where their digests stand; each digest is met once, each disclosure used once."""

    def __init__(self, digest: Callable[[str], str], disclosures: list[Disclosure]) -> None:
        self._unused = {digest(each.text): each for each in disclosures}
        if len(self._unused) != len(disclosures):
            raise MalformedError("sd-jwt-disclosure-twice", "A disclosure is there twice.")
        self._met: set[str] = set()
        self.places: dict[Path, str] = {}

    def value(self, value: Any, path: Path) -> Any:
        if len(path) > _MAX_DEPTH:
            raise MalformedError("limit-depth", "The disclosures are nested too deeply.")
        if isinstance(value, dict):
            return self.object(value, path)
        if isinstance(value, list):
            return self.array(value, path)
        return value

    def object(self, members: Mapping[str, Any], path: Path) -> dict[str, Any]:
        if _PLACEHOLDER in members or (path and _HASH_NAME in members):
            raise MalformedError("sd-jwt-reserved", "A name of SD-JWT's own is in a wrong place.")
        digests = members.get(DIGESTS, [])
        if not isinstance(digests, list):
            raise MalformedError("sd-jwt-digest", "'_sd' is not a list of digests.")
        shown = {
            name: self.value(value, (*path, name))
            for name, value in members.items()
            if name not in (DIGESTS, _HASH_NAME)
        }
        for digest in digests:
            disclosure = self._take(digest)
            if disclosure is None:
                continue  # withheld, or a decoy: nobody can tell
            if disclosure.name is None:
                raise MalformedError("sd-jwt-disclosure", "A disclosure for an array belongs to an object.")
            if disclosure.name in shown:
                raise MalformedError("sd-jwt-overrides", "A disclosure would replace a claim that is there.")
            self.places[(*path, disclosure.name)] = disclosure.text
            shown[disclosure.name] = self.value(disclosure.value, (*path, disclosure.name))
        return shown

    def array(self, elements: list[Any], path: Path) -> list[Any]:
        shown: list[Any] = []
        for element in elements:
            place = (*path, str(len(shown)))
            if not (isinstance(element, dict) and element.keys() == {_PLACEHOLDER}):
                shown.append(self.value(element, place))
                continue
            disclosure = self._take(element[_PLACEHOLDER])
            if disclosure is None:
                continue
            if disclosure.name is not None:
                raise MalformedError("sd-jwt-disclosure", "A disclosure for an object belongs to an array.")
            self.places[place] = disclosure.text
            shown.append(self.value(disclosure.value, place))
        return shown

    def refuse_leftovers(self) -> None:
        if self._unused:
            raise MalformedError("sd-jwt-disclosure-unused", "A disclosure is of nothing that was signed.")

    def _take(self, digest: Any) -> Disclosure | None:
        if not isinstance(digest, str):
            raise MalformedError("sd-jwt-digest", "A digest is not a string.")
        if digest in self._met:
            raise MalformedError("sd-jwt-digest-twice", "A digest is there twice.")
        self._met.add(digest)
        return self._unused.pop(digest, None)


def _disclosure(text: str) -> Disclosure:
    data = base64url_decode(text)
    texts = parse_texts(data)
    # Our parser reads objects; what is no single array cannot pass for the one member of this one.
    parsed = parse_json(b'{"d":' + data + b"}") if texts is None else {"d": texts}
    match parsed.get("d"):
        case [str(), str() as name, value] if len(parsed) == 1 and name not in (DIGESTS, _PLACEHOLDER):
            return Disclosure(text, name, value)
        case [str(), value] if len(parsed) == 1:
            return Disclosure(text, None, value)
    raise MalformedError("sd-jwt-disclosure", "A disclosure is not a salt, a name and a value.")


def _digest(payload: Mapping[str, Any]) -> Callable[[str], str]:
    name = payload.get(_HASH_NAME, "sha-256")
    if not isinstance(name, str) or name not in _HASHES:
        raise UnsupportedError("sd-jwt-hash", "The SD-JWT uses a hash function that we do not know.")
    function = _HASHES[name]
    return lambda text: base64url_encode(function(text.encode("ascii")).digest())


def _reserved_in(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value.keys() & {DIGESTS, _HASH_NAME, _PLACEHOLDER}) or any(
            map(_reserved_in, value.values())
        )
    return isinstance(value, list) and any(map(_reserved_in, value))


# --- showing


def disclosable(text: str) -> tuple[str, ...]:
    """JSON pointers of everything that the holder of this SD-JWT can show or withhold."""
    return tuple(map(_pointer, split(text).places))


def select(text: str, *, disclose: Collection[str]) -> str:
    """The SD-JWT with these disclosures only, and those around them (§7.2); a key binding is dropped."""
    parts = split(text)
    wanted = {_parse_pointer(pointer) for pointer in disclose}
    unknown = wanted - parts.places.keys()
    if unknown:
        missing = ", ".join(sorted(map(_pointer, unknown)))
        raise MalformedError("sd-jwt-pointer", f"There is nothing to disclose at {missing}.")
    # A claim inside another disclosure cannot be found without it.
    shown = [
        disclosure
        for place, disclosure in parts.places.items()
        if any(path[: len(place)] == place for path in wanted)
    ]
    return "~".join([parts.presented.partition("~")[0], *shown, ""])


def bind(presented: str, holder: Signer, *, audience: str, nonce: str, at: datetime) -> str:
    """Sign the showing of exactly these claims, to one reader, once (§4.3)."""
    parts = split(presented)
    if parts.binding is not None or _holder_key(parts) != holder.public_key:
        raise MalformedError("binding-key", "It is not bound to this key, or is bound to a showing already.")
    payload = {
        "iat": int(at.timestamp()),
        "aud": audience,
        "nonce": nonce,
        "sd_hash": parts.digest(parts.presented),
    }
    return presented + jws.sign({"typ": KEY_BINDING}, payload, holder)


def credential_of(parts: SdJwt) -> jose.Token:
    """The W3C credential that is shown, as a token whose payload it is (VC-JOSE-COSE §3.2.1)."""
    return jose.token_of(jws.Jws(parts.jws.header, parts.payload, parts.jws.signed, parts.jws.signature))


# --- judging


def check(parts: SdJwt, resolve: Resolve, *, at: datetime) -> Answer:
    """Look at the signature of an SD-JWT credential, and at its key binding when it has one."""
    if parts.kind == SD_JWT_VC:
        answer = _check_vc(parts, resolve, at)
    else:
        shows = jose.is_presentation(parts.payload)
        profile = replace(
            jose.PRESENTATION if shows else jose.CREDENTIAL, types=(PRESENTATION if shows else W3C,)
        )
        answer = jose.check(credential_of(parts), resolve, at=at, profile=profile)
    if answer.outcome is not Outcome.PASSED or parts.binding is None:
        return answer
    try:
        _verify_binding(parts, at)
    except CairnError as error:
        return Answer.of(error, methods=answer.methods)
    return Answer(
        answer.outcome,
        answer.code,
        answer.message,
        answer.document,
        answer.methods,
        {**answer.details, "binding": "holder-key"},
    )


def check_presented(
    parts: SdJwt, *, audience: str, nonce: str, at: datetime, max_age: timedelta = timedelta(minutes=5)
) -> None:
    """Refuse a showing that its holder did not sign for this reader and question, just now (B55, B58)."""
    if parts.binding is None:
        raise MalformedError("binding-missing", "Its holder has not signed that it is shown to you.")
    claims = _verify_binding(parts, at)
    if claims["aud"] != audience:
        raise MalformedError("binding-audience", "It was shown to somebody else.")
    if claims["nonce"] != nonce:
        raise MalformedError("binding-nonce", "It was shown in answer to another question.")
    if at.timestamp() - claims["iat"] > (max_age + CLOCK_SKEW).total_seconds():
        raise MalformedError("binding-old", "It was shown too long ago.")


def vc_problems(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of claims of an SD-JWT VC that are missing or of a wrong kind (SD-JWT VC §2.2.2)."""
    kinds: dict[str, Callable[[Any], bool]] = {
        "iss": is_identifier,
        "vct": lambda value: isinstance(value, str) and bool(value),
        "sub": lambda value: isinstance(value, str) and bool(value),
        "cnf": lambda value: isinstance(value, dict) and bool(value),
        "status": lambda value: isinstance(value, dict) and bool(value),
        "vct#integrity": lambda value: isinstance(value, str),
    }
    required = ("iss", "vct")
    return tuple(
        name
        for name, fits in kinds.items()
        if (name in required or name in payload) and not fits(payload.get(name))
    )


def _check_vc(parts: SdJwt, resolve: Resolve, at: datetime) -> Answer:
    issuer = parts.payload.get("iss")
    # Without a kid the issuer alone is named, which is enough for an issuer with one key.
    url = jws.method_url(parts.jws, issuer) if "kid" in parts.jws.header else issuer
    try:
        if not isinstance(url, str):
            raise MalformedError("token-key", "The token does not say which key signed it.")
        jws.algorithm(parts.jws)
        issued_at = jws.issued_at(parts.jws, at=at)
        method = resolve(url)
        jws.verify(parts.jws, method.public_key)
        refuse_key_out_of_use(method, signed_at=issued_at, at=at)
    except CairnError as error:
        return Answer.of(error, methods=(url,) if isinstance(url, str) else ())
    details = {"algorithm": str(parts.jws.header["alg"])}
    if issued_at is not None:
        details["created"] = format_datetime(issued_at)
    message = "Nothing has been changed since it was signed."
    return Answer(Outcome.PASSED, "ok", message, parts.payload, (method.id,), details)


def _verify_binding(parts: SdJwt, at: datetime) -> Mapping[str, Any]:
    """The claims of a key binding that the holder signed over exactly what is shown (RFC 9901 §7.3)."""
    assert parts.binding is not None
    binding = jws.split(parts.binding)
    if not jws.is_type(binding.header.get("typ"), KEY_BINDING):
        raise MalformedError("binding-type", "What follows the disclosures is no key binding.")
    claims = binding.payload
    if (
        not all(isinstance(claims.get(name), str) for name in ("aud", "nonce", "sd_hash"))
        or "iat" not in claims
    ):
        raise MalformedError("binding-claims", "The key binding lacks a claim.")
    jws.issued_at(binding, at=at)
    if claims["sd_hash"] != parts.digest(parts.presented):
        raise MalformedError("binding-hash", "The key binding belongs to a showing of other claims.")
    try:
        jws.verify(binding, _holder_key(parts))
    except MalformedError as error:
        raise MalformedError("binding-mismatch", f"The key binding does not hold: {error.message}") from error
    return claims


def _holder_key(parts: SdJwt) -> PublicKey:
    confirmation = parts.payload.get("cnf")
    key = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if not isinstance(key, dict):
        raise MalformedError("binding-key", "It is not bound to a key of its holder.")
    return PublicKey.from_jwk(key)


# --- JSON pointers (RFC 6901)


def _parse_pointer(pointer: str) -> Path:
    if not pointer.startswith("/"):
        raise MalformedError("sd-jwt-pointer", f"{pointer[:80]!r} is not a JSON pointer to a claim.")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def _pointer(path: Path) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
