# SPDX-License-Identifier: Apache-2.0
"""A template's bytes are those of `cairn.sign`, to the last one; and what it refuses, it refuses for good."""

import copy
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cairn import PrivateKey, Verifier, sign
from cairn.canonical import parse_json
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm
from cairn.proof import template as template_module
from cairn.proof.template import Kind, Slot, Template
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential

KEY = demo_key()
METHOD = key_method(KEY.public_key)
LIST = "https://harbour.example/s/1"


def document():
    made = sample_credential().to_document()
    made["id"] = Slot("id", Kind.URN)
    made["validUntil"] = Slot("until", Kind.MOMENT)
    made["evidence"] = [
        {
            "id": Slot(name, Kind.TOKEN, "https://harbour.example/e/"),
            "type": ["Evidence"],
            "name": "Log 100 %",
        }
        for name in ("first", "second")
    ]
    subject = made["credentialSubject"]
    subject["id"] = Slot("subject", Kind.IDENTIFIER)
    subject["identifier"] = [
        {
            "type": "IdentityObject",
            "hashed": True,
            "identityHash": Slot("hash", Kind.HASH),
            "identityType": "emailAddress",
            "salt": Slot("salt", Kind.HEX),
        }
    ]
    subject["narrative"] = Slot("narrative", Kind.TEXT, 'Said: "')
    made["credentialStatus"] = {
        "id": Slot("index", Kind.INDEX, f"{LIST}#"),
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": Slot("index", Kind.INDEX),
        "statusListCredential": LIST,
    }
    return made


VALUES = {
    "id": "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d",
    "until": "2031-01-01T00:00:00Z",
    "first": "a1",
    "second": "b2",
    "subject": "did:example:zoe",
    "hash": "sha256$" + 64 * "a",
    "salt": "00ff",
    "narrative": "Well done",
    "index": "77",
}


def filled(value, values):
    if isinstance(value, Slot):
        return value.before + values[value.name]
    if isinstance(value, dict):
        return {name: filled(item, values) for name, item in value.items()}
    return [filled(item, values) for item in value] if isinstance(value, list) else value


def in_full(values, at=NOON):
    return sign(filled(document(), values), KEY, verification_method=METHOD, at=at)


def outcome(act):
    """The bytes, or the code of the refusal."""
    try:
        return act()
    except MalformedError as error:
        return error.code


@pytest.fixture(scope="module")
def template():
    return Template(document(), KEY, verification_method=METHOD)


def test_it_signs_what_cairn_sign_signs(template):
    assert template.sign(VALUES, at=NOON) == in_full(VALUES)
    later = NOON + timedelta(seconds=1)
    assert template.sign(VALUES, at=later) == in_full(VALUES, later)
    assert template._digest(VALUES) is not None  # by the plan, not in full


def test_what_it_signs_verifies(template):
    report = Verifier(FixedSources()).examine(template.sign(VALUES, at=NOON), at=NOON)

    assert report.finding("signature").code == "ok"
    assert report.finding("structure").code == "ok"


values = st.fixed_dictionaries(
    {
        "id": st.uuids().map("urn:uuid:{}".format),
        "until": st.sampled_from(["2026-11-23T12:00:00Z", "2031-01-01T00:00:00Z", "2028-02-29T23:59:59Z"]),
        "first": st.from_regex(r"[A-Za-z0-9_-]{1,9}", fullmatch=True),
        "second": st.from_regex(r"[A-Za-z0-9_-]{1,9}", fullmatch=True),
        "subject": st.one_of(
            st.uuids().map("urn:uuid:{}".format),
            st.just("https://a.example/%7E"),
            st.just("did:web:a.example"),
        ),
        "hash": st.binary(min_size=32, max_size=32).map(lambda octets: f"sha256${octets.hex()}"),
        "salt": st.binary(min_size=1, max_size=16).map(bytes.hex),
        "narrative": st.one_of(
            st.text().filter(lambda text: not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)),
            st.sampled_from(
                ['"', "\\", "\n", "\t", "\u2028", "%s", "_:c14n0", '" .\n<urn:x> <urn:y> "', "é 😀"]
            ),
        ),
        "index": st.integers(0, 10**9).map(str),
    }
)


@settings(max_examples=150, deadline=None)
@given(given_values=values)
def test_whatever_the_values_the_bytes_are_the_same(template, given_values):
    assert outcome(lambda: template.sign(given_values, at=NOON)) == outcome(lambda: in_full(given_values))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("index", 77),
        ("index", "077"),
        ("index", "77\n"),
        ("index", "٧"),
        ("index", None),
        ("id", "urn:uuid:8D4A2F3E-6A0B-4B57-9F0E-0D8F4A1C2B3D"),
        ("id", "_:b0"),
        ("id", ""),
        ("subject", "urn:"),
        ("subject", "a b"),
        ("subject", "ob:x"),
        ("subject", "javascript:alert(1)"),
        ("subject", "https://a.example/\n"),
        ("subject", "https://a.example/<"),
        ("first", "a/b"),
        ("first", ""),
        ("salt", "AB"),
        ("hash", "sha256$aa"),
        ("until", "2031-02-30T00:00:00Z"),
        ("until", "2031-01-01"),
        ("narrative", "\x00"),
        ("narrative", "\x7f"),
        ("narrative", "\x85"),
        ("narrative", 1),
        ("narrative", type("Text", (str,), {})("x")),
    ],
)
def test_a_value_of_another_kind_is_refused_b12_b17(template, name, value):
    with pytest.raises(MalformedError) as caught:
        template.sign({**VALUES, name: value}, at=NOON)
    assert caught.value.code == "slot"


@pytest.mark.parametrize("wrong", [{"salt": None}, {"more": "x"}])
def test_every_slot_has_a_value_and_there_are_no_others(template, wrong):
    given_values = {**VALUES, **wrong}
    if wrong.get("salt", "") is None:
        del given_values["salt"]
    with pytest.raises(MalformedError):
        template.sign(given_values, at=NOON)


def test_a_period_that_ends_before_it_begins_is_refused_b16(template):
    with pytest.raises(MalformedError) as caught:
        template.sign({**VALUES, "until": "2020-01-01T00:00:00Z"}, at=NOON)
    assert caught.value.code == "structure"


@pytest.mark.parametrize(
    "taken",
    ["urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d", "https://harbour.example/a/knots", f"{LIST}#77", LIST],
)
def test_an_id_that_is_taken_goes_the_full_way_and_is_refused_there_b31(template, taken):
    given_values = {**VALUES, "subject": taken}
    assert template._digest(given_values) is None

    assert outcome(lambda: template.sign(given_values, at=NOON)) == outcome(lambda: in_full(given_values))


def test_two_slots_may_not_give_one_id(template):
    with pytest.raises(MalformedError) as caught:
        template.sign({**VALUES, "second": VALUES["first"]}, at=NOON)
    assert caught.value.code == "structure"


@pytest.mark.parametrize(
    ("path", "slot"),
    [
        (("issuer", "name"), Slot("id", Kind.TEXT)),  # one name, two kinds
        (("credentialSubject", "achievement", "achievementType"), Slot("x", Kind.TEXT)),  # an enumeration
        (("credentialSubject", "achievement", "id"), Slot("x", Kind.TEXT)),  # text for an id
        (("issuer", "url"), Slot("x", Kind.IDENTIFIER)),  # any id for a web address
        (("type",), Slot("x", Kind.TOKEN)),
        (("validFrom",), Slot("x", Kind.TEXT)),
        (("issuer", "colour"), Slot("x", Kind.TEXT)),  # a term that no context defines would be unsigned
        (("proof",), Slot("x", Kind.TEXT)),
    ],
)
def test_slots_where_not_every_value_may_be_signed_are_refused_at_once(path, slot):
    made = document()
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = slot

    with pytest.raises(MalformedError):
        Template(made, KEY, verification_method=METHOD)


def test_a_document_that_no_plan_knows_is_signed_in_full():
    made = document()
    # Two alignments that say the same: their order is a question for the whole algorithm.
    alignment = {"type": ["Alignment"], "targetName": "x", "targetUrl": "https://esco.example/x"}
    made["credentialSubject"]["achievement"]["alignment"] = [alignment, copy.deepcopy(alignment)]
    template = Template(made, KEY, verification_method=METHOD)

    assert template._plan is None
    expected = sign(filled(made, VALUES), KEY, verification_method=METHOD, at=NOON)
    assert template.sign(VALUES, at=NOON) == expected


def test_only_ed25519_keys_sign():
    with pytest.raises(UnsupportedError):
        Template(document(), PrivateKey.generate(Algorithm.P256), verification_method=METHOD)


def test_a_template_that_would_sign_something_else_than_the_full_path_is_never_made(monkeypatch):
    in_full = template_module.rdf_canonical
    monkeypatch.setattr(template_module, "rdf_canonical", lambda document: in_full(document) + b"more")

    with pytest.raises(AssertionError, match="disagree"):
        Template(document(), KEY, verification_method=METHOD)


def test_the_document_given_is_left_as_it_was(template):
    made = document()
    Template(made, KEY, verification_method=METHOD).sign(VALUES, at=NOON)

    assert made == document()
    assert parse_json(template.sign(VALUES, at=NOON))["credentialStatus"]["id"] == f"{LIST}#77"


def test_free_text_for_an_iri_that_no_rule_looks_at_is_signed_in_full():
    made = {**document(), "confidenceMethod": Slot("method", Kind.TEXT)}
    template = Template(made, KEY, verification_method=METHOD)
    chosen = {**VALUES, "method": "urn:x:1"}

    assert template._plan is None
    expected = sign(filled(made, chosen), KEY, verification_method=METHOD, at=NOON)
    assert template.sign(chosen, at=NOON) == expected
    with pytest.raises(MalformedError):
        template.sign({**VALUES, "method": "_:b0"}, at=NOON)
