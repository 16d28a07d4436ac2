# SPDX-License-Identifier: Apache-2.0
"""No change of a signed thing is ever accepted with another meaning (B75, B60; H7).

Every byte of every carrier, every member, every type. A change that leaves the meaning alone may be
accepted (one value instead of a list of one, the pixels around a credential); then what a page would show
must be exactly what was signed, but for the order and repetition of items, which mean nothing (S16).
"""

import copy
import itertools
import json
import random
import struct
import unicodedata
import zlib
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta

import pytest

from asking import HOLDER
from cairn import (
    CairnError,
    OpenBadgeCredential,
    Verifier,
    bake,
    bind_sd_jwt,
    sign,
    sign_cose,
    sign_jwt,
    sign_presentation_jwt,
    sign_sd_jwt,
)
from cairn.canonical import PINNED, to_json
from cairn.credential import Alignment, Evidence, Image, structure_problems
from cairn.keys import base64url_decode, base64url_encode
from cairn.proof import sd_jwt
from cairn.proof.data_integrity import JCS, RDFC
from cairn.status import StatusEntry
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential, signed_status_list
from containing import (
    BADGE_ID,
    HOLDER_METHOD,
    badge,
    badge_document,
    endorsed,
    endorsement_of,
    presentation,
    record,
)

KEY = demo_key()
METHOD = key_method(KEY.public_key)
LIST = "https://harbour.example/s/1"
VERIFIER = Verifier(FixedSources({LIST: signed_status_list(LIST, set_bits=(6,))}))


def rich():
    """A badge that uses numbers, booleans, lists, nested objects and a status."""
    plain = sample_credential(status=StatusEntry("revocation", 5, LIST), valid_until=NOON + timedelta(days=9))
    achievement = replace(
        plain.subject.achievement,
        image=Image("https://harbour.example/a/knots/image", "A knot"),
        alignments=(
            Alignment("Rope work", "https://skills.example/1"),
            Alignment("Care", "https://skills.example/2"),
        ),
        tags=("seamanship", "rope"),
        credits_available=3,
    )
    subject = replace(plain.subject, achievement=achievement, credits_earned=2.5)
    return replace(
        plain, subject=subject, description="With honours.", evidence=(Evidence("urn:x:e1", name="Log book"),)
    )


BADGE = rich()
DOCUMENT = BADGE.to_document()
SIGNED = {
    suite: sign(DOCUMENT, KEY, verification_method=METHOD, at=NOON, cryptosuite=suite)
    for suite in (RDFC, JCS)
}
TOKEN = sign_jwt(DOCUMENT, KEY, verification_method=METHOD).encode()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'


def png():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def meaning(value):
    """What is said, without the order and repetition of items."""
    if is_dataclass(value):
        return tuple(meaning(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, tuple):
        return frozenset(meaning(each) for each in value)
    # 3 and 3.0 are one number to JSON and to RDF (B38); 1 and true are not.
    return (bool if isinstance(value, bool) else object, value)


SHOWN = meaning(OpenBadgeCredential.from_document(DOCUMENT))


def accepted_as(data):
    """What is shown when the bytes are accepted; None when they are refused in whatever way."""
    try:
        report = VERIFIER.examine(data, at=NOON)
    except CairnError:
        return None
    if report.document is None:
        assert not report.accepted
        return None
    if not report.accepted:
        return None
    return meaning(OpenBadgeCredential.from_document(report.document))


def refused_or_the_same(data):
    shown = accepted_as(data)
    assert shown is None or shown == SHOWN
    return shown is not None


CARRIERS = {
    "rdfc": SIGNED[RDFC],
    "jcs": SIGNED[JCS],
    "jwt": TOKEN,
    "cose": sign_cose(DOCUMENT, KEY, verification_method=METHOD),
    "png": bake(png(), SIGNED[RDFC]),
    "svg": bake(SVG, TOKEN),
}


@pytest.mark.parametrize("name", list(CARRIERS))
def test_the_originals_are_accepted(name):
    assert accepted_as(CARRIERS[name]) == SHOWN


@pytest.mark.parametrize("name", list(CARRIERS))
def test_every_byte_b75(name):
    """Each byte becomes its neighbour, or its other case: changes that keep the text a text."""
    original = CARRIERS[name]
    same = 0
    for position in range(len(original)):
        changed = bytearray(original)
        changed[position] ^= 0x20 if position % 3 == 0 else 0x01
        same += refused_or_the_same(bytes(changed))
    if name in ("rdfc", "jcs", "jwt", "cose"):
        assert same == 0


def test_every_character_of_an_sd_jwt_b58_b75():
    """Token, disclosures and key binding: no change of any is accepted, whatever it would show."""
    holder = demo_key("holder")
    whole = sign_sd_jwt(
        DOCUMENT,
        KEY,
        verification_method=METHOD,
        disclose=["/description", "/evidence/0"],
        holder=holder.public_key,
    )
    original = bind_sd_jwt(whole, holder, audience="a", nonce="n", at=NOON).encode()
    assert accepted_as(original) == SHOWN

    for position in range(len(original)):
        for mask in (0x01, 0x20, 0x04):
            changed = bytearray(original)
            changed[position] ^= mask
            assert accepted_as(bytes(changed)) is None


def test_an_sd_jwt_with_parts_moved_or_left_out_b58():
    """Fewer disclosures show less, in no case something else; with a key binding they show nothing."""
    holder = demo_key("holder")
    pointers = ["/description", "/evidence/0", "/credentialSubject/achievement/tag/0"]
    whole = sign_sd_jwt(
        DOCUMENT, KEY, verification_method=METHOD, disclose=pointers, holder=holder.public_key
    )
    bound = bind_sd_jwt(whole, holder, audience="a", nonce="n", at=NOON)
    token, *disclosures, _ = whole.split("~")
    binding = bound.rpartition("~")[2]
    places = sd_jwt.split(whole).places
    orders = [list(chosen) for count in range(4) for chosen in itertools.permutations(disclosures, count)]

    for order in orders:
        unbound = "~".join([token, *order, ""])
        if order != disclosures:
            assert accepted_as((unbound + binding).encode()) is None
        report = VERIFIER.examine(unbound.encode(), at=NOON)
        assert report.accepted
        assert ("description" in report.document) == (places[("description",)] in order)
        assert bool(report.document["evidence"]) == (places[("evidence", "0")] in order)
    assert len(orders) == 16


@pytest.mark.parametrize("name", list(CARRIERS))
def test_every_cut_b75(name):
    original = CARRIERS[name]

    for length in range(0, len(original), 7):
        assert accepted_as(original[:length]) is None


def places(value, path=()):
    """Every path of a document, proof and contexts included."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield (*path, key)
            yield from places(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield (*path, index)
            yield from places(each, (*path, index))


def parent_of(document, path):
    for step in path[:-1]:
        document = document[step]
    return document


def changed(suite, path, change):
    """The signed document with ``change`` applied to the parent and key of one place."""
    document = copy.deepcopy(json.loads(SIGNED[suite]))
    change(parent_of(document, path), path[-1])
    return to_json(document)


SIGNED_PLACES = [(suite, path) for suite in (RDFC, JCS) for path in places(json.loads(SIGNED[suite]))]


def test_every_member_taken_away_b75():
    for suite, path in SIGNED_PLACES:
        assert not refused_or_the_same(changed(suite, path, lambda parent, key: parent.pop(key))), path


def test_every_member_renamed_b75():
    for suite, path in SIGNED_PLACES:
        if isinstance(path[-1], str):
            for name in (path[-1] + "x", path[-1].upper(), "@" + path[-1], "schema:" + path[-1]):
                data = changed(suite, path, lambda parent, key, n=name: parent.update({n: parent.pop(key)}))
                assert not refused_or_the_same(data), (path, name)


def terms():
    """Every word that the contexts of a badge define, at any depth."""

    def walk(value):
        if isinstance(value, dict):
            for key, each in value.items():
                if not key.startswith("@"):
                    yield key
                yield from walk(each)
        elif isinstance(value, list):
            for each in value:
                yield from walk(each)

    return sorted({term for url in DOCUMENT["@context"] for term in walk(PINNED[url].read())})


def test_no_word_stands_for_another_b29():
    """Two words for one thing would let a member be hidden from readers under the same signature.

    Every member of the badge under every word of its contexts: several thousand renamings. What the rules
    of structure refuse by themselves needs no look at the signature.
    """
    names = terms()
    looked_at = 0
    assert len(names) > 150
    members = {path[-1]: path for path in places(DOCUMENT) if isinstance(path[-1], str)}
    del members["@context"]
    for path in members.values():
        siblings = parent_of(DOCUMENT, path)
        for name in names:
            if name not in siblings:
                data = changed(RDFC, path, lambda parent, key, n=name: parent.update({n: parent.pop(key)}))
                if not structure_problems(json.loads(data)):
                    looked_at += 1
                    assert not refused_or_the_same(data), (path, name)
    assert looked_at > 500


def other_types(value):
    yield None
    yield [value]
    yield [value, value]
    yield {"@value": value}
    yield {"@id": value}
    yield {"id": value}
    yield []
    yield {}
    if isinstance(value, str):
        yield from (
            0,
            True,
            value + " ",
            value + "\u200b",
            value.upper(),
            unicodedata.normalize("NFD", value),
        )
        if value.lstrip("-").replace(".", "").isdigit():
            yield float(value)
    elif isinstance(value, bool):
        yield from (str(value).lower(), int(value), not value)
    elif isinstance(value, int | float):
        yield from (str(value), f"{value:.1E}", value + 1, -value, bool(value), float(value))
    elif isinstance(value, list):
        yield value[::-1]
        yield value + value[:1]
        yield value[:-1]
        yield {"@list": value}
        yield {"@set": value}
        yield from value


def test_every_type_swapped_b12_b75():
    """Numbers as text, text as numbers, one as many, values as objects: never with another meaning."""
    tried = 0
    for suite, path in SIGNED_PLACES:
        original = parent_of(json.loads(SIGNED[suite]), path)[path[-1]]
        for other in other_types(original):
            if other == original and type(other) is type(original):
                continue
            tried += 1
            refused_or_the_same(changed(suite, path, lambda parent, key, o=other: parent.__setitem__(key, o)))
    assert tried > 1_500


def test_values_swapped_between_places_b25():
    seed = random.Random(20261123)
    paths = [path for path in places(DOCUMENT) if isinstance(parent_of(DOCUMENT, path)[path[-1]], str)]
    for suite in (RDFC, JCS):
        for _ in range(200):
            document = json.loads(SIGNED[suite])
            one, other = seed.sample(paths, 2)
            first, second = parent_of(document, one), parent_of(document, other)
            first[one[-1]], second[other[-1]] = second[other[-1]], first[one[-1]]
            if document != json.loads(SIGNED[suite]):
                refused_or_the_same(to_json(document))


def test_members_moved_between_objects_b31():
    """A claim that changes its owner changes its meaning, or is refused."""
    owners = [path for path in [(), *places(DOCUMENT)] if isinstance(at(DOCUMENT, path), dict)]
    for path in places(DOCUMENT):
        if not isinstance(path[-1], str) or path[0] == "@context":
            continue
        for owner in owners:
            if owner[: len(path)] == path:
                continue
            document = json.loads(SIGNED[RDFC])
            value = parent_of(document, path).pop(path[-1])
            at(document, owner)[path[-1]] = value
            if document != json.loads(SIGNED[RDFC]):
                refused_or_the_same(to_json(document))


def at(document, path):
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("suite", [RDFC, JCS])
def test_the_order_of_keys_changes_nothing_b40(suite):
    seed = random.Random(7)

    def shuffled(value):
        if isinstance(value, dict):
            items = list(value.items())
            seed.shuffle(items)
            return {key: each if key == "@context" else shuffled(each) for key, each in items}
        return [shuffled(each) for each in value] if isinstance(value, list) else value

    for _ in range(100):
        assert accepted_as(to_json(shuffled(json.loads(SIGNED[suite])))) == SHOWN


def test_a_signature_of_one_carrier_is_worth_nothing_in_another():
    embedded, token = json.loads(SIGNED[RDFC]), TOKEN.decode()
    jcs = json.loads(SIGNED[JCS])

    assert accepted_as(to_json({**embedded, "proof": {**embedded["proof"], "cryptosuite": JCS}})) is None
    assert accepted_as(to_json({**jcs, "proof": {**jcs["proof"], "cryptosuite": RDFC}})) is None
    assert accepted_as(token.rpartition(".")[0].encode() + b".") is None


def test_a_campaign_that_accepts_everything_would_be_noticed():
    """The control: with a verifier that skips the signature the same comparison goes red."""
    data = changed(RDFC, ("name",), lambda parent, key: parent.update({key: "Forged"}))

    shown = meaning(OpenBadgeCredential.from_document(json.loads(data)))

    assert shown != SHOWN


# --- documents inside documents (S17): of everything in a report, nothing changes and is still accepted


def accepted_in(data):
    """The report on these bytes if they are accepted as a whole; None when they are refused or not."""
    try:
        report = VERIFIER.examine(data, at=NOON)
    except CairnError:
        return None
    return report if report.accepted else None


def says_no_more(report, than):
    """Whether everything that is accepted was accepted in the original as well, and in the same place.

    Less may be shown: an endorsement that was broken shows nothing and harms nobody, and what a record and a
    badge in it both say of one issuer is in RDF one statement, which can go from one of the two places (S16).
    """
    if not report.accepted:
        return True
    originals = {(part.path, part.role): part.report for part in than.parts}
    return is_within(report.document, than.document) and all(
        (part.path, part.role) in originals and says_no_more(part.report, originals[part.path, part.role])
        for part in report.parts
        if part.report.accepted
    )


def is_within(shown, original):
    """Whether a value says nothing that the other does not say; the order of items means nothing."""
    if isinstance(shown, dict) and isinstance(original, dict):
        return all(name in original and is_within(each, original[name]) for name, each in shown.items())
    if isinstance(original, list):
        items = shown if isinstance(shown, list) else [shown]
        return all(any(is_within(each, one) for one in original) for each in items)
    if isinstance(shown, list):
        return all(is_within(each, original) for each in shown)
    return shown == original and isinstance(shown, bool) is isinstance(original, bool)


def presentation_in_a_claim():
    """VCDM 1.1 §6.3.1: the presentation in the claim ``vp``, and in it a bare token."""
    inner = sign_jwt(badge_document(1), KEY, verification_method=METHOD)
    vp = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [inner],
    }
    header = {"alg": "EdDSA", "typ": "JWT", "kid": HOLDER_METHOD}
    claims = {"iss": HOLDER_METHOD.partition("#")[0], "nonce": "7fd3", "vp": vp}
    return resigned(header, claims)


def resigned(header, claims, signer=HOLDER):
    token = ".".join(base64url_encode(to_json(part)) for part in (header, claims))
    return f"{token}.{base64url_encode(signer.sign(token.encode()))}".encode()


HOLDING = {
    "presentation": presentation(badge(1), challenge="7fd3", domain="shop.example"),
    "presentation-jcs": presentation(badge(1), cryptosuite=JCS),
    "presentation-of-tokens": presentation(
        sign_jwt(badge_document(1), KEY, verification_method=METHOD).encode(),
        sign_cose(badge_document(2), KEY, verification_method=METHOD),
    ),
    "presentation-token": sign_presentation_jwt(
        [badge(1)], HOLDER, verification_method=HOLDER_METHOD, nonce="7fd3", audience="shop.example"
    ).encode(),
    "presentation-claim": presentation_in_a_claim(),
    "record": record(badge(1)),
    "endorsement": endorsement_of("https://harbour.example/a/knots"),
    "endorsed": endorsed(endorsement_of(BADGE_ID)),
}


# A presentation, a record and an endorsement byte by byte; of their other forms some bytes only, since they
# are made of the same pieces.
STRIDES = {
    "presentation-jcs": 3,
    "presentation-of-tokens": 9,
    "presentation-token": 3,
    "presentation-claim": 3,
    "endorsed": 3,
}


@pytest.mark.parametrize("name", list(HOLDING))
def test_every_byte_of_what_holds_something_b75(name):
    original = HOLDING[name]
    assert accepted_in(original) is not None

    for position in range(0, len(original), STRIDES.get(name, 1)):
        changed_bytes = bytearray(original)
        changed_bytes[position] ^= 0x20 if position % 2 else 0x01
        assert accepted_in(bytes(changed_bytes)) is None, position


HOLDING_JSON = [name for name, data in HOLDING.items() if data[:1] == b"{"]


@pytest.mark.parametrize("name", HOLDING_JSON)
def test_every_member_of_what_holds_something_taken_away_b75(name):
    original = json.loads(HOLDING[name])
    whole = accepted_in(HOLDING[name])

    for path in places(original):
        document = copy.deepcopy(original)
        del parent_of(document, path)[path[-1]]
        report = accepted_in(to_json(document))
        assert report is None or says_no_more(report, whole), path


@pytest.mark.parametrize("name", ["presentation", "record", "endorsed"])
def test_members_moved_between_what_holds_and_what_is_held_b31_b72(name):
    """Texts and objects, into other objects of the document."""
    original = json.loads(HOLDING[name])
    whole = accepted_in(HOLDING[name])
    owners = [path for path in [(), *places(original)] if isinstance(at(original, path), dict)]
    seed = random.Random(20261123)
    moves = [
        (path, owner)
        for path in places(original)
        for owner in owners
        if isinstance(path[-1], str) and owner[: len(path)] != path and owner != path[:-1]
    ]
    for path, owner in seed.sample(moves, min(400, len(moves))):
        document = copy.deepcopy(original)
        value = parent_of(document, path).pop(path[-1])
        at(document, owner)[path[-1]] = value
        report = accepted_in(to_json(document))
        assert report is None or says_no_more(report, whole), (path, owner)


@pytest.mark.parametrize("name", ["presentation", "record"])
def test_one_credential_for_another_of_the_same_holder_b70(name):
    document = json.loads(HOLDING[name])
    holder = document if name == "presentation" else document["credentialSubject"]
    holder["verifiableCredential"] = [json.loads(badge(2))]

    assert accepted_in(to_json(document)) is None


def test_no_member_of_a_presentation_in_a_claim_changes_unnoticed_b57_b75():
    """Each taken away, doubled, or of another type, under the signature that was there."""
    header, payload, signature = HOLDING["presentation-claim"].decode().split(".")
    tried = 0
    for part in (0, 1):
        original = json.loads(base64url_decode((header, payload)[part]))
        for path in places(original):
            value = parent_of(original, path)[path[-1]]
            for other in (..., *other_types(value)):
                document = copy.deepcopy(original)
                if other is ...:
                    del parent_of(document, path)[path[-1]]
                else:
                    parent_of(document, path)[path[-1]] = other
                if document == original:
                    continue
                parts = [header, payload, signature]
                parts[part] = base64url_encode(to_json(document))
                tried += 1
                assert accepted_in(".".join(parts).encode()) is None, (path, other)
    assert tried > 100


def test_a_holder_cannot_change_what_is_in_a_claim_by_signing_it_again_b57():
    """The holder's own signature is good each time; what the issuer signed must still be that."""
    header, payload, _ = HOLDING["presentation-claim"].decode().split(".")
    header, claims = json.loads(base64url_decode(header)), json.loads(base64url_decode(payload))
    whole = accepted_in(HOLDING["presentation-claim"])
    (inner,) = claims["vp"]["verifiableCredential"]
    assert accepted_in(resigned(header, claims)) == whole

    for position in range(0, len(inner), 5):
        octets = bytearray(inner.encode())
        octets[position] ^= 0x01
        claims["vp"]["verifiableCredential"] = [octets.decode("latin-1")]
        assert accepted_in(resigned(header, claims)) is None, position


def test_the_comparison_of_reports_would_notice_more():
    """The control: another name, one member more, or a part that was not there."""
    whole = accepted_in(HOLDING["record"])
    (part,) = whole.parts

    assert says_no_more(whole, whole)
    assert not says_no_more(replace(whole, document={**whole.document, "name": "Diploma"}), whole)
    assert not says_no_more(replace(whole, document={**whole.document, "partial": True}), whole)
    assert not says_no_more(replace(whole, parts=(part, replace(part, path="/x"))), whole)
    other = replace(part.report, document={**part.report.document, "name": "Diploma"})
    assert not says_no_more(replace(whole, parts=(replace(part, report=other),)), whole)
