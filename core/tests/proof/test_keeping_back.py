# SPDX-License-Identifier: Apache-2.0
"""What the holder of a base proof may keep back, and what a copy then says."""

from __future__ import annotations

import copy as copies
import json

import pytest

from cairn import PrivateKey, Verdict, Verifier, sign
from cairn.canonical import parse_json, to_json
from cairn.did import did_key
from cairn.errors import MalformedError
from cairn.keys import Algorithm
from cairn.proof import ecdsa_sd, keeping_back
from cairn.testing import NOON, FixedSources, key_method, sample_credential

KEY = PrivateKey.generate(Algorithm.P256)
SECRET = "Zoë was born in Ghent"


def badge():
    document = sample_credential(issuer=did_key(KEY.public_key)).to_document()
    document["credentialSubject"]["narrative"] = SECRET
    document["evidence"] = [
        {"id": f"https://harbour.example/work/{number}", "type": ["Evidence"], "name": f"Work {number}"}
        for number in (1, 2)
    ]
    return document


def own(*mandatory, **changes):
    signed = sign(
        badge() | changes,
        KEY,
        verification_method=key_method(KEY.public_key),
        at=NOON,
        cryptosuite="ecdsa-sd-2023",
        mandatory_pointers=mandatory,
    )
    return parse_json(signed)


def shown(document, *show):
    data = keeping_back.derive(document, selective_pointers=keeping_back.pointers_for(document, show))
    return data, Verifier(FixedSources()).verify(data, at=NOON).document


def test_each_piece_by_itself_and_nothing_that_a_copy_needs():
    pieces = keeping_back.hideable(own())

    assert {"/evidence/0", "/evidence/1", "/credentialSubject/narrative"} <= set(pieces)
    assert not {"/issuer", "/validFrom", "/validUntil", "/credentialSubject/achievement/criteria"} & set(
        pieces
    )
    assert not [each for each in pieces if each.endswith(("/id", "/type", "/@context", "/proof"))]


def test_every_piece_can_really_be_kept_back():
    """Each by itself: the copy verifies, and what was kept back is not in it."""
    document = own()
    pieces = keeping_back.hideable(document)
    assert len(pieces) > 5

    for piece in pieces:
        data, _seen = shown(document, *(each for each in pieces if each != piece))
        assert Verifier(FixedSources()).examine(data, at=NOON).accepted, piece
        if piece == "/credentialSubject/narrative":
            assert SECRET not in data.decode()


def test_of_a_list_one_item_can_be_shown():
    document = own()

    _data, seen = shown(document, "/evidence/1")

    evidence = seen["evidence"]
    assert [each["name"] for each in (evidence if isinstance(evidence, list) else [evidence])] == ["Work 2"]


def test_what_the_issuer_names_is_no_piece():
    """Also a part of an object, and an item of a list: what stands around it is still free."""
    pieces = keeping_back.hideable(own("/credentialSubject/narrative", "/evidence/0/name"))

    assert "/credentialSubject/narrative" not in pieces
    assert "/evidence/0/name" not in pieces
    assert "/evidence/1" in pieces
    assert keeping_back.hideable(own("")) == ()


def test_a_list_of_words_with_one_that_is_mandatory_goes_along_whole():
    document = badge()
    document["credentialSubject"]["achievement"]["tag"] = ["wood", "glass"]

    found = keeping_back.hideable(own("/credentialSubject/achievement/tag/0", **document))
    free = keeping_back.hideable(own(**document))

    assert "/credentialSubject/achievement/tag" in free
    assert not [each for each in found if "/tag" in each]


def test_nothing_kept_back_is_everything():
    document = own()

    assert keeping_back.pointers_for(document, keeping_back.hideable(document)) == keeping_back.EVERYTHING
    _data, seen = shown(document, *keeping_back.hideable(document))
    assert seen == {name: value for name, value in document.items() if name != "proof"}


def test_as_little_as_a_copy_can_be_with_what_is_asked_for():
    """Open Badges wants a subject with an id or an identifier: no one of them is a must, one of them is."""
    document = own()

    least = keeping_back.enough(document, ())

    assert "/credentialSubject/narrative" not in least
    data, _seen = shown(document, *least)
    assert SECRET.encode() not in data
    assert {"/evidence/0"} <= keeping_back.enough(document, {"/evidence/0", "/no/such"})


def test_where_no_single_piece_makes_a_copy_whole_all_of_it_is_shown(monkeypatch):
    document = own()
    monkeypatch.setattr(
        keeping_back, "_is_whole", lambda _document, pointers: pointers == keeping_back.EVERYTHING
    )
    monkeypatch.setattr(keeping_back, "hideable", lambda _document: ("/evidence/0", "/evidence/1", "/name"))

    assert keeping_back.enough(document, ()) == {"/evidence/0", "/evidence/1", "/name"}


def test_a_pointer_of_the_issuer_that_names_nothing_is_refused():
    """Whoever made such a proof made a mistake: no copy of it can be made, of all of it neither."""
    document = own("/credentialSubject/narrative")
    del document["credentialSubject"]["narrative"]

    with pytest.raises(MalformedError) as refused:
        keeping_back.derive(document, selective_pointers=keeping_back.EVERYTHING)
    assert refused.value.code == "pointer-unmatched"
    with pytest.raises(MalformedError):
        keeping_back.hideable(document)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"eyJ",
        b"{",
        b"[]",
        b"{}",
        b'{"proof": null}',
        b'{"proof": [1, {"cryptosuite": "ecdsa-sd-2023"}]}',
    ],
)
def test_what_is_no_own_copy(data):
    assert keeping_back.own_copy(data) is None


def test_an_own_copy_is_known_however_it_is_written():
    document = own()
    written = to_json(document)

    assert keeping_back.own_copy(written) == document
    assert keeping_back.own_copy(b"\n " + written) == document
    # JSON has more than one spelling of a letter.
    assert keeping_back.own_copy(written.replace(b"ecdsa-sd-2023", b"\\u0065cdsa-sd-2023")) == document
    several = {**document, "proof": [{"type": "Other"}, document["proof"]]}
    assert keeping_back.own_copy(to_json(several)) == several
    assert keeping_back.own_copy(shown(document)[0]) is None
    assert not keeping_back.is_own([document])


def test_one_inside_something_else_is_found():
    document = own()

    assert keeping_back.is_own_inside({"a": [{"verifiableCredential": [document]}]})
    assert keeping_back.is_own_inside([document])
    assert not keeping_back.is_own_inside(document)
    assert not keeping_back.is_own_inside({"a": [{"verifiableCredential": [json.loads(shown(document)[0])]}]})


def test_a_changed_own_copy_gives_no_good_copy():
    """Another word in the place of one: the copy is made, and its signature does not match (B64)."""
    document = copies.deepcopy(own())
    document["credentialSubject"]["narrative"] = "Something else"

    data = keeping_back.derive(document, selective_pointers=keeping_back.EVERYTHING)

    assert Verifier(FixedSources()).examine(data, at=NOON).verdict is Verdict.NOT_VERIFIED


@pytest.mark.parametrize("name", ["employ", "prc"])
def test_of_the_published_own_copies_parts_can_be_kept_back(name, shared_vectors):
    path = shared_vectors("w3c-vc-di-ecdsa") / "ecdsa-sd-2023" / name / "addSignedSDBase.json"
    document = keeping_back.own_copy(path.read_bytes())
    assert document is not None

    pieces = keeping_back.hideable(document)

    mandatory = ecdsa_sd.mandatory_pointers(document["proof"]["proofValue"])
    assert "/credentialSubject/birthDate" in pieces
    assert not set(mandatory) & set(pieces)
