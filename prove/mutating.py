# SPDX-License-Identifier: Apache-2.0
"""The ways in which a genuine credential is changed: bits, members, types, structure, and parts of tokens."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cairn import bake
from cairn.canonical import parse_json, to_json
from cairn.errors import CairnError
from cairn.keys import base64url_decode, base64url_encode, multibase_decode, multibase_encode
from cairn.pdf import attach
from cairn.proof import cbor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><path d="M0 0h1v1H0z"/></svg>'


def pdf_of(*objects: bytes) -> bytes:
    """A file whose table of objects is right; the first one is its catalog."""
    body, places = b"%PDF-1.7\n", []
    for number, written in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    ending = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + ending


PDF = pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>")
# When a credential was put into a file is nothing that is judged.
_ATTACHED = datetime(2026, 11, 2, tzinfo=UTC)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths(item, (*path, key))


def without(document: Any, path: tuple[Any, ...]) -> Any:
    copy = deepcopy(document)
    del _at(copy, path[:-1])[path[-1]]
    return copy


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = deepcopy(document)
    _at(copy, path[:-1])[path[-1]] = value
    return copy


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def flip_bits(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def mutate_json(data: bytes, random: Random) -> bytes:
    """Bits of the text, or one to three edits of the parsed document."""
    if random.random() < 0.4:
        return flip_bits(data, random)
    return to_json(edited(parse_json(data), random))


def edited(document: dict[str, Any], random: Random) -> dict[str, Any]:
    copy: Any = deepcopy(document)
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(paths(copy))
        if not places:
            break
        path = random.choice(places)
        parent, key = _at(copy, path[:-1]), path[-1]
        _edit(copy, parent, key, places, random)
    return copy  # type: ignore[no-any-return]


def _edit(root: Any, parent: Any, key: Any, places: list[tuple[Any, ...]], random: Random) -> None:
    value = parent[key]
    other = random.choice(places)
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


def mutate_token(data: bytes, random: Random) -> bytes:
    header, payload, signature = data.decode("ascii").split(".")
    match random.randrange(5):
        case 0:
            return flip_bits(data, random)
        case 1:
            header = base64url_encode(to_json(edited(parse_json(base64url_decode(header)), random)))
        case 2 | 3:
            payload = base64url_encode(to_json(edited(parse_json(base64url_decode(payload)), random)))
        case 4:
            signature = base64url_encode(flip_bits(base64url_decode(signature), random))
    return f"{header}.{payload}.{signature}".encode("ascii")


def mutate_picture(
    inner: bytes, mutate: Callable[[bytes, Random], bytes]
) -> Callable[[bytes, Random], bytes]:
    """Bits anywhere in the file, or a mutant of the credential in a good picture or PDF."""

    def mutated(data: bytes, random: Random) -> bytes:
        if random.random() < 0.5:
            return flip_bits(data, random)
        mutant = mutate(inner, random)
        try:
            if data.startswith(PDF[:5]):
                return attach(PDF, mutant, at=_ATTACHED)
            return bake(PNG if data.startswith(PNG[:8]) else SVG, mutant)
        except (CairnError, ValueError):  # what cannot even be baked is nothing to verify
            return data

    return mutated


def mutate_held(
    mutate: Callable[[bytes, Random], bytes], others: tuple[bytes, ...]
) -> Callable[[bytes, Random], bytes]:
    """What ``mutate`` does, and genuine credentials in the places of those that are held, or beside them."""

    def mutated(data: bytes, random: Random) -> bytes:
        if random.random() < 0.75:
            return mutate(data, random)
        if data.startswith(b"{"):
            return to_json(_exchanged(parse_json(data), others, random))
        header, payload, signature = data.decode("ascii").split(".")
        changed = to_json(_exchanged(parse_json(base64url_decode(payload)), others, random))
        return f"{header}.{base64url_encode(changed)}.{signature}".encode("ascii")

    return mutated


def _exchanged(document: dict[str, Any], others: tuple[bytes, ...], random: Random) -> dict[str, Any]:
    places = [path for path in paths(document) if path[-1] == "verifiableCredential"]
    path = random.choice(places)
    held = _at(document, path)
    other = random.choice(others)
    theirs: Any = parse_json(other) if other.startswith(b"{") else other.decode("ascii")
    if isinstance(theirs, str) and isinstance(held[0], dict):
        # As it stands beside credentials with a proof of their own (VCDM 2.0 §4.13.1).
        envelope = {"type": "EnvelopedVerifiableCredential", "id": f"data:application/vc+jwt,{theirs}"}
        theirs = {"@context": "https://www.w3.org/ns/credentials/v2", **envelope}
    mixed = random.choice([[theirs], theirs, [*held, theirs], [theirs, *held], [*held, *held], [], held[:1]])
    return replaced(document, path, mixed)  # type: ignore[no-any-return]


def mutate_sd_jwt(data: bytes, random: Random) -> bytes:
    """Bits, the token, its disclosures (left out, doubled, moved, rewritten), and the key binding."""
    token, *disclosures, binding = data.decode("ascii").split("~")
    match random.randrange(6):
        case 0:
            return flip_bits(data, random)
        case 1:
            token = mutate_token(token.encode("ascii"), random).decode("latin-1")
        case 2 if disclosures:
            del disclosures[random.randrange(len(disclosures))]
        case 3 if disclosures:
            disclosures.insert(random.randrange(len(disclosures) + 1), random.choice(disclosures))
        case 4 if disclosures:
            place = random.randrange(len(disclosures))
            parts: Any = parse_json(b'{"a":' + base64url_decode(disclosures[place]) + b"}")
            disclosures[place] = base64url_encode(to_json(edited(parts, random).get("a")))
        case 5:
            binding = mutate_token(binding.encode("ascii"), random).decode("latin-1") if binding else "x.y.z"
    return "~".join([token, *disclosures, binding]).encode("latin-1")


def mutate_cose(data: bytes, random: Random) -> bytes:
    """Bits of the whole, or of one of its four parts, or edits of the document inside."""
    parts = cbor.decode(data[1:])
    match random.randrange(5):
        case 0 | 1:
            return flip_bits(data, random)
        case 2:
            parts[2] = to_json(edited(parse_json(parts[2]), random))
        case 3:
            place = random.choice((0, 2, 3))
            parts[place] = flip_bits(parts[place], random)
        case 4:
            parts[1] = random.choice(({4: parts[0]}, {1: 7}, {4: b"did:key:z6Mk"}, {}, [], parts[0]))
            random.shuffle(parts)
    return data[:1] + cbor.encode(parts)


def mutate_derived(data: bytes, random: Random) -> bytes:
    """Of a copy with an ``ecdsa-sd-2023`` proof: the document, or the parts that its proof value holds."""
    if random.random() < 0.5:
        return mutate_json(data, random)
    document = parse_json(data)
    proof = document["proof"]
    octets = multibase_decode(proof["proofValue"])
    parts = cbor.decode(octets[3:])
    signature, key, signatures, labels, mandatory = parts
    match random.randrange(6):
        case 0 if signatures:
            del signatures[random.randrange(len(signatures))]
            document = edited(document, random)
            document["proof"] = proof
        case 1:
            random.shuffle(signatures)
        case 2:
            labels = dict(zip(labels, random.sample(list(labels.values()), len(labels)), strict=True))
        case 3:
            count = len(signatures) + len(mandatory)
            mandatory = sorted(random.sample(range(count), random.randrange(count + 1)))
        case 4:
            key = flip_bits(key, random)
        case 5:
            signature = random.choice([flip_bits(signature, random), *signatures])
    value = octets[:3] + cbor.encode([signature, key, signatures, labels, mandatory])
    return to_json({**document, "proof": {**proof, "proofValue": multibase_encode(value, "u")}})
