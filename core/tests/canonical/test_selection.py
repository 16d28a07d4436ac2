# SPDX-License-Identifier: Apache-2.0
"""JSON pointers, and the parts of a document that they choose."""

import copy

import pytest

from cairn.canonical.json_ld import Names
from cairn.canonical.selection import MAX_POINTERS, parse_pointer, select
from cairn.errors import MalformedError

DOCUMENT = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "id": "urn:x:1",
    "type": ["VerifiableCredential"],
    "name": "Knots",
    "issuer": {"id": "urn:x:2", "type": ["Profile"], "name": "Harbour", "url": "https://harbour.example"},
    "evidence": [
        {"type": ["Evidence"], "name": "one", "note": "first"},
        {"type": ["Evidence"], "name": "two"},
        {"id": "urn:x:3", "type": ["Evidence"], "name": "three"},
    ],
    "a/b": {"m~n": 1, "": 2, "~1": 3},
}


def chosen(*pointers):
    return select(DOCUMENT, pointers, Names())


@pytest.mark.parametrize(
    ("pointer", "tokens"),
    [
        ("", ()),
        ("/", ("",)),
        ("/a/0", ("a", "0")),
        ("/a~1b/m~0n", ("a/b", "m~n")),
        ("/~01", ("~1",)),
        ("/c%d/ /\\", ("c%d", " ", "\\")),
    ],
)
def test_pointers_are_those_of_rfc_6901(pointer, tokens):
    assert parse_pointer(pointer) == tokens


@pytest.mark.parametrize("pointer", ["a", "a/b", "#/a", "/~", "/~2", "/a~", None, 3, ["/a"]])
def test_other_texts_are_no_pointers(pointer):
    with pytest.raises(MalformedError) as refused:
        parse_pointer(pointer)

    assert refused.value.code == "pointer-syntax"


def test_objects_on_the_way_keep_id_type_and_context():
    kept = {name: DOCUMENT[name] for name in ("@context", "id", "type")}

    assert chosen("/name") == {**kept, "name": "Knots"}
    assert chosen("/issuer/name") == {
        **kept,
        "issuer": {"id": "urn:x:2", "type": ["Profile"], "name": "Harbour"},
    }
    assert chosen("/type/0") == chosen("/@context/0") == kept


def test_items_move_together_and_keep_their_order():
    found = chosen("/evidence/2/name", "/evidence/0/name")

    assert found["evidence"] == [{"type": ["Evidence"], "name": "one"}, DOCUMENT["evidence"][2]]


def test_the_order_of_the_pointers_does_not_show():
    pointers = ["/issuer/url", "/name", "/evidence/1", "/issuer/name", "/evidence"]

    assert str(chosen(*pointers)) == str(chosen(*reversed(pointers)))
    assert chosen(*pointers)["evidence"] == DOCUMENT["evidence"]


def test_the_empty_pointer_chooses_everything():
    assert chosen("") == chosen("/name", "") == chosen("", "/name") == DOCUMENT
    assert chosen("/a~1b/m~0n", "/a~1b/~01")["a/b"] == {"m~n": 1, "~1": 3}


def test_no_pointer_chooses_nothing():
    assert chosen() is None


@pytest.mark.parametrize(
    "pointer",
    [
        "/nonsense",
        "/issuer/nonsense",
        "/name/0",
        "/name/length",
        "/evidence/3",
        "/evidence/-",
        "/evidence/-1",
        "/evidence/00",
        "/evidence/01",
        "/evidence/1e0",
        "/evidence/9999999999",
        "/evidence/length",
        "/issuer/",
        "/",
    ],
)
def test_a_pointer_that_matches_nothing_is_an_error(pointer):
    with pytest.raises(MalformedError) as refused:
        chosen("/name", pointer)

    assert refused.value.code == "pointer-unmatched"


def test_the_document_is_left_as_it_was_and_shares_no_object_with_its_part():
    before = copy.deepcopy(DOCUMENT)
    found = chosen("")

    found["issuer"]["name"] = "Somebody else"
    found["evidence"][0]["name"] = "none"

    assert before == DOCUMENT


def test_objects_of_a_part_are_known_by_their_originals_names():
    names = Names()

    found = select(DOCUMENT, ["/evidence/1/name"], names)

    assert names.name(found["evidence"][0]) == names.name(DOCUMENT["evidence"][1])
    assert names.name(found["evidence"][0]) != names.name(DOCUMENT["evidence"][0])
    assert names.name(found, "role") == names.name(DOCUMENT, "role") != names.name(DOCUMENT)


def test_more_pointers_than_we_follow_are_refused():
    assert chosen(*["/name"] * MAX_POINTERS)
    with pytest.raises(MalformedError) as refused:
        chosen(*["/name"] * (MAX_POINTERS + 1))
    assert refused.value.code == "limit-pointers"
