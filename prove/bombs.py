# SPDX-License-Identifier: Apache-2.0
"""``verify.bombs``: small inputs that would cost much are refused for little (G9, H13).

At least sixty inputs of at most 64 KB: nesting, numbers, compression, signatures that must be looked for,
graphs, trees of disclosures. Each is judged in a child of its own, and must end refused within two seconds of
processor time and 128 MB more than the child had, with none but the library's own errors.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import struct
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

from bench import documents
from cairn import PrivateKey, Verifier, bake, bind_sd_jwt, sign, sign_jwt, sign_sd_jwt
from cairn.canonical import parse_json, strict_json, to_json
from cairn.canonical.rdfc import canonicalize
from cairn.did import did_key
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.fetch import Url
from cairn.keys import Algorithm, base64url_encode, multibase_decode
from cairn.proof import cbor
from cairn.status import bitstring
from cairn.testing import FixedSources
from prove.campaign import Campaign, Failure
from prove.child import in_child
from prove.genuine import AT, LIST_URL
from prove.mutating import PNG, SVG, pdf_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from random import Random

LARGEST = 64 * 1024
SECONDS, MEBIBYTES = 2, 128
FEWEST = 60

KEY = PrivateKey.from_seed(bytes(range(32)))
DID = did_key(KEY.public_key)
METHOD = f"{DID}#{KEY.public_key.multikey()}"
CURVE_KEY = multibase_decode(PrivateKey.from_bytes(Algorithm.P256, bytes(range(1, 33))).public_key.multikey())
HOLDER = PrivateKey.from_seed(bytes(range(1, 33)))
WEB = "did:web:potters.example"
WEB_DOCUMENT = "https://potters.example/.well-known/did.json"


@dataclass(frozen=True, slots=True)
class Bomb:
    """What is brought, and what the addresses in it answer."""

    name: str
    data: bytes
    answers: Mapping[str, bytes] = field(default_factory=dict)


class Bombs(Campaign):
    """Every bomb, once; there is nothing random in it."""

    name = "verify.bombs"
    promise = "a small input that would cost much is refused within 2 s and 128 MB"

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        found = list(bombs())
        if len({bomb.name for bomb in found}) < FEWEST:
            yield Failure(f"there are only {len(found)} bombs")
        for bomb in found:
            yield _judged(bomb)

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """A canonical form that may take as many steps as it likes."""
        with (
            mock.patch.dict(canonicalize.__kwdefaults__, max_work=10**15),
            mock.patch("cairn.canonical.json_ld.MAX_BLANK_NODES", 10**9),
        ):
            yield

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        return {
            "without limits for graphs": self.broken_build,
            "without limits for depth": partial(
                mock.patch.object, strict_json, "_check_shape", lambda *_: None
            ),
            "without limits for inflating": partial(mock.patch.object, bitstring, "_gunzip", _inflate_all),
        }


def _inflate_all(packed: bytes, _limit: int) -> bytes:
    return gzip.decompress(packed) * 2


def _judged(bomb: Bomb) -> Failure | None:
    sizes = [len(bomb.data), *map(len, bomb.answers.values())]
    if max(sizes) > LARGEST:
        return Failure(f"{bomb.name}: {max(sizes)} bytes are more than a bomb may have")
    told = in_child(partial(_examined, bomb), cpu_seconds=SECONDS, mebibytes=MEBIBYTES)
    if told.answer is None:
        return Failure(f"{bomb.name}: {told.ended}")
    if told.answer == "accepted":
        return Failure(f"{bomb.name}: accepted")
    if told.cpu_seconds > SECONDS or told.extra_mebibytes > MEBIBYTES:
        return Failure(f"{bomb.name}: {told.cpu_seconds:.1f} s and {told.extra_mebibytes:.0f} MB")
    return None


class _Grammar(FixedSources):
    """Answers without a network, once the address has been read as a real visit would read it."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        try:
            Url.parse(url)
        except MalformedError as error:
            raise UnavailableError("fetch-blocked", "The address could not be read.") from error
        return super().fetch(url, accept=accept, limit=limit)


def _examined(bomb: Bomb) -> str:
    verifier = Verifier(_Grammar(bomb.answers))
    try:
        report = verifier.examine(bomb.data, at=AT)
    except CairnError as error:
        return error.code
    return "accepted" if report.accepted else "refused"


# The bombs, by what they are made of.


def bombs() -> Iterator[Bomb]:
    """All of them."""
    for made in (
        *(_of_json, _of_json_ld, _of_proofs, _of_lists, _of_tokens, _of_disclosures, _of_cbor, _of_names),
        *(_of_png, _of_svg, _of_pdf, _of_key_documents),
    ):
        yield from made()


def _credential(**members: Any) -> dict[str, Any]:
    document = documents.small(1, DID)
    del document["credentialStatus"]
    return {**document, **members}


def _proved(document: Mapping[str, Any], value: str = "z" + "2" * 88, **members: Any) -> bytes:
    """With a proof that is not true, so that all its cost comes before the signature."""
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2026-11-02T12:00:00Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "proofValue": value,
    }
    return to_json({**document, "proof": {**proof, **members}})


def _nested(opening: str, closing: str, room: int = 60_000) -> bytes:
    count = room // len(opening + closing)
    return (opening * count + "1" + closing * count).encode()


def _of_json() -> Iterator[Bomb]:
    yield Bomb("json: deep lists", b'{"a":' + _nested("[", "]") + b"}")
    yield Bomb("json: deep objects", _nested('{"a":', "}"))
    yield Bomb("json: deep and never closed", b'{"a":' + b"[" * 65_000)
    yield Bomb("json: an integer of 60,000 digits", b'{"a":' + b"9" * 60_000 + b"}")
    yield Bomb("json: a fraction of 60,000 digits", b'{"a":0.' + b"3" * 60_000 + b"}")
    yield Bomb("json: an exponent of 60,000 digits", b'{"a":1e' + b"9" * 60_000 + b"}")
    yield Bomb("json: 30,000 numbers", b'{"a":[' + b"0," * 30_000 + b"0]}")
    yield Bomb("json: 20,000 empty objects", b'{"a":[' + b"{}," * 20_000 + b"{}]}")
    yield Bomb("json: 6,000 keys", b"{" + b",".join(b'"k%d":0' % key for key in range(6_000)) + b"}")
    yield Bomb("json: one key of 60,000 characters", b'{"' + b"k" * 60_000 + b'":0}')
    yield Bomb("json: one key 8,000 times", b"{" + b",".join([b'"a":0'] * 8_000) + b"}")
    yield Bomb("json: 10,000 escapes", b'{"a":"' + b"\\ud83d" * 10_000 + b'"}')
    yield Bomb("json: a string that never ends", b'{"a":"' + b"\\\\" * 32_000)
    yield Bomb("json: 60,000 spaces", b'{"a"' + b" " * 60_000 + b"}")


def _of_json_ld() -> Iterator[Bomb]:
    evidence = {"type": ["Evidence"], "name": "x"}
    yield Bomb("json-ld: 1,200 contexts", _proved(_credential(**{"@context": [documents.VC] * 1_200})))
    deep: Any = {"a": "urn:a"}
    for _ in range(12):
        deep = {"a": {"@id": "urn:a", "@context": deep}}
    yield Bomb("json-ld: contexts in contexts", _proved(_credential(**{"@context": [documents.VC, deep]})))
    wide = {f"t{number}": f"urn:t:{number}" for number in range(2_500)}
    yield Bomb("json-ld: 2,500 terms", _proved(_credential(**{"@context": [documents.VC, wide]})))
    yield Bomb("json-ld: 900 objects without a name", _proved(_credential(evidence=[evidence] * 900)))
    distinct = [{**evidence, "name": str(number)} for number in range(900)]
    yield Bomb("json-ld: 900 different objects", _proved(_credential(evidence=distinct)))
    result = {"type": ["Result"], "value": "1"}
    yield Bomb("json-ld: 64 alike", _proved(_credential(evidence=[evidence] * 30, result=[result] * 30)))
    # Two that no neighbour tells apart, each with many that no neighbour tells apart: n! orders to try.
    target = {"type": ["Alignment"], "targetName": "x", "targetUrl": "urn:x:t"}
    for count in (7, 12, 28):
        twin = {**result, "alignment": [target] * count}
        subject = {**_credential()["credentialSubject"], "result": [twin, twin]}
        yield Bomb(f"json-ld: twins with {count} alike", _proved(_credential(credentialSubject=subject)))
    parent: Any = {"id": "urn:x:p", "type": ["Profile"]}
    for _ in range(25):
        parent = {"type": ["Profile"], "parentOrg": parent}
    yield Bomb("json-ld: 25 parents", _proved(_credential(issuer={**parent, "id": DID})))
    twins: dict[str, Any] = {"type": ["Profile"], "parentOrg": {"type": ["Profile"]}, "otherIdentifier": []}
    for _ in range(5):
        twins = {"type": ["Profile"], "parentOrg": twins, "official": "x", "endorsement": [twins, twins]}
    yield Bomb("json-ld: a tree of twins", _proved(_credential(issuer={**twins, "id": DID}))[:LARGEST])
    links = [{"id": f"_:b{a}", "type": [f"_:b{b}"]} for a in range(12) for b in range(12)]
    yield Bomb("json-ld: a clique of blank names", _proved(_credential(evidence=links)))
    yield Bomb(
        "json-ld: 5,000 types", _proved(_credential(type=["VerifiableCredential"] + ["Person"] * 5_000))
    )
    languages = [{"@value": "x", "@language": f"a-{number}"} for number in range(1_200)]
    yield Bomb("json-ld: 1,200 languages", _proved(_credential(name=languages)))
    yield Bomb("json-ld: a name full of escapes", _proved(_credential(name='"\\\n' * 9_000)))


def _of_proofs() -> Iterator[Bomb]:
    document = parse_json(_proved(_credential()))
    genuine = document["proof"]
    yield Bomb("proofs: 170", to_json({**document, "proof": [genuine] * 170}))
    chain = [
        {**genuine, "id": f"urn:x:{number}", "previousProof": [f"urn:x:{other}" for other in range(number)]}
        for number in range(60)
    ]
    yield Bomb("proofs: 60 that lean on each other", to_json({**document, "proof": chain}))
    yield Bomb("proofs: a value of 60,000 base58 digits", _proved(_credential(), "z" + "2" * 60_000))
    yield Bomb("proofs: a value of 60,000 base64 digits", _proved(_credential(), "u" + "A" * 60_000))
    yield Bomb("proofs: a moment of 60,000 digits", _proved(_credential(), created="2" * 60_000))


def _of_lists() -> Iterator[Bomb]:
    zeros = gzip.compress(bytes(40 * 1024 * 1024), 9)
    member = gzip.compress(bytes(1024 * 1024), 9)
    encoded = {
        "40 MB of zeros": zeros,
        "40 members": member * 30,
        "2,000 empty members": gzip.compress(b"") * 2_000,
        "cut short": zeros[:-100],
        "with something after it": zeros[:40_000] + b"\0" * 2_000,
        "zlib": zlib.compress(bytes(40 * 1024 * 1024), 9),
    }
    for name, octets in encoded.items():
        yield _list(f"status: {name}", f"u{base64url_encode(octets)}")
    yield _list("status: 60,000 letters", "u" + "A" * 60_000)
    yield _list("status: standard base64", base64.b64encode(zeros).decode("ascii"))


def _list(name: str, text: str) -> Bomb:
    """A genuine credential, whose genuine list is the bomb."""
    credential = sign(documents.small(17, DID), KEY, verification_method=METHOD, at=AT)
    unsigned = bitstring.status_list_document(
        url=LIST_URL,
        issuer=DID,
        purpose="revocation",
        bits=bitstring.StatusList(),
        valid_from=AT,
        valid_until=AT.replace(day=3),
        ttl_ms=300_000,
        subject_id=f"{LIST_URL}#list",
    )
    unsigned["credentialSubject"]["encodedList"] = text
    answer = sign(unsigned, KEY, verification_method=METHOD, at=AT, cryptosuite="eddsa-jcs-2022")
    return Bomb(name, credential, {LIST_URL: answer})


def _token(header: Mapping[str, Any], payload: bytes, signature: bytes = b"\0" * 64) -> bytes:
    parts = (to_json({"alg": "EdDSA", "typ": "vc+jwt", **header}), payload, signature)
    return ".".join(map(base64url_encode, parts)).encode("ascii")


def _of_tokens() -> Iterator[Bomb]:
    small = to_json(_credential())
    yield Bomb("jwt: a header of 45 KB", _token({"kid": "k" * 45_000}, small))
    yield Bomb("jwt: 600 certificates", _token({"x5c": ["A" * 64] * 600}, small))
    yield Bomb("jwt: a signature of 45 KB", _token({"kid": METHOD}, small, bytes(45_000)))
    yield Bomb("jwt: a deep payload", _token({"kid": METHOD}, _nested('{"a":', "}", 45_000)))
    yield Bomb("jwt: a number of 45,000 digits", _token({"kid": METHOD}, b'{"exp":' + b"9" * 45_000 + b"}"))
    yield Bomb("jwt: 60,000 dots", b"eyJhbGciOiJFZERTQSJ9" + b"." * 60_000)
    yield Bomb("jwt: a token in a token in a token", _wrapped_tokens())
    genuine = sign_jwt(_credential(), KEY, verification_method=METHOD)
    yield Bomb("jwt: 60 KB after the end", f"{genuine}{'A' * 60_000}".encode("ascii"))


def _wrapped_tokens() -> bytes:
    token = sign_jwt(_credential(), KEY, verification_method=METHOD)
    for _ in range(5):
        envelope = {
            "@context": [documents.VC],
            "id": f"data:application/vc+jwt,{token}",
            "type": ["EnvelopedVerifiableCredential"],
        }
        token = _token({"kid": METHOD}, to_json(envelope)).decode("ascii")
    return token.encode("ascii")


def _of_disclosures() -> Iterator[Bomb]:
    def digest(text: str) -> str:
        return base64url_encode(hashlib.sha256(text.encode("ascii")).digest())

    def disclosure(*parts: Any) -> str:
        return base64url_encode(json.dumps(parts, separators=(",", ":")).encode())

    whole = sign_sd_jwt(
        _credential(), KEY, verification_method=METHOD, disclose=["/name"], holder=HOLDER.public_key
    )
    token = whole.partition("~")[0]
    yield Bomb("sd-jwt: 60,000 tildes", f"{token}{'~' * 60_000}".encode("ascii"))
    yield Bomb("sd-jwt: 3,000 unused", "~".join([token, *["WyJhIiwiYiIsMV0"] * 3_000, ""]).encode("ascii"))
    # Each disclosure holds the digest of the next: as deep as the size allows.
    inner, chain = disclosure("s", "a", 1), []
    for _ in range(350):
        chain.append(inner)
        inner = disclosure("s", "a", {"_sd": [digest(inner)]})
    header = {"typ": "vc+sd-jwt", "kid": METHOD}
    first = _token(header, to_json({**_credential(), "_sd": [digest(inner)]})).decode("ascii")
    yield Bomb("sd-jwt: 350 in each other", "~".join([first, inner, *chain, ""]).encode("ascii"))
    lists, chain = disclosure("s", [1]), []
    for _ in range(350):
        chain.append(lists)
        lists = disclosure("s", [{"...": digest(lists)}])
    second = _token(header, to_json({**_credential(), "a": [{"...": digest(lists)}]})).decode("ascii")
    yield Bomb("sd-jwt: 350 lists in each other", "~".join([second, lists, *chain, ""]).encode("ascii"))
    decoys = [digest(str(number)) for number in range(950)]
    third = _token(header, to_json({**_credential(), "_sd": decoys})).decode("ascii")
    yield Bomb("sd-jwt: 950 decoys", f"{third}~".encode("ascii"))
    bound = bind_sd_jwt(whole, HOLDER, audience="a", nonce="n" * 30_000, at=AT)
    yield Bomb("sd-jwt: bound twice", f"{bound}~{bound.rpartition('~')[2]}".encode("ascii")[:LARGEST])


def _of_cbor() -> Iterator[Bomb]:
    yield Bomb("cose: 60,000 lists in each other", b"\xd2\x84" + b"\x81" * 60_000)
    yield Bomb("cose: 60,000 tags", b"\xd2\x84" + b"\xd2" * 60_000)
    yield Bomb("cose: a list of 2^63 items", b"\xd2\x84\x9b" + b"\x7f" + b"\xff" * 7)
    yield Bomb("cose: text of 2^63 bytes", b"\xd2\x84\x7b" + b"\x7f" + b"\xff" * 7)
    yield Bomb("cose: a list that never ends", b"\xd2\x84\x9f" + b"\0" * 60_000)
    header = cbor.encode({number: number for number in range(15_000)})
    yield Bomb("cose: a header of 15,000", b"\xd2" + cbor.encode([header[:60_000], {}, b"{}", b""]))
    labels = {number: bytes([number % 256]) * 32 for number in range(900)}
    parts = [bytes(64), CURVE_KEY, [], labels, list(range(900))]
    for name, value in (("900 labels", parts), ("deep", None)):
        octets = cbor.encode(value) if value is not None else b"\x81" * 40_000
        text = "u" + base64url_encode(b"\xd9\x5d\x01" + octets)
        yield Bomb(f"ecdsa-sd: {name}", _proved(_credential(), text, cryptosuite="ecdsa-sd-2023"))
    singles = [bytes(64)] * 700
    octets = cbor.encode([bytes(64), CURVE_KEY, singles, {}, []])
    text = "u" + base64url_encode(b"\xd9\x5d\x01" + octets)
    yield Bomb("ecdsa-sd: 700 signatures", _proved(_credential(), text, cryptosuite="ecdsa-sd-2023"))


def _of_names() -> Iterator[Bomb]:
    yield Bomb("names: a did:key of 60,000 digits", _issued_by("did:key:z" + "6" * 30_000))
    yield Bomb("names: a did:jwk of 60,000 letters", _issued_by("did:jwk:" + "e" * 30_000))
    yield Bomb("names: a did:web of 10,000 labels", _issued_by("did:web:" + "a." * 10_000 + "example"))
    yield Bomb("names: a did:web of 10,000 folders", _issued_by("did:web:a.example" + ":a" * 10_000))
    yield Bomb("names: 30,000 percent signs", _issued_by("did:web:" + "%41" * 10_000))
    yield Bomb("names: an address of 30,000 letters", _issued_by("https://a.example/" + "a" * 30_000))
    for ending in ("[", "%"):
        yield Bomb(
            f"names: an address that ends in {ending}",
            _issued_by(f"https://a.example/?{'a' * 2_000}{ending}"),
        )


def _issued_by(issuer: str) -> bytes:
    issued = documents.small(1, issuer)
    return _proved(issued, verificationMethod=f"{issuer[:20_000]}#0")


def _of_png() -> Iterator[Bomb]:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    signature, header, good = PNG[:8], PNG[16:29], PNG[33:-12]
    ending = chunk(b"IEND", b"")
    pixels = zlib.compress(bytes(60_000_000), 9)
    huge = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    wide = struct.pack(">IIBBBBB", 4_000, 4_000, 8, 6, 0, 0, 0)
    text = b"openbadgecredential\0"
    packed = text + b"\1\0\0\0" + zlib.compress(bytes(50_000_000), 9)
    parts = {
        "60,000 by 60,000": [chunk(b"IHDR", huge), chunk(b"IDAT", pixels[:10_000])],
        "64 MB of pixels": [chunk(b"IHDR", wide), chunk(b"IDAT", pixels)],
        "a text of 50 MB": [chunk(b"IHDR", header), chunk(b"iTXt", packed), good],
        "a text of 50 MB in zTXt": [chunk(b"IHDR", header), chunk(b"zTXt", text + packed[24:]), good],
        "5,000 chunks": [chunk(b"IHDR", header), *[chunk(b"teXt", b"")] * 5_000, good],
        "a chunk of 4 GB": [chunk(b"IHDR", header), good, b"\xff\xff\xff\xffiTXt" + b"\0" * 100],
        "a deep credential": [
            chunk(b"IHDR", header),
            chunk(b"iTXt", text + b"\0" * 4 + _nested("[", "]")),
            good,
        ],
    }
    for name, chunks in parts.items():
        yield Bomb(f"png: {name}", signature + b"".join(chunks) + ending)


def _of_svg() -> Iterator[Bomb]:
    head = b'<svg xmlns="http://www.w3.org/2000/svg" '
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    yield Bomb("svg: a thousand million laughs", b'<!DOCTYPE svg [<!ENTITY l0 "ha">' + laughs + b"]>" + SVG)
    block = b'<!DOCTYPE svg [<!ENTITY a "' + b"a" * 30_000 + b'">]>'
    yield Bomb("svg: one entity many times", block + head + b">" + b"&a;" * 8_000 + b"</svg>")
    outside = b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///dev/zero">]>'
    yield Bomb("svg: an entity from outside", outside + head + b">&a;</svg>")
    yield Bomb("svg: 8,000 elements in each other", head + b">" + b"<g>" * 9_000 + b"</g>" * 8_000)
    yield Bomb("svg: 13,000 elements", head + b">" + b"<g/>" * 13_000 + b"</svg>")
    spaces = b"".join(b'xmlns:n%d="urn:%d" ' % (number, number) for number in range(2_000))
    yield Bomb("svg: 2,000 name spaces", head + spaces + b"/>")
    yield Bomb("svg: 5,000 attributes", head + b" ".join(b'a%d=""' % n for n in range(5_000)) + b"/>")
    yield Bomb("svg: a deep credential", _baked_deep())


def _baked_deep() -> bytes:
    baked = bake(SVG, _proved(_credential()))
    start = baked.index(b"{")
    end = baked.rindex(b"}") + 1
    return baked[:start] + _nested('{"a":', "}", 50_000) + baked[end:]


def _of_pdf() -> Iterator[Bomb]:
    packed = zlib.compress(bytes(50_000_000), 9)
    twice = zlib.compress(packed, 9)
    catalog = b"<</Type/Catalog/Names<</EmbeddedFiles<</Names[(badge.json) 2 0 R]>>>>/AF[2 0 R]>>"
    file = b"<</Type/Filespec/F(badge.json)/UF(badge.json)/AFRelationship/Data/EF<</F 3 0 R/UF 3 0 R>>>>"

    def embedded(filters: bytes, octets: bytes) -> bytes:
        head = b"<</Type/EmbeddedFile/Subtype/application#2Fvc/Filter[%s]/Length %d>>" % (
            filters,
            len(octets),
        )
        return head + b"stream\n" + octets + b"\nendstream"

    circle = b"<</Type/Catalog/Names<</EmbeddedFiles 2 0 R>>>>"
    bodies = {
        "a stream of 50 MB": pdf_of(catalog, file, embedded(b"/FlateDecode", packed)),
        "a stream in a stream": pdf_of(catalog, file, embedded(b"/FlateDecode" * 2, twice)),
        "60 filters": pdf_of(catalog, file, embedded(b"/ASCIIHexDecode" * 60, b"7b7d>" * 8_000)),
        "names in circles": pdf_of(circle, b"<</Kids[2 0 R 2 0 R 2 0 R]>>"),
        "a file that is itself": pdf_of(catalog, b"2 0 R"),
        "1,100 objects": pdf_of(catalog, file, *[b"<<>>"] * 1_100),
        "3,000 names": pdf_of(
            b"<</Type/Catalog/Names<</EmbeddedFiles<</Names[" + b"(a)2 0 R" * 5_000 + b"]>>>>>>", file
        ),
        "lists in each other": pdf_of(catalog, b"[" * 60_000),
        "a table of 2^31 objects": pdf_of(catalog).replace(b"xref\n0 2", b"xref\n0 2147483647"),
        "tables in circles": pdf_of(catalog).replace(b"/Size", b"/Prev 9/Size"),
        "30,000 letters of a name": pdf_of(catalog, b"/" + b"#41" * 15_000),
    }
    for name, body in bodies.items():
        yield Bomb(f"pdf: {name}", body)


def _of_key_documents() -> Iterator[Bomb]:
    method = {
        "id": f"{WEB}#k",
        "type": "Multikey",
        "controller": WEB,
        "publicKeyMultibase": KEY.public_key.multikey(),
    }
    credential = _proved(documents.small(1, WEB), verificationMethod=f"{WEB}#k")
    many = [{**method, "id": f"{WEB}#k{number}"} for number in range(310)]
    weak = {
        **{name: value for name, value in method.items() if name != "publicKeyMultibase"},
        "type": "JsonWebKey",
        "publicKeyJwk": {"kty": "RSA", "e": "AQAB", "n": base64url_encode(b"\xff" * 45_000)},
    }
    answers = {
        "310 keys": {"verificationMethod": many, "assertionMethod": [each["id"] for each in many]},
        "one key 900 times": {"verificationMethod": [method], "assertionMethod": [method["id"]] * 900},
        "a key of 360,000 bits": {"verificationMethod": [weak], "assertionMethod": [weak["id"]]},
        "a key of 60,000 digits": {
            "verificationMethod": [{**method, "publicKeyMultibase": "z" + "6" * 60_000}],
            "assertionMethod": [method["id"]],
        },
    }
    for name, members in answers.items():
        document = to_json({"@context": ["https://www.w3.org/ns/did/v1"], "id": WEB, **members})
        yield Bomb(f"did: {name}", credential, {WEB_DOCUMENT: document})
