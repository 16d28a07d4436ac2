# SPDX-License-Identifier: Apache-2.0
"""Everything of the library that reads what a stranger brought: a call, seeds, and what must hold (H6).

A parser may raise ``CairnError`` and nothing else. What it accepts must pass its ``holds``: come back the
same when it is written again, or be what another program reads there.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import rfc8785

from bench import documents
from cairn import (
    Materials,
    PrivateKey,
    PublicKey,
    bake,
    gather,
    judge,
    read,
    sign,
    sign_cose,
    unbake,
    webvh,
)
from cairn.canonical import jcs, parse_json, rdf_canonical, to_json
from cairn.canonical.rdfc import canonicalize, parse_nquads, serialise
from cairn.canonical.selection import parse_pointer
from cairn.credential import format_datetime, parse_datetime, structure_problems
from cairn.did import DidDocument, did_jwk, did_key, did_web_url, document_for, read_key_document
from cairn.errors import CairnError
from cairn.fetch import Url, is_public
from cairn.keys import Algorithm, base64url_decode, base64url_encode, multibase_decode, multibase_encode
from cairn.pdf import attach, extract
from cairn.proof import cbor, cose, jws, sd_jwt, status_token
from cairn.status import StatusEntry, StatusList, TokenStatus, TokenStatusList
from cairn.status.revocation_list import read_revocation_list
from cairn.testing import FixedSources, did_document
from cairn.trust_list import read_list
from cairn.webvh import read_history
from prove.genuine import AT, contains, meaning, world
from prove.mutating import PDF, PNG, SVG
from prove.strict_json import second_opinion

Parse = Callable[[bytes], Any]
# Given what was read and what it was read to; a sentence when something is wrong.
Holds = Callable[[bytes, Any], str | None]


@dataclass(frozen=True, slots=True)
class Parser:
    name: str
    parse: Parse
    seeds: tuple[bytes, ...]
    holds: Holds


def _of_text(read_text: Callable[[str], Any]) -> Parse:
    """Bytes that are no text are nothing that such a parser would ever see."""

    def parse(data: bytes) -> Any:
        return read_text(data.decode("utf-8", "replace"))

    return parse


def _of_object(read_object: Callable[[Any], Any]) -> Parse:
    return lambda data: read_object(parse_json(data))


def _anything(_data: bytes, _value: Any) -> None:
    """Whatever was read is fine."""


def _written_again(write: Callable[[Any], bytes]) -> Holds:
    def holds(data: bytes, value: Any) -> str | None:
        again = write(value)
        return None if again == data else f"is written as {again[:200]!r}"

    return holds


def _fixed(parse: Parse, write: Callable[[Any], bytes]) -> Holds:
    """Not every spelling is the one that is written, but what is written is read as the same."""

    def holds(_data: bytes, value: Any) -> str | None:
        again = write(value)
        return None if parse(again) == value else f"is written as {again[:200]!r}, which reads otherwise"

    return holds


def _as_others_read(data: bytes, value: Any) -> str | None:
    expected = second_opinion(data)
    # As text, because 1 == 1.0 == True in Python.
    return None if repr(expected) == repr(value) else f"a second reader finds {expected!r}"


def _as_others_write(data: bytes, value: Any) -> str | None:
    expected = rfc8785.dumps(parse_json(data))
    return None if expected == value else f"rfc8785 writes {expected[:200]!r}"


def _same_moment(data: bytes, value: Any) -> str | None:
    text = data.decode().upper().replace("Z", "+00:00")
    whole, _, rest = text.partition(".")
    if rest:
        # Python reads six digits of a second at the most, and so do we.
        digits = rest[: len(rest) - 6]
        text = f"{whole}.{digits[:6]}{rest[-6:]}"
    expected = datetime.fromisoformat(text)
    if expected != value:
        return f"the standard library reads {expected}"
    return None if parse_datetime(format_datetime(value)) == value.replace(microsecond=0) else "is not kept"


def _same_host(data: bytes, value: Url) -> str | None:
    try:
        seen = urlsplit(data.decode())
    except ValueError:
        return None  # "[:1]" is no address: the connection finds out, and whoever is stricter is no danger
    # urlsplit drops the brackets of IPv6.
    same = (seen.hostname, seen.port or value.port) == (value.host.strip("[]"), value.port)
    return None if same and seen.username is None else f"urlsplit finds {seen.hostname!r}"


def _is_a_url(_data: bytes, value: str) -> str | None:
    return None if Url.parse(value).scheme == "https" else f"{value!r} is no https URL"


def _baked_again(data: bytes, value: bytes) -> str | None:
    return None if unbake(bake(data, value)) == value else "is not found again once it is baked"


def _attached_again(data: bytes, value: bytes) -> str | None:
    return None if extract(attach(data, value, at=AT)) == value else "is not found again once it is attached"


def _says_nothing_else(_data: bytes, document: Any) -> str | None:
    """What lies around a credential is not covered by its signature, so only what is shown counts."""
    if document is None or any(contains(said, meaning(document)) for said in _SAID):
        return None
    return f"was accepted and says {document!r}"


def _examined(data: bytes) -> Any:
    """Read, asked about, judged and written down, as an upload would be; what would be shown, if anything."""
    materials = gather(read(data), SOURCES, at=AT)
    report = judge(materials, at=AT)
    to_json(report.to_document())
    Materials.from_json(materials.to_json())
    return report.document if report.accepted else None


SOURCES, _FIXTURES = world()
_KEY = PrivateKey.from_seed(bytes(range(32)))
_CURVE = PrivateKey.from_bytes(Algorithm.P256, bytes(range(1, 33)))
_DID = did_key(_KEY.public_key)
_METHOD = f"{_DID}#{_KEY.public_key.multikey()}"
_WEB = "did:web:potters.example"
_BADGE = to_json(documents.small(1, _DID))
_SIGNED = sign(documents.small(1, _DID), _KEY, verification_method=_METHOD, at=AT)
_TOKENS = tuple(fixture.secured for fixture in _FIXTURES["jwt"][:3])
_SD_JWTS = tuple(fixture.secured for fixture in _FIXTURES["sd-jwt"])
_COSE = sign_cose(documents.small(1, _DID), _KEY, verification_method=_METHOD)
_STATUS_TOKEN = status_token.sign(
    TokenStatusList.empty(2, 64), _KEY, uri="https://potters.example/t/1", kid=_METHOD, at=AT
).encode("ascii")
_N_QUADS = rdf_canonical(documents.small(1, _DID))
_LIST = SOURCES.answers[next(iter(SOURCES.answers))]
_WEBVH_PLACE = "{SCID}:potters.example"
_LOG = webvh.create(
    parse_json(did_document(f"did:webvh:{_WEBVH_PLACE}", _KEY.public_key)), _KEY, at=AT - timedelta(days=9)
)
_WEBVH = parse_json(_LOG.splitlines()[0])["state"]["id"]
_LONGER_LOG = webvh.update(
    _LOG, parse_json(did_document(_WEBVH, _CURVE.public_key)), _KEY, at=AT - timedelta(days=8)
)
_OLD_BADGE = to_json(
    {
        "@context": "https://w3id.org/openbadges/v2",
        "type": "Assertion",
        "id": "https://potters.example/old/1",
        "badge": "https://potters.example/old/badge",
        "recipient": {"type": "email", "hashed": True, "salt": "s", "identity": "sha256$00"},
        "verification": {"type": "hosted"},
        "issuedOn": "2018-01-01T00:00:00Z",
    }
)
_PDF = attach(PDF, _SIGNED, at=AT)
_SAID = [
    *(meaning(fixture.said) for fixtures in _FIXTURES.values() for fixture in fixtures),
    meaning(documents.small(1, _DID)),
]


def _nquads(data: bytes) -> Any:
    quads = parse_nquads(data.decode("utf-8", "replace"))
    try:
        canonicalize(quads)
    except CairnError as error:
        if error.code != "limit-rdf-work":
            raise
    return quads


PARSERS = (
    Parser("json", parse_json, (_BADGE, b'{"a":[1,-0.5,1e5,null,true,"\\u00e9"]}'), _as_others_read),
    Parser(
        "jcs", lambda data: jcs(parse_json(data)), (_BADGE, b'{"b":1e-7,"a":"\\u2028"}'), _as_others_write
    ),
    Parser(
        "base64url",
        _of_text(base64url_decode),
        (b"", b"AA", b"-_-_", base64url_encode(_BADGE).encode()),
        _written_again(lambda value: base64url_encode(value).encode()),
    ),
    Parser(
        "multibase",
        _of_text(multibase_decode),
        (_KEY.public_key.multikey().encode(), b"z1111", b"uAA", b"z2NEpo7TZRRrLZSi2U"),
        lambda data, value: (
            None
            if multibase_encode(value, "z" if data.startswith(b"z") else "u").encode() == data
            else "is written in another way"
        ),
    ),
    Parser(
        "multikey",
        _of_text(PublicKey.from_multikey),
        tuple(key.public_key.multikey().encode() for key in (_KEY, _CURVE)),
        _written_again(lambda key: key.multikey().encode()),
    ),
    Parser(
        "jwk",
        _of_object(PublicKey.from_jwk),
        tuple(to_json(key.public_key.jwk()) for key in (_KEY, _CURVE)),
        lambda _, key: None if PublicKey.from_jwk(key.jwk()) == key else "is not the same key again",
    ),
    Parser(
        "date and time",
        _of_text(parse_datetime),
        (b"2026-11-02T12:00:00Z", b"2026-11-02T12:00:00.123456+05:30", b"0001-01-01T00:00:00-00:01"),
        _same_moment,
    ),
    Parser(
        "url",
        _of_text(Url.parse),
        (b"https://potters.example/a?b=c", b"http://[::1]:8000/", b"https://a.example:8443/%41"),
        _same_host,
    ),
    Parser("address", _of_text(is_public), (b"8.8.8.8", b"::ffff:10.0.0.1", b"fe80::1%eth0"), _anything),
    Parser(
        "did:web",
        _of_text(did_web_url),
        (b"did:web:potters.example", b"did:web:a.example%3A8443:b:c", b"did:web:a.example:%C3%A9"),
        _is_a_url,
    ),
    Parser(
        "did:key and did:jwk",
        _of_text(document_for),
        (_DID.encode(), did_key(_CURVE.public_key).encode(), did_jwk(_CURVE.public_key).encode()),
        lambda data, document: None if document.methods else "has no key",
    ),
    Parser(
        "DID document",
        _of_object(lambda document: DidDocument.read(document, expected_id=_WEB)),
        (did_document(_WEB, _KEY.public_key), did_document(_WEB, _CURVE.public_key)),
        _anything,
    ),
    Parser(
        "key set",
        _of_object(lambda document: DidDocument.of_key_set("https://potters.example", document)),
        (to_json({"keys": [{**key.public_key.jwk(), "kid": "1"} for key in (_KEY, _CURVE)]}),),
        _anything,
    ),
    Parser(
        "key document",
        _of_object(
            lambda document: read_key_document(
                document, url="https://potters.example/k", controller="https://potters.example"
            )
        ),
        (to_json({**_KEY.public_key.jwk(), "kid": "https://potters.example/k"}),),
        _anything,
    ),
    Parser(
        "did:webvh",
        lambda log: read_history(_WEBVH, log, None, at=AT),
        (_LOG, _LONGER_LOG),
        lambda log, history: None if history.versions else "has no version",
    ),
    Parser("JWS", _of_text(jws.split), _TOKENS, _anything),
    Parser("SD-JWT", _of_text(sd_jwt.read), _SD_JWTS, _anything),
    Parser("status list token", status_token.split, (_STATUS_TOKEN, *_TOKENS[:1]), _anything),
    Parser(
        "CBOR",
        cbor.decode,
        (cbor.encode([1, b"\0", "a", {1: b"b"}, [2**40]]), _COSE[1:]),
        _written_again(cbor.encode),
    ),
    Parser("COSE", cose.split, (_COSE,), _anything),
    Parser(
        "N-Quads",
        _nquads,
        (_N_QUADS, b'_:a <urn:p> "x\\n"@en <urn:g> .\n'),
        # What is written is sorted, and says nothing twice.
        lambda _, quads: (
            None
            if sorted(parse_nquads(serialise(quads))) == sorted(set(quads))
            else "is not the same graph again"
        ),
    ),
    Parser(
        "JSON pointer", _of_text(parse_pointer), (b"", b"/a/0/~01", b"/credentialSubject/name"), _anything
    ),
    Parser("PNG", unbake, (bake(PNG, _SIGNED), bake(PNG, _TOKENS[0]), PNG), _baked_again),
    Parser("SVG", unbake, (bake(SVG, _SIGNED), bake(SVG, _TOKENS[0]), SVG), _baked_again),
    Parser("PDF", extract, (_PDF,), _attached_again),
    Parser(
        "bitstring",
        _of_text(StatusList.decode),
        (StatusList().encode().encode(), b"u" + base64url_encode(zlib.compress(bytes(20_000))).encode()),
        _fixed(_of_text(StatusList.decode), lambda bits: bits.encode().encode()),
    ),
    Parser(
        "status entry",
        _of_object(StatusEntry.from_document),
        (to_json(documents.status_entry(5)),),
        lambda _, entry: (
            None if StatusEntry.from_document(entry.to_document()) == entry else "is not the same entry again"
        ),
    ),
    Parser(
        "token status list",
        _of_object(TokenStatusList.from_claim),
        (to_json(TokenStatusList.empty(2, 64).to_claim()), b'{"bits":1,"lst":"eNrbuRgAAhcBXQ"}'),
        lambda _, bits: (
            None if TokenStatusList.from_claim(bits.to_claim()) == bits else "is not the same list"
        ),
    ),
    Parser(
        "token status",
        _of_object(TokenStatus.from_claims),
        (b'{"status":{"status_list":{"idx":5,"uri":"https://potters.example/t/1"}}}',),
        _anything,
    ),
    Parser(
        "revocation list",
        _of_object(
            lambda document: read_revocation_list(document, url="https://potters.example/r", issuer=_DID)
        ),
        (
            to_json(
                {
                    "id": "https://potters.example/r",
                    "issuer": _DID,
                    "revokedCredential": [{"id": "urn:uuid:1", "revoked": True, "revocationReason": "x"}],
                }
            ),
        ),
        _anything,
    ),
    Parser("structure", _of_object(structure_problems), (_BADGE, _LIST), _anything),
    Parser(
        "trust list",
        lambda data: read_list(data, name="x"),
        (
            b'{"type":"CairnTrustList","version":1,"issuers":[{"id":"did:web:potters.example","name":"P"}]}',
            b"issuer,name,until\ndid:web:potters.example,Potters,2027-01-01\n",
            b'["did:web:potters.example"]',
        ),
        _anything,
    ),
    Parser(
        "materials",
        Materials.from_json,
        (gather(read(_SIGNED), SOURCES, at=AT).to_json(),),
        lambda _, materials: (
            None if Materials.from_json(materials.to_json()) == materials else "are not the same again"
        ),
    ),
    Parser(
        "a whole verification", _examined, (_SIGNED, *_TOKENS, *_SD_JWTS, _COSE, _PDF), _says_nothing_else
    ),
    Parser(
        "a status list that is fetched",
        lambda data: (
            judge(
                gather(read(_SIGNED), FixedSources(dict.fromkeys(SOURCES.answers, data)), at=AT), at=AT
            ).accepted
        ),
        (_LIST,),
        # Order and repetition of items mean nothing in it either (S16).
        lambda data, value: (
            "was accepted" if value and meaning(parse_json(data)) != meaning(parse_json(_LIST)) else None
        ),
    ),
)
