# SPDX-License-Identifier: Apache-2.0
"""``verify.mutants``: nothing that differs from what was signed is accepted, and nothing crashes.

Seven genuine credentials (two sizes, three ways of signing, two pictures) are changed in every way we could
think of: single bits, keys, values, types, structure, order, the proof, the token's header and its parts. A
mutant may be accepted only if the report returns the same statement as for the original (a permuted array of
a graph-signed badge says the same, S16). An exception that is none of the library's own is a failure too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import mock

from bench import documents
from cairn import PrivateKey, PublicKey, Verifier, bake, sign, sign_jwt
from cairn.canonical import parse_json, to_json
from cairn.did import did_jwk, did_key
from cairn.errors import CairnError
from cairn.keys import Algorithm, base64url_decode, base64url_encode
from cairn.status import StatusList, status_list_document
from cairn.testing import FixedSources
from prove.campaign import Campaign, Failure, times

if TYPE_CHECKING:
    from collections.abc import Iterator

# Random mutants of each kind of fixture: canonical graphs cost milliseconds, the others much less.
GRAPH_TRIES = 12_500
OTHER_TRIES = 25_000

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
LIST_URL = f"{documents.SITE}/s/1"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><path d="M0 0h1v1H0z"/></svg>'


Mutate = Callable[[bytes, Random], bytes]


@dataclass(frozen=True, slots=True)
class Fixture:
    name: str
    secured: bytes
    # What the genuine credential says: what an accepted mutant must say as well.
    statement: str
    # Whether order and repetition of array items are outside what was signed (RDF datasets, S16).
    is_graph: bool
    mutate: Mutate


class Mutants(Campaign):
    name = "verify.mutants"

    def __init__(self) -> None:
        self._sources, self._fixtures = _world()

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        verifier = Verifier(self._sources)
        for fixture in self._fixtures:
            report = verifier.examine(fixture.secured, at=AT)
            yield None if report.accepted else Failure(f"{fixture.name}: the genuine credential is refused")
        for fixture in self._fixtures:
            for what, mutant in _listed(fixture):
                yield _judged(verifier, fixture, mutant, what)
        for fixture in self._fixtures:
            for _ in range(times(GRAPH_TRIES if fixture.is_graph else OTHER_TRIES, scale)):
                mutant = fixture.mutate(fixture.secured, random)
                if mutant != fixture.secured:
                    yield _judged(verifier, fixture, mutant, "random")

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """A verifier for which every signature matches."""
        with mock.patch.object(PublicKey, "verify", return_value=True):
            yield


def _judged(verifier: Verifier, fixture: Fixture, mutant: bytes, what: str) -> Failure | None:
    try:
        report = verifier.examine(mutant, at=AT)
    except CairnError:
        return None
    except Exception as error:  # noqa: BLE001  any other exception is what this campaign looks for
        return Failure(f"{fixture.name}, {what}: {error!r} for {mutant!r}")
    if not report.accepted or report.document is None:
        return None
    if statement(report.document, is_graph=fixture.is_graph) == fixture.statement:
        return None
    return Failure(f"{fixture.name}, {what}: accepted {mutant!r}")


def statement(document: Any, *, is_graph: bool) -> str:
    """What a document says, as comparable text; in a graph, order and repetition of items say nothing."""
    return json.dumps(_meaning(document) if is_graph else document, sort_keys=True)


def _meaning(value: Any) -> Any:
    match value:
        case dict():
            return {key: _meaning(item) for key, item in value.items() if item != []}
        case list():
            items = sorted({json.dumps(_meaning(item), sort_keys=True) for item in value})
            # One item and a list of one are the same statement.
            return json.loads(items[0]) if len(items) == 1 else items
        case float() if value.is_integer():
            return int(value)
    return value


# What is changed: an enumerated part, and a random one.


STRANGE_VALUES: tuple[Any, ...] = (None, True, 0, "", [], {}, "x", [[]], {"@id": "urn:x:y"})


def _listed(fixture: Fixture) -> Iterator[tuple[str, bytes]]:
    """Each single deletion, retyping and renaming in the JSON, and each bit of the signature."""
    if fixture.secured.startswith(b"{"):
        document = parse_json(fixture.secured)
        for path in _paths(document):
            yield f"without {path}", to_json(_without(document, path))
            for value in STRANGE_VALUES:
                yield f"{path} as {value!r}", to_json(_with(document, path, value))
        genuine = document["proof"]
        proofs: tuple[Any, ...] = ([], None, {}, "x", [genuine, {}], [{}, genuine], [genuine] * 20)
        for proof in proofs:
            yield f"proof as {str(proof)[:30]}", to_json({**document, "proof": proof})
    elif fixture.secured.startswith(b"ey"):
        header, payload, signature = fixture.secured.decode("ascii").split(".")
        raw = base64url_decode(signature)
        for bit in range(len(raw) * 8):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            yield f"signature bit {bit}", f"{header}.{payload}.{base64url_encode(bytes(flipped))}".encode()
        for alg in ("none", "None", "HS256", "ES256", "ES384", "RS256", "PS256", "", None, 1):
            claims = parse_json(base64url_decode(header))
            changed = base64url_encode(to_json({**claims, "alg": alg}))
            yield f"alg {alg}", f"{changed}.{payload}.{signature}".encode()
            yield f"alg {alg} unsigned", f"{changed}.{payload}.".encode()
        for ending in ("=", "==", "\n", " ", ".", "A", "~"):
            yield f"ending {ending!r}", f"{header}.{payload}.{signature}{ending}".encode()


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from _paths(item, (*path, key))


def _without(document: Any, path: tuple[Any, ...]) -> Any:
    copy = deepcopy(document)
    del _at(copy, path[:-1])[path[-1]]
    return copy


def _with(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = deepcopy(document)
    _at(copy, path[:-1])[path[-1]] = value
    return copy


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _flip_bits(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _mutate_json(data: bytes, random: Random) -> bytes:
    """Bits of the text, or one to three edits of the parsed document."""
    if random.random() < 0.4:
        return _flip_bits(data, random)
    return to_json(_edited(parse_json(data), random))


def _edited(document: dict[str, Any], random: Random) -> dict[str, Any]:
    copy: Any = deepcopy(document)
    for _ in range(random.choice((1, 1, 2, 3))):
        paths = list(_paths(copy))
        if not paths:
            break
        path = random.choice(paths)
        parent, key = _at(copy, path[:-1]), path[-1]
        _edit(copy, parent, key, paths, random)
    return copy  # type: ignore[no-any-return]


def _edit(root: Any, parent: Any, key: Any, paths: list[tuple[Any, ...]], random: Random) -> None:
    value = parent[key]
    other = random.choice(paths)
    match random.randrange(9):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[
                random.choice((f"{key}x", key.upper(), key[1:], "@id", "@type", "name", "type", "_:b"))
            ] = parent.pop(key)
        case 2:  # the value of another place
            parent[key] = deepcopy(_at(root, other))
        case 3:  # two values change places
            theirs = _at(root, other[:-1])
            if not isinstance(value, dict | list) and not isinstance(theirs[other[-1]], dict | list):
                parent[key], theirs[other[-1]] = theirs[other[-1]], value
        case 4:
            parent[key] = _retyped(value, random)
        case 5 if isinstance(value, list) and value:
            random.shuffle(value)
            if random.random() < 0.5:
                value.append(deepcopy(value[0]))
        case 6 if isinstance(value, str):
            parent[key] = _respelled(value, random)
        case 7 if isinstance(parent, dict):
            parent[random.choice(("extra", "name", "@context", "@graph", "proof", "id"))] = deepcopy(value)
        case 8:  # an array gives its items to another: the same values in other places
            theirs = _at(root, other)
            if isinstance(value, list) and isinstance(theirs, list) and value is not theirs:
                parent[key] = deepcopy(theirs)
                theirs[:] = deepcopy(value)


def _retyped(value: Any, random: Random) -> Any:
    match value:
        case str():
            options: list[Any] = [[value], {"@value": value}, {"@id": value}, None, True, len(value)]
            if value.isdigit():
                options.append(int(value))
            return random.choice(options)
        case bool() | int() | float():
            return random.choice([str(value), float(value), not value, value + 1, [value]])
        case list():
            return random.choice([value[0] if value else "", {"@list": value}, {"@set": value}, {}, None])
    return random.choice([[value], None, "x", {}, [value, value]])


def _respelled(value: str, random: Random) -> str:
    where = random.randrange(len(value) + 1)
    look_alike = value.replace("a", "а", 1).replace("o", "ο", 1)  # Cyrillic a, Greek o
    return random.choice(
        [
            value[:where] + value[where + 1 :],
            value[:where] + random.choice("aZ09 _-.:/#%é\u200b\u202e\u0301") + value[where:],
            look_alike,
            value.upper(),
            value + " ",
            value[::-1],
            value.replace("https:", "http:"),
            value.replace("Z", "+00:00"),
        ]
    )


def _mutate_token(data: bytes, random: Random) -> bytes:
    header, payload, signature = data.decode("ascii").split(".")
    match random.randrange(5):
        case 0:
            return _flip_bits(data, random)
        case 1:
            header = base64url_encode(to_json(_edited(parse_json(base64url_decode(header)), random)))
        case 2 | 3:
            payload = base64url_encode(to_json(_edited(parse_json(base64url_decode(payload)), random)))
        case 4:
            signature = base64url_encode(_flip_bits(base64url_decode(signature), random))
    return f"{header}.{payload}.{signature}".encode("ascii")


def _mutate_picture(
    inner: bytes, mutate: Callable[[bytes, Random], bytes]
) -> Callable[[bytes, Random], bytes]:
    """Bits anywhere in the file, or a mutant of the credential baked into a good picture."""

    def mutated(data: bytes, random: Random) -> bytes:
        if random.random() < 0.5:
            return _flip_bits(data, random)
        mutant = mutate(inner, random)
        try:
            return bake(PNG if data.startswith(PNG[:8]) else SVG, mutant)
        except (CairnError, ValueError):  # what cannot even be baked is nothing to verify
            return data

    return mutated


def _world() -> tuple[FixedSources, list[Fixture]]:
    """The genuine credentials, and everything that judging them looks up."""
    key = PrivateKey.from_seed(bytes(range(32)))
    did = did_key(key.public_key)
    method = f"{did}#{key.public_key.multikey()}"
    curve_key = PrivateKey.from_bytes(Algorithm.P256, bytes(range(1, 33)))
    curve_did = did_jwk(curve_key.public_key)

    small, large = documents.small(17, did), documents.large(17, did)
    graph = sign(small, key, verification_method=method, at=AT)
    large_graph = sign(large, key, verification_method=method, at=AT)
    plain = sign(large, key, verification_method=method, at=AT, cryptosuite="eddsa-jcs-2022")
    token = sign_jwt(large, key, verification_method=method).encode("ascii")
    # Without status: its list would have to be signed by another issuer.
    bare = {
        name: value for name, value in documents.small(18, curve_did).items() if name != "credentialStatus"
    }
    curve_token = sign_jwt(bare, curve_key, verification_method=f"{curve_did}#0").encode("ascii")

    unsigned_list = status_list_document(
        url=LIST_URL,
        issuer=did,
        purpose="revocation",
        bits=StatusList(),
        valid_from=AT - timedelta(hours=1),
        valid_until=AT + timedelta(days=1),
        ttl_ms=300_000,
        subject_id=f"{LIST_URL}#list",
    )
    sources = FixedSources({LIST_URL: sign(unsigned_list, key, verification_method=method, at=AT)})

    def said(secured: bytes, is_graph: bool) -> str:
        report = Verifier(sources).examine(secured, at=AT)
        return statement(report.document, is_graph=is_graph)

    def fixture(name: str, secured: bytes, mutate: Mutate, *, is_graph: bool) -> Fixture:
        return Fixture(name, secured, said(secured, is_graph), is_graph, mutate)

    return sources, [
        fixture("eddsa-rdfc-2022 small", graph, _mutate_json, is_graph=True),
        fixture("eddsa-rdfc-2022 large", large_graph, _mutate_json, is_graph=True),
        fixture("eddsa-jcs-2022", plain, _mutate_json, is_graph=False),
        fixture("vc+jwt EdDSA", token, _mutate_token, is_graph=False),
        fixture("vc+jwt ES256", curve_token, _mutate_token, is_graph=False),
        fixture("png", bake(PNG, graph), _mutate_picture(graph, _mutate_json), is_graph=True),
        fixture("svg", bake(SVG, token), _mutate_picture(token, _mutate_token), is_graph=False),
    ]
