# SPDX-License-Identifier: Apache-2.0
"""A template's bytes are those of `cairn.sign`, to the last one; and what it refuses, it refuses for good."""

import copy
import pickle
import random
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cairn import PrivateKey, Verifier, sign, sign_jwt, sign_sd_jwt, sign_sd_jwt_vc
from cairn.canonical import parse_json
from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm, base64url_decode
from cairn.proof import moulds, sd_jwt
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


SHOWN = (
    "/credentialSubject/narrative",
    "/credentialSubject/identifier",
    "/credentialSubject/identifier/0/salt",
    "/credentialSubject/identifier/0/identityHash",
    "/evidence/0/name",
    "/evidence/1",
)
WAYS = [
    ("eddsa-rdfc-2022", Algorithm.ED25519),
    ("eddsa-jcs-2022", Algorithm.ED25519),
    ("ecdsa-rdfc-2019", Algorithm.P256),
    ("ecdsa-rdfc-2019", Algorithm.P384),
    ("ecdsa-jcs-2019", Algorithm.P256),
    ("ecdsa-jcs-2019", Algorithm.P384),
    ("vc+jwt", Algorithm.ED25519),
    ("vc+jwt", Algorithm.P256),
    ("vc+jwt", Algorithm.P521),
    ("vc+sd-jwt", Algorithm.ED25519),
    ("dc+sd-jwt", Algorithm.P256),
]
KEYS = {
    Algorithm.ED25519: KEY,
    **{
        algorithm: PrivateKey(algorithm, (7).to_bytes(size, "big"))
        for algorithm, size in ((Algorithm.P256, 32), (Algorithm.P384, 48), (Algorithm.P521, 66))
    },
}
CLAIMS = {
    "iss": Slot("subject", Kind.IDENTIFIER),
    "vct": "https://harbour.example/vct/knots",
    "validUntil": Slot("until", Kind.MOMENT),
    "ids": [Slot("id", Kind.URN), Slot("hash", Kind.HASH), {"salt": Slot("salt", Kind.HEX), "n": 1.5}],
    "said": {"what": Slot("narrative", Kind.TEXT), "where": Slot("first", Kind.TOKEN, "https://a.example/")},
    "then": Slot("second", Kind.TOKEN),
    "index": Slot("index", Kind.INDEX),
}


def slotted(suite):
    return CLAIMS if suite == "dc+sd-jwt" else document()


def shown(suite):
    claims = ("/ids/0", "/ids/2/salt", "/said/what", "/said/where", "/said", "/then")
    return {"vc+sd-jwt": SHOWN, "dc+sd-jwt": claims}.get(suite, ())


def template_of(suite, algorithm, made=None):
    return Template(
        slotted(suite) if made is None else made,
        suite=suite,
        algorithm=algorithm,
        verification_method=METHOD,
        disclose=shown(suite),
    )


@contextmanager
def known_salts():
    """Both ways draw the same random numbers."""
    left = iter([])

    def drawn(count):
        return bytes(islice(left, count))

    with patch.object(sd_jwt, "random", drawn), patch.object(moulds, "random", drawn):
        left = iter(random.Random(7).randbytes(10_000))
        yield


def secured_in_full(suite, key, made, at=NOON):
    """What the public functions make of a document."""
    how = {"verification_method": METHOD}
    with known_salts():
        if suite == "dc+sd-jwt":
            return sign_sd_jwt_vc(made, key, kid=METHOD, disclose=shown(suite), at=at).encode()
        if suite == "vc+sd-jwt":
            return sign_sd_jwt(made, key, disclose=shown(suite), **how).encode()
        if suite == "vc+jwt":
            return sign_jwt(made, key, **how).encode()
        return sign(made, key, at=at, cryptosuite=suite, **how)


def in_full(values, at=NOON):
    return secured_in_full("eddsa-rdfc-2022", KEY, filled(document(), values), at)


def outcome(act):
    """The bytes, or the code of the refusal."""
    try:
        with known_salts():
            return act()
    except MalformedError as error:
        return error.code


def goes_the_full_way(template, values, monkeypatch):
    asked = []
    in_full = template._in_full
    with monkeypatch.context() as patching:
        patching.setattr(template, "_in_full", lambda *given: asked.append(given) or in_full(*given))
        outcome(lambda: template.prepare(values, at=NOON))
    return bool(asked)


@pytest.fixture(scope="module")
def template():
    return Template(document(), verification_method=METHOD)


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: "-".join(way))
def way(request):
    suite, algorithm = request.param
    return suite, KEYS[algorithm], template_of(suite, algorithm)


def test_it_signs_what_the_full_path_signs(way, monkeypatch):
    suite, key, template = way
    for at in (NOON, NOON + timedelta(seconds=1), NOON):
        expected = secured_in_full(suite, key, filled(slotted(suite), VALUES), at)
        assert outcome(lambda at=at: template.sign(VALUES, key, at=at)) == expected

    # By a plan or a text, not in full; no plan knows SHA-384.
    expected = suite == "ecdsa-rdfc-2019" and key.algorithm is Algorithm.P384
    assert goes_the_full_way(template, VALUES, monkeypatch) is expected


def test_what_it_signs_verifies(template):
    report = Verifier(FixedSources()).examine(template.sign(VALUES, KEY, at=NOON), at=NOON)

    assert report.finding("signature").code == "ok"
    assert report.finding("structure").code == "ok"


def test_a_signer_elsewhere_is_asked_for_a_signature_and_nothing_else(way):
    suite, key, template = way
    with known_salts():
        unsigned = pickle.loads(pickle.dumps(template.prepare(VALUES, at=NOON)))

    secured = unsigned.finish(key.sign(unsigned.to_sign))

    assert secured == secured_in_full(suite, key, filled(slotted(suite), VALUES))
    if "jwt" not in suite:
        assert len(unsigned.to_sign) == (96 if key.algorithm is Algorithm.P384 else 64)


def test_of_a_batch_that_is_signed_elsewhere_each_gets_its_own_signature(template):
    rows = [{**VALUES, "index": str(index)} for index in range(5)]

    batch = [template.prepare(row, at=NOON) for row in rows]
    signatures = [KEY.sign(unsigned.to_sign) for unsigned in batch]

    secured = [unsigned.finish(signature) for unsigned, signature in zip(batch, signatures, strict=True)]
    assert secured == [in_full(row) for row in rows]


def test_salts_are_made_anew_for_every_credential():
    template = template_of("vc+sd-jwt", Algorithm.ED25519)

    first, second = (template.sign(VALUES, KEY, at=NOON).split(b"~")[1:-1] for _ in range(2))

    assert len(first) == len(SHOWN)
    assert not {*first} & {*second}


def test_a_period_that_begins_by_a_value_is_told_again_in_a_token():
    made = {**document(), "validFrom": Slot("from", Kind.MOMENT)}
    template = template_of("vc+jwt", Algorithm.ED25519, made)
    values = {**VALUES, "from": "1969-12-31T23:59:59Z"}

    token = template.sign(values, KEY, at=NOON)

    assert token == secured_in_full("vc+jwt", KEY, filled(made, values))
    payload = parse_json(base64url_decode(token.decode().split(".")[1]))
    assert payload["nbf"] == -1


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


@settings(max_examples=60, deadline=None)
@given(given_values=values)
def test_whatever_the_values_the_bytes_are_the_same(way, given_values):
    suite, key, template = way
    made = filled(slotted(suite), given_values)

    signed = outcome(lambda: template.sign(given_values, key, at=NOON))

    assert signed == outcome(lambda: secured_in_full(suite, key, made))


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
        ("narrative", "a\x1fb"),
        ("narrative", "\ud800"),
        ("narrative", 1),
        ("narrative", type("Text", (str,), {})("x")),
    ],
)
def test_a_value_of_another_kind_is_refused_b12_b17(template, name, value):
    with pytest.raises(MalformedError) as caught:
        template.sign({**VALUES, name: value}, KEY, at=NOON)
    assert caught.value.code == "slot"


@pytest.mark.parametrize("wrong", [{"salt": None}, {"more": "x"}])
def test_every_slot_has_a_value_and_there_are_no_others(template, wrong):
    given_values = {**VALUES, **wrong}
    if wrong.get("salt", "") is None:
        del given_values["salt"]
    with pytest.raises(MalformedError):
        template.sign(given_values, KEY, at=NOON)


def test_a_period_that_ends_before_it_begins_is_refused_b16(template):
    with pytest.raises(MalformedError) as caught:
        template.sign({**VALUES, "until": "2020-01-01T00:00:00Z"}, KEY, at=NOON)
    assert caught.value.code == "structure"


@pytest.mark.parametrize(
    "taken",
    ["urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d", "https://harbour.example/a/knots", f"{LIST}#77", LIST],
)
def test_an_id_that_is_taken_goes_the_full_way_and_is_refused_there_b31(template, taken, monkeypatch):
    given_values = {**VALUES, "subject": taken}
    assert goes_the_full_way(template, given_values, monkeypatch)

    assert outcome(lambda: template.sign(given_values, KEY, at=NOON)) == outcome(
        lambda: in_full(given_values)
    )


def test_two_slots_may_not_give_one_id(template):
    with pytest.raises(MalformedError) as caught:
        template.sign({**VALUES, "second": VALUES["first"]}, KEY, at=NOON)
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
        Template(made, verification_method=METHOD)


def test_a_document_that_no_plan_knows_is_signed_in_full(monkeypatch):
    made = document()
    # Two alignments that say the same: their order is a question for the whole algorithm.
    alignment = {"type": ["Alignment"], "targetName": "x", "targetUrl": "https://esco.example/x"}
    made["credentialSubject"]["achievement"]["alignment"] = [alignment, copy.deepcopy(alignment)]
    template = Template(made, verification_method=METHOD)

    assert goes_the_full_way(template, VALUES, monkeypatch)
    expected = sign(filled(made, VALUES), KEY, verification_method=METHOD, at=NOON)
    assert template.sign(VALUES, KEY, at=NOON) == expected


@pytest.mark.parametrize(
    ("suite", "algorithm"),
    [
        ("eddsa-rdfc-2022", Algorithm.P256),
        ("ecdsa-jcs-2019", Algorithm.ED25519),
        ("vc+jwt", Algorithm.RSA),
        ("ecdsa-sd-2023", Algorithm.P256),
        ("Ed25519Signature2020", Algorithm.ED25519),
    ],
)
def test_other_suites_and_keys_have_no_templates(suite, algorithm):
    with pytest.raises(UnsupportedError):
        template_of(suite, algorithm)


def test_a_key_of_another_kind_does_not_sign(template):
    with pytest.raises(UnsupportedError) as caught:
        template.sign(VALUES, KEYS[Algorithm.P256], at=NOON)
    assert caught.value.code == "key-type"


def test_only_what_is_shown_in_parts_has_disclosures():
    with pytest.raises(ValueError, match="disclosures"):
        Template(document(), verification_method=METHOD, disclose=["/name"])


@pytest.mark.parametrize(
    ("suite", "inside"),
    [
        ("eddsa-rdfc-2022", "rdf_canonical"),
        ("eddsa-jcs-2022", "jcs"),
        ("vc+jwt", "to_json"),
        ("dc+sd-jwt", "to_json"),
    ],
)
def test_a_template_that_would_sign_something_else_than_the_full_path_is_never_made(
    suite, inside, monkeypatch
):
    rightly = getattr(moulds, inside)
    monkeypatch.setattr(moulds, inside, lambda value, **more: rightly(value, **more) + b" ")

    with pytest.raises(AssertionError, match="disagree"):
        template_of(suite, Algorithm.ED25519)


def test_the_document_given_is_left_as_it_was(template):
    made = document()
    Template(made, verification_method=METHOD).sign(VALUES, KEY, at=NOON)

    assert made == document()
    assert parse_json(template.sign(VALUES, KEY, at=NOON))["credentialStatus"]["id"] == f"{LIST}#77"


@pytest.mark.parametrize("before", ["", "https://a.example/"])
def test_free_text_for_an_iri_is_refused_at_once(before):
    with pytest.raises(MalformedError) as caught:
        template_of(
            "eddsa-rdfc-2022",
            Algorithm.ED25519,
            {**document(), "confidenceMethod": Slot("method", Kind.TEXT, before)},
        )
    assert caught.value.code == "data-loss"


def test_an_iri_that_plans_do_not_know_is_signed_in_full(monkeypatch):
    made = {**document(), "confidenceMethod": Slot("method", Kind.TOKEN, "ftp://a.example/")}
    template = Template(made, verification_method=METHOD)
    chosen = {**VALUES, "method": "1"}

    assert goes_the_full_way(template, chosen, monkeypatch)
    expected = sign(filled(made, chosen), KEY, verification_method=METHOD, at=NOON)
    assert template.sign(chosen, KEY, at=NOON) == expected


def test_two_slots_for_ids_and_no_other_id_like_them_may_not_give_one_id_b31():
    made = sample_credential().to_document()
    made["id"], made["credentialSubject"]["id"] = Slot("id", Kind.URN), Slot("subject", Kind.URN)
    template = Template(made, verification_method=METHOD)
    one = {"id": VALUES["id"], "subject": VALUES["id"]}

    told = outcome(lambda: template.sign(one, KEY, at=NOON))

    assert told == outcome(lambda: sign(filled(made, one), KEY, verification_method=METHOD, at=NOON))
    assert isinstance(told, str)


def test_a_period_with_an_end_that_is_no_slot_may_begin_by_a_value(monkeypatch):
    made = {**document(), "validFrom": Slot("from", Kind.MOMENT), "validUntil": "2031-01-01T00:00:00Z"}
    template = Template(made, verification_method=METHOD)
    values = {name: value for name, value in VALUES.items() if name != "until"}

    for moment in ("2030-12-31T23:59:59Z", "2031-01-01T00:00:00Z"):
        given_values = {**values, "from": moment}
        assert not goes_the_full_way(template, given_values, monkeypatch)
        expected = sign(filled(made, given_values), KEY, verification_method=METHOD, at=NOON)
        assert template.sign(given_values, KEY, at=NOON) == expected
    with pytest.raises(MalformedError):
        template.sign({**values, "from": "2031-01-01T00:00:01Z"}, KEY, at=NOON)
