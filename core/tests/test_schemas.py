# SPDX-License-Identifier: Apache-2.0
"""A folder of schemas: what is in it is known by its address and its digest, and nothing else is asked."""

import json
import sys
from hashlib import sha256

import pytest

from cairn.errors import MalformedError, UnsupportedError
from cairn.schemas import MAX_SCHEMA, MAX_SCHEMAS, Mismatch, Schema, SchemaStore

URL = "https://harbour.example/schemas/knots.json"
KNOTS = {"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": URL, "required": ["name"]}


def file(document):
    return json.dumps(document).encode()


def sums(**files):
    return "".join(f"{sha256(data).hexdigest()}  {name}.json\n" for name, data in files.items()).encode()


def refused(files):
    with pytest.raises(MalformedError) as caught:
        SchemaStore.of_files(files)
    return caught.value.code


def test_a_schema_is_known_by_its_address_and_its_digest():
    store = SchemaStore.of_files({"knots.json": file(KNOTS)})

    assert store.get(URL) == Schema(URL, sha256(file(KNOTS)).hexdigest(), KNOTS)
    assert store.get(URL + "x") is None
    assert SchemaStore().get(URL) is None


def test_an_empty_fragment_is_no_part_of_the_address():
    assert SchemaStore.of_files({"k.json": file({**KNOTS, "$id": URL + "#"})}).get(URL) is not None


def test_what_a_schema_does_not_allow_is_told_with_its_place():
    schema = {**KNOTS, "properties": {"a": {"items": {"type": "string"}}}}
    store = SchemaStore.of_files({"k.json": file(schema)})

    assert store.mismatches(URL, {"name": 1}) == ()
    assert store.mismatches(URL, {"name": 1, "a": ["x", 7]}) == (
        Mismatch("/a/1", '7 is not of type "string"'),
    )
    assert store.mismatches(URL, {}) == (Mismatch("", '"name" is a required property'),)
    assert len(store.mismatches(URL, {"name": 1, "a": list(range(99))})) == 5
    assert len(store.mismatches(URL, {"name": 1, "a": [{"x" * 999: 1}]})[0].message) == 200


def test_schemas_may_refer_to_one_another():
    other = {"$id": "https://harbour.example/schemas/rope.json", "type": "integer"}
    schema = {**KNOTS, "properties": {"rope": {"$ref": "rope.json"}}}
    store = SchemaStore.of_files({"a.json": file(schema), "b.json": file(other)})

    assert store.mismatches(URL, {"name": 1, "rope": 7}) == ()
    assert store.mismatches(URL, {"name": 1, "rope": "x"})[0].path == "/rope"


@pytest.mark.parametrize(
    "elsewhere", ["http://127.0.0.1:9/x", "https://other.example/x", "file:///etc/passwd"]
)
def test_nothing_outside_the_folder_is_ever_asked(elsewhere):
    """The network is closed in tests, with an error of its own; this one comes before it."""
    assert refused({"k.json": file({**KNOTS, "properties": {"x": {"$ref": elsewhere}}})}) == "schema-file"
    assert refused({"k.json": file({**KNOTS, "$schema": elsewhere})}) == "schema-file"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"$id": 7},
        {"$id": "knots.json"},
        {"$id": "urn:uuid:1"},
        {"$id": URL, "type": 7},
        {"$id": URL, "pattern": "("},
        {"id": URL, "type": "JsonSchemaCredential", "credentialSubject": {"jsonSchema": "x"}},
        {"id": URL, "type": "JsonSchemaCredential", "credentialSubject": ["x"]},
        {"id": URL, "type": "JsonSchemaCredential"},
        {"type": "JsonSchemaCredential", "credentialSubject": {"jsonSchema": {}}},
    ],
)
def test_what_is_no_schema_is_refused_when_the_folder_is_opened(document):
    assert refused({"k.json": file(document)}) == "schema-file"


def test_a_file_that_is_not_json_is_named():
    with pytest.raises(MalformedError, match=r"k\.json is not JSON"):
        SchemaStore.of_files({"k.json": b"{"})


def test_one_address_has_one_schema():
    assert refused({"a.json": file(KNOTS), "b.json": file({**KNOTS, "title": "x"})}) == "schema-file"


def test_a_folder_has_limits():
    many = {f"{n}.json": file({"$id": f"{URL}?{n}"}) for n in range(MAX_SCHEMAS + 1)}

    assert refused(many) == "limit-count"
    assert refused({"k.json": b" " * (MAX_SCHEMA + 1)}) == "limit-size"


def test_a_pattern_cannot_be_made_to_run_for_ever():
    store = SchemaStore.of_files(
        {"k.json": file({"$id": URL, "properties": {"a": {"pattern": "^(a+)+(?=b)$"}}})}
    )

    assert store.mismatches(URL, {"a": "a" * 5_000 + "c"})[0].path == "/a"


def test_the_digests_of_a_folder_are_kept_if_it_has_any():
    data = file(KNOTS)
    other = file({"$id": URL + "?2"})

    assert SchemaStore.of_files({"k.json": data, "SHA256SUMS": sums(k=data)}).get(URL) is not None
    assert refused({"k.json": data + b" ", "SHA256SUMS": sums(k=data)}) == "schema-digest"
    assert refused({"k.json": data, "o.json": other, "SHA256SUMS": sums(k=data)}) == "schema-digest"
    assert refused({"k.json": data, "SHA256SUMS": sums(k=data, o=other)}) == "schema-digest"
    assert refused({"k.json": data, "SHA256SUMS": b"x\n"}) == "schema-digest"
    assert refused({"k.json": data, "SHA256SUMS": b"\xff\n"}) == "schema-digest"


def test_without_the_engine_the_reason_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)

    with pytest.raises(UnsupportedError, match="schema-engine"):
        SchemaStore.of_files({"k.json": file(KNOTS)})
