# SPDX-License-Identifier: Apache-2.0
"""The short way to a judgement: the report of the long way to the last byte, or none at all."""

import copy
import json
import pickle
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace

import orjson
import pytest

from asking import INDEX, KEY, LIST, METHOD, OTHER, WEB, WEB_URL
from cairn import gather, judge, plain, read, sign, verifier
from cairn.canonical import glance, jcs, shapes, to_json
from cairn.canonical.shapes import Shapes
from cairn.checks import DEFAULT_CHECKS, period, proof, recall, structure
from cairn.did import did_jwk
from cairn.errors import CairnError
from cairn.keys import Algorithm, PrivateKey, base64url_decode, base64url_encode
from cairn.proof import Outcome, data_integrity, familiar, jose, sign_jwt
from cairn.testing import NOON, FixedSources, did_document, key_method, sample_credential, signed_status_list

STATUS = {
    "id": f"{LIST}#{INDEX}",
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": str(INDEX),
    "statusListCredential": LIST,
}
SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
OB_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(familiar, "SHAPES", Shapes(patience=0))
    monkeypatch.setattr(recall, "_KEPT_KEYS", {})


def badge(number, **changes):
    document = sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}").to_document()
    document["validUntil"] = "2031-01-01T00:00:00Z"
    document["credentialStatus"] = dict(STATUS)
    document["credentialSubject"]["id"] = f"urn:uuid:1b9d6bcd-bbfd-4b2d-9b5d-{number:012d}"
    document["credentialSubject"]["achievement"]["criteria"]["narrative"] = (
        "Tie twelve knots.\nThen untie them."
    )
    return {**document, **copy.deepcopy(changes)}


def signed(document, *, suite="eddsa-rdfc-2022", key=KEY, method=METHOD):
    return sign(document, key, verification_method=method, at=NOON, cryptosuite=suite)


def sources(**more):
    return FixedSources({LIST: signed_status_list(LIST, set_bits=(INDEX + 1,)), **more})


def reports(data, answers=None, *, at=NOON):
    """The report, and that of the long way."""
    materials = gather(read(data), answers or sources(), at=NOON)
    short = judge(materials, at=at)
    long = judge(materials, (*DEFAULT_CHECKS, lambda materials, at: ()), at=at)
    return short, long


def same(data, answers=None, *, at=NOON):
    """Both reports are one; says whether the short way spoke."""
    short, long = reports(data, answers, at=at)
    assert to_json(short.to_document()) == to_json(long.to_document())
    assert short == long
    materials = gather(read(data), answers or sources(), at=NOON)
    return recall.recall(materials, at) is not None


def taught(make=lambda number: signed(badge(number))):
    for number in range(6):
        reports(make(number))
    return make(7)


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_a_badge_of_a_known_achievement_gets_the_report_of_the_long_way(suite):
    assert same(taught(lambda number: signed(badge(number), suite=suite)))


def test_so_does_a_badge_of_a_known_shape():
    taught()
    document = badge(9, name="Sails")
    document["credentialSubject"]["achievement"] |= {
        "id": "https://x.example/a/1",
        "name": "S",
        "description": "T",
    }

    assert same(signed(document))


def test_so_does_a_token_and_a_badge_with_a_schema():
    assert same(taught(lambda number: sign_jwt(badge(number), KEY, verification_method=METHOD).encode()))
    schema = {"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}

    def with_schema(number):
        document = badge(number, credentialSchema=[schema])
        document["@context"] = [*document["@context"], OB_EXTENSIONS]
        return signed(document)

    assert same(taught(with_schema))


def test_so_does_a_badge_of_an_issuer_with_a_document_of_keys():
    answers = sources(**{WEB_URL: did_document(WEB, KEY.public_key)})

    def make(number):
        document = badge(number)
        document["issuer"]["id"] = WEB
        del document["credentialStatus"]
        return signed(document, method=f"{WEB}#key-1")

    for number in range(6):
        reports(make(number), answers)

    assert same(make(7), answers)
    assert [names[0] for names in recall._KEPT_KEYS] == [WEB]
    # What is kept counts as long as the issuer's document is the same.
    withdrawn = sources(**{WEB_URL: did_document(WEB, OTHER.public_key)})
    assert not same(make(8), withdrawn)
    assert (
        judge(gather(read(make(9)), sources(), at=NOON), at=NOON).finding("issuer").outcome
        is Outcome.UNDECIDED
    )


@pytest.mark.parametrize(("mark", "code"), [("revoked", "key-revoked"), ("expires", "key-expired")])
@pytest.mark.parametrize("is_token", [False, True])
def test_a_key_that_is_out_of_use_is_told_as_such(is_token, mark, code):
    def make(number):
        document = badge(number)
        document["issuer"]["id"] = WEB
        if is_token:
            return sign_jwt(document, KEY, verification_method=f"{WEB}#key-1").encode()
        return signed(document, method=f"{WEB}#key-1")

    keys = json.loads(did_document(WEB, KEY.public_key))
    answers = sources(**{WEB_URL: to_json(keys)})
    for number in range(6):
        reports(make(number), answers)
    assert same(make(7), answers)

    keys["verificationMethod"][0][mark] = "2026-11-23T11:00:00Z"
    withdrawn = sources(**{WEB_URL: to_json(keys)})
    assert not same(make(8), withdrawn)
    assert reports(make(8), withdrawn)[0].finding("signature").code == code


def test_a_document_that_was_kept_elsewhere_vouches_for_nothing():
    """The same key under the same name, but today nobody could get the issuer's document."""
    make = by_an_issuer_with_a_document
    answers = sources(**{WEB_URL: did_document(WEB, KEY.public_key)})
    for number in range(6):
        reports(make(number), answers)
    assert same(make(7), answers)

    for body in (None, b"{}", did_document(WEB, OTHER.public_key)):
        today = sources() if body is None else sources(**{WEB_URL: body})
        short, long = reports(make(8), today)
        assert to_json(short.to_document()) == to_json(long.to_document())
        assert not short.accepted


def test_the_document_of_an_issuer_is_kept_only_while_it_is_small(monkeypatch):
    monkeypatch.setattr(recall, "_MAX_KEPT_DOCUMENT", 100)
    answers = sources(**{WEB_URL: did_document(WEB, KEY.public_key)})

    for number in range(6):
        assert reports(by_an_issuer_with_a_document(number), answers)[0].accepted

    assert recall._KEPT_KEYS == {}


def test_the_same_is_asked_about_a_known_badge_of_an_issuer_with_a_document():
    answers = {WEB_URL: did_document(WEB, KEY.public_key)}
    asked = []
    for number in range(6):
        world = sources(**answers)
        gather(read(by_an_issuer_with_a_document(number)), world, at=NOON)
        asked.append(world.asked)
        reports(by_an_issuer_with_a_document(number), sources(**answers))

    assert asked == [[WEB_URL]] * 6


def by_an_issuer_with_a_document(number):
    document = badge(number)
    document["issuer"]["id"] = WEB
    del document["credentialStatus"]
    return signed(document, method=f"{WEB}#key-1")


def test_a_did_jwk_is_known_by_its_name_as_well():
    did = did_jwk(KEY.public_key)

    def make(number):
        document = badge(number)
        document["issuer"]["id"] = did
        del document["credentialStatus"]
        return signed(document, method=f"{did}#0")

    assert same(taught(make))
    assert [names[0] for names in recall._KEPT_KEYS] == [did]


def places(value, path=()):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def changed(document, path, value):
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_no_changed_value_is_believed_and_every_report_is_that_of_the_long_way_b75(suite):
    document = json.loads(taught(lambda number: signed(badge(number), suite=suite)))
    for path, value in [*places(document)][1:]:
        for swap in (f"{value}x" if isinstance(value, str) else [value], None, 7, [], {}, [value], True):
            forged = to_json(changed(document, path, swap))
            short, long = reports(forged)
            assert to_json(short.to_document()) == to_json(long.to_document()), (path, swap)
            # One value, or a list of that one, is the same statement in RDF.
            assert not short.accepted or swap == [value], (path, swap)


def test_a_name_on_the_web_that_is_no_address_is_asked_nowhere():
    taught()
    document = badge(9)
    document["issuer"]["id"] = "did:web:127.0.0.1%2Fx"
    asked = sources()
    data = sign_anything(document)

    assert plain.is_plain(read(data))
    gather(read(data), asked, at=NOON)

    assert asked.asked == [LIST]
    assert not reports(data)[0].accepted


HOSTILE = [
    "", "x", "_:b0", "@id", "relative", "a b", "javascript:1", "data:image/png;base64,AA", "HTTPS://x", "https://",
    "https://a.example:99999/", "https://[", "urn:x:1", "ext:x", "é", "2026-13-01T00:00:00Z", "1", "01", "-1",
    "٧", "line\nfeed", 'quo"te', "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-000000000050", "2020-01-01T00:00:00Z",
    "did:web:x.example", "https://harbour.example/a/knots",
]  # fmt: skip


def test_every_rule_is_asked_of_a_badge_that_its_own_issuer_has_signed():
    """Under a good signature only the rules stand between a value and a page."""
    taught()
    spoke = 0
    document = badge(50)
    for path, value in [*places(document)][1:]:
        if isinstance(value, str) and path[0] != "@context":
            for hostile in HOSTILE:
                try:
                    data = sign_anything(changed(document, path, hostile))
                except Exception:  # noqa: BLE001 - it cannot be signed, so nobody can be shown it
                    continue
                spoke += same(data)
    assert spoke > 20


def sign_anything(document):
    """A good signature under whatever it is."""
    return to_json(
        data_integrity.sign(
            document, KEY, verification_method=METHOD, created=NOON, cryptosuite="eddsa-rdfc-2022"
        )
    )


def test_a_withdrawn_badge_is_told_as_such():
    taught()
    document = badge(
        8, credentialStatus={**STATUS, "statusListIndex": str(INDEX + 1), "id": f"{LIST}#{INDEX + 1}"}
    )

    same(signed(document))
    report, _ = reports(signed(document))
    assert report.finding("status").code == "revoked"
    assert not report.accepted


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOON - timedelta(days=1), None),
        (NOON + timedelta(days=2000), "expired"),
        (NOON + timedelta(days=1), "ok"),
    ],
)
def test_the_moment_counts_each_time(at, code):
    data = taught()
    same(data, at=at)
    report, _ = reports(data, at=at)
    assert code is None or report.finding("period").code == code


def test_a_list_that_cannot_be_had_or_is_stale_is_a_doubt_each_time():
    data = taught()
    same(data, FixedSources())
    report, _ = reports(data, FixedSources())
    assert report.finding("status").outcome is Outcome.UNDECIDED

    materials = gather(read(data), sources(), at=NOON)
    late = judge(materials, at=NOON + timedelta(minutes=7))
    assert late.finding("status").code == "status-list-stale"


def test_a_document_that_was_written_into_after_reading_is_another_one():
    credential = read(taught())
    credential.unverified_document["credentialSubject"]["achievement"]["name"] = "Doctor of Everything"

    report = judge(gather(credential, sources(), at=NOON), at=NOON)

    assert report.finding("signature").code == "signature-mismatch"


def test_a_look_at_another_document_says_nothing_about_this_one():
    credential = read(taught())
    other = json.loads(signed(badge(9)))
    other["name"] = "Doctor of Everything"

    report = judge(gather(replace(credential, unverified_document=other), sources(), at=NOON), at=NOON)

    assert not report.accepted


def test_a_token_around_another_document_is_not_taken_for_covered():
    data = taught(lambda number: sign_jwt(badge(number), KEY, verification_method=METHOD).encode())
    lossy = json.dumps({**badge(8), "colour": "red"})  # a term that no context defines (B73)
    token = jose.sign(json.loads(lossy), KEY, kid=METHOD)
    mixed = replace(read(data), token=token)

    assert proof(gather(mixed, sources(), at=NOON), NOON)[0].code == "data-loss"


def tokens(number):
    return sign_jwt(badge(number), KEY, verification_method=METHOD).encode()


@pytest.mark.parametrize(
    "starts",
    # Whole seconds are counted towards 1970, so that a claim about the time before begins later.
    ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00.500Z", "1969-12-31T23:59:59.500Z"],
)
def test_a_part_of_a_second_ends_the_period_of_a_token_as_the_long_way_says(starts):
    """Its claim is of whole seconds, and so ends sooner than the date in the credential."""

    def make(number):
        document = badge(number, validFrom=starts, validUntil="2026-11-23T13:00:00.900Z")
        return sign_jwt(document, KEY, verification_method=METHOD).encode()

    data = taught(make)
    for late in (59, 60, 60.5, 60.9, 61):
        same(data, at=NOON + timedelta(hours=1, seconds=late))


def spaced(token):
    """A token that says the same in another text, which has to be read."""
    header, payload, _ = token.decode().split(".")
    text = base64url_encode(json.dumps(json.loads(base64url_decode(payload)), indent=1).encode())
    return f"{header}.{text}.{base64url_encode(KEY.sign(f'{header}.{text}'.encode()))}".encode()


def test_a_token_with_spaces_in_it_is_believed_as_well():
    assert same(spaced(taught(tokens)))


def nobody(*arguments, **named):
    pytest.fail("the long way was taken")


def test_the_key_of_a_token_that_was_read_is_kept_as_well(monkeypatch):
    data = spaced(taught(tokens))
    recall._KEPT_KEYS.clear()

    assert same(data)

    monkeypatch.setattr(recall, "resolver", nobody)
    monkeypatch.setattr(recall, "bind_to_issuer", nobody)
    assert recall.recall(gather(read(data), sources(), at=NOON), NOON) is not None


def test_dates_that_a_token_only_says_again_are_not_looked_at_twice(monkeypatch):
    data = taught(tokens)
    monkeypatch.setattr(recall, "period", nobody)

    assert recall.recall(gather(read(data), sources(), at=NOON), NOON) is not None


def test_what_went_the_short_way_is_learned_from_as_well():
    """The long way has told the shape; what badges of one achievement have in common is seen on the short."""
    for number in range(8):
        judge(gather(read(signed(badge(number))), sources(), at=NOON), at=NOON)

    assert read(signed(badge(9))).glance.is_special


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("path", [("name",), ("credentialSubject", "achievement", "name"), ("validUntil",)])
def test_what_is_written_into_a_token_after_reading_was_not_signed(path, is_known):
    data = taught(tokens) if is_known else tokens(7)
    credential = read(data)
    *way, last = path
    place = credential.unverified_document
    for name in way:
        place = place[name]
    place[last] = "2032-02-02T00:00:00Z"

    report = judge(gather(credential, sources(), at=NOON), at=NOON)

    assert report.document == badge(7)


def test_claims_that_somebody_has_written_into_are_not_the_tokens():
    credential = read(taught(tokens))
    credential.unverified_claims["iss"] = "did:example:mallory"
    credential.unverified_claims["exp"] = 0

    report = judge(gather(credential, sources(), at=NOON), at=NOON)

    assert report.accepted


def test_another_token_is_not_taken_for_the_one_that_was_read():
    credential = read(taught(tokens))
    other = replace(credential, token=tokens(8).decode())

    assert credential.seen_token is not None
    assert other.seen_token is None
    assert other.parts() is None
    changed = replace(credential, token=f"{credential.token[:-8]}AAAAAAAA")
    assert not judge(gather(changed, sources(), at=NOON), at=NOON).accepted


def test_a_token_of_another_key_is_not_the_issuers():
    data = taught(tokens)
    assert same(data)
    for key, method in ((OTHER, METHOD), (OTHER, key_method(OTHER.public_key)), (KEY, "nobody")):
        assert not same(sign_jwt(badge(8), key, verification_method=method).encode())
    shown = jose.sign(badge(8), KEY, kid=METHOD)
    header = to_json({"alg": "EdDSA", "typ": "vc+jwt", "jwk": KEY.public_key.jwk()})
    assert not same(f"{base64url_encode(header)}.{shown.partition('.')[2]}".encode())


def test_a_proof_that_somebody_else_has_signed_is_not_the_issuers():
    taught()
    assert not same(signed(badge(8), key=OTHER, method=key_method(OTHER.public_key)))
    assert not same(signed(badge(8), key=OTHER))


def test_a_key_of_another_curve_is_left_to_the_long_way():
    key = PrivateKey.generate(Algorithm.P256)
    did = f"did:key:{key.public_key.multikey()}"

    def make(number):
        document = badge(number)
        document["issuer"]["id"] = did
        return signed(document, suite="ecdsa-rdfc-2019", key=key, method=f"{did}#{key.public_key.multikey()}")

    assert not same(taught(make))


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
@pytest.mark.parametrize(
    "proof", [..., None, [], "x", {}, {"verificationMethod": None}, {"verificationMethod": [1]}]
)
def test_an_unsigned_badge_of_a_known_shape_is_left_to_the_long_way_b63(suite, proof):
    """The mutants found that the member that names the key was looked up before it was known to be there."""
    document = json.loads(taught(lambda number: signed(badge(number), suite=suite)))
    document["proof"] = proof
    data = to_json({name: value for name, value in document.items() if value is not ...})

    for _ in range(4):
        assert not same(data)
        # As if a token around that document had been accepted, so that the shape is known and plain.
        read(data).glance.accepted()


def test_what_is_not_plain_is_left_to_the_long_way():
    inner = json.loads(signed(badge(1)))
    endorsed = [
        badge(8, endorsementJwt=["eyJ.e30.x"]),
        badge(8, relatedResource=[{"id": "https://x.example/r", "digestSRI": "sha384-x"}]),
    ]
    for document in endorsed:
        data = sign_anything(document)
        for _ in range(3):
            assert not same(data)
    assert inner


def test_the_usual_checks_are_those_that_are_recalled():
    """Whoever adds one to them has to say here what it finds of plain badges, or the short way is closed."""
    assert recall.RECALLED == DEFAULT_CHECKS


def test_a_token_around_a_whole_credential_is_judged_with_the_proof_inside_s6():
    """Its document has the shape of one that stands alone, and is not plain for that."""
    taught()
    inner = json.loads(signed(badge(7)))
    forged = {**inner, "name": "Doctor of Everything"}
    for document, accepted in ((inner, True), (forged, False)):
        token = jose.sign(document, KEY, kid=METHOD).encode()
        for _ in range(3):
            same(token)
        assert reports(token)[0].accepted is accepted
    assert not plain.is_plain(read(token))
    assert plain.is_plain(read(to_json(inner)))


def test_other_checks_than_the_usual_are_asked_one_by_one(monkeypatch):
    data = taught()
    monkeypatch.setattr(verifier, "recall", lambda materials, at: pytest.fail("nobody asked for all of them"))

    report = judge(gather(read(data), sources(), at=NOON), (structure, proof, period), at=NOON)

    assert [finding.check for finding in report.findings] == ["structure", "signature", "issuer", "period"]


def test_reports_share_nothing_that_can_be_written_into():
    data = taught()
    first, _ = reports(data)
    for finding in first.findings:
        with suppress(TypeError):  # what all of them share refuses
            finding.details["mark"] = "x"
    first.document["name"] = "Doctor of Everything"

    second, long = reports(data)

    assert not any("mark" in finding.details for finding in second.findings)
    assert second == long
    assert second.document == badge(7)


def test_a_report_can_be_copied_and_sent_to_another_process():
    report, long = reports(taught())

    for copied in (pickle.loads(pickle.dumps(report)), copy.deepcopy(report), replace(report)):
        assert copied == long
        assert copied.document == long.document
        assert copied.accepted


def test_nothing_is_parsed_that_nobody_asks_for(monkeypatch):
    data = taught()
    assert same(data)
    parsed = []
    counting = SimpleNamespace(loads=lambda text: parsed.append(1) or json.loads(text), dumps=orjson.dumps)
    monkeypatch.setattr(shapes, "orjson", counting)
    monkeypatch.setattr(glance, "orjson", counting)

    report = judge(gather(read(data), sources(), at=NOON), at=NOON)

    assert report.accepted
    assert report.sha256 == sha256(jcs(json.loads(data))).hexdigest()
    assert parsed == []
    assert report.document == badge(7)
    assert len(parsed) == 1


def test_what_is_written_into_a_document_later_is_not_what_was_judged():
    credential = read(taught())
    report = judge(gather(credential, sources(), at=NOON), at=NOON)
    credential.unverified_document["name"] = "Doctor of Everything"

    assert report.document == badge(7)
    assert report.sha256 == read(taught()).sha256


def with_schemas(*entries):
    def make(number):
        document = badge(number, credentialSchema=entries[0] if len(entries) == 1 else list(entries))
        document["@context"] = [*document["@context"], OB_EXTENSIONS]
        return signed(document)

    return make


def test_one_schema_is_told_of_without_a_look_at_the_document(monkeypatch):
    data = taught(with_schemas({"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}))
    monkeypatch.setattr(recall, "schema", nobody)

    assert recall.recall(gather(read(data), sources(), at=NOON), NOON) is not None


@pytest.mark.parametrize(
    "entries",
    [
        [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
        [{"id": SCHEMA.replace("achievement", "endorsement"), "type": "1EdTechJsonSchemaValidator2019"}],
        [{"id": "https://harbour.example/schema", "type": "JsonSchema"}],
        [{"id": "https://harbour.example/schema", "type": "JsonSchemaCredential"}],
        [
            {"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"},
            {"id": "https://x.example/s", "type": "JsonSchema"},
        ],
    ],
)
def test_whatever_schemas_it_names_the_report_is_that_of_the_long_way(entries):
    for number in range(8):
        same(with_schemas(*entries)(number))


@pytest.mark.parametrize(
    "status",
    [
        [STATUS],
        {**STATUS, "statusReference": "https://harbour.example/why"},
        [STATUS, {**STATUS, "id": f"{LIST}#s", "statusPurpose": "suspension"}],
        {**STATUS, "statusListCredential": "urn:x:list"},
        {**STATUS, "statusListCredential": f"{LIST}?of=000000000007"},
        {name: value for name, value in STATUS.items() if name != "id"},
    ],
)
def test_whatever_status_it_has_the_report_is_that_of_the_long_way(status):
    for number in range(8):
        data = sign_anything(badge(number, credentialStatus=status))
        same(data)
        assert gather(read(data), sources(), at=NOON).resources.keys() == (
            gather(read(json.dumps(json.loads(data)).encode()), sources(), at=NOON).resources.keys()
        )


DATES = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T01:00:00+01:00",
    "2031-01-01T00:00:00.5Z",
    "2020-02-30T00:00:00Z",
    "x",
]


@pytest.mark.parametrize("starts", [*DATES, None])
@pytest.mark.parametrize("ends", [*DATES, None])
def test_whatever_dates_it_has_the_report_is_that_of_the_long_way(starts, ends):
    taught()
    document = {**badge(9), "validFrom": starts, "validUntil": ends}
    same(sign_anything({name: value for name, value in document.items() if value is not None}))


KEYS = ("id", "type", "name", "issuer", "validFrom", "credentialSubject", "proof")


def mutations(data):
    """Texts that are nearly this one: other values, types, structures, keys, orders and spellings."""
    document = json.loads(data)
    found = [*places(document)][1:]
    for path, value in found:
        for swap in (f"{value}", 7, [value], {}, None, "", "\\u0041", "\x7f", "é", "\u2028", "a b"):
            yield to_json(changed(document, path, swap))
    for name in KEYS:
        rest = {key: value for key, value in document.items() if key != name}
        yield to_json(rest)
        yield to_json({**rest, name: document[name]})
        yield to_json({name + "x" if key == name else key: value for key, value in document.items()})
    text = data.decode()
    for before, after in (
        ('"name":', '"n\\u0061me":'), ('"name":', '"name": '), ('"name":', '"name":"x","name":'),
        (":", "\n:"), ("Tie", "\\u0054ie"), ("Tie", "T\tie"), ("Tie", "T\x00ie"), ("Tie", "T\\/ie"),
        ("urn:uuid:8", "urn:uuid:\x01"), ("urn:uuid:8", "urn:uuid:\x7f"), ("urn:uuid:8", 'urn:uuid:","x":"'),
        ("-00000", "-\\u003000000"), ("urn:uuid:8", "urn:uuid:\\"), ("urn:uuid:8", "urn:uuid:\u0085"),
    ):  # fmt: skip
        yield text.replace(before, after, 1).encode()
    yield from (data[:-1], data + b" ", data + b"}", b"\xef\xbb\xbf" + data, data.replace(b"Tie", b"T\xffe"))


@pytest.mark.parametrize("is_special", [True, False])
def test_whatever_is_changed_the_report_is_that_of_a_process_that_knows_nothing(is_special, monkeypatch):
    """The look at a text goes by the text: nothing that a parser would refuse or read otherwise may pass."""
    # Of texts with an escape in what they share no layout is kept, only forms.
    words = "Tie twelve knots.\n" if is_special else "Tie twelve knots."

    def make(number):
        document = badge(number)
        document["credentialSubject"]["achievement"]["criteria"]["narrative"] = words
        return signed(document)

    data = taught(make)
    known = familiar.SHAPES
    assert read(data).glance.is_special
    if not is_special:
        for shape in known._all.values():
            shape.specials = ()
            shape._patience = 10**9
        known._forget_texts()
    assert same(data)
    assert read(data).glance.is_special is is_special
    assert read(data).glance.is_unescaped

    def told(shapes, text):
        monkeypatch.setattr(familiar, "SHAPES", shapes)
        try:
            report = judge(gather(read(text), sources(), at=NOON), at=NOON)
        except CairnError as error:
            return error.code
        return to_json(report.to_document())

    for text in mutations(data):
        assert told(known, text) == told(Shapes(patience=10**9), text), text


def test_what_was_kept_from_an_earlier_look_is_left_to_the_long_way():
    now = gather(read(taught()), sources(), at=NOON)

    assert recall.recall(now, NOON) is not None
    assert recall.recall(now.with_earlier(now), NOON) is None


def test_keys_that_are_kept_are_few(monkeypatch):
    monkeypatch.setattr(recall, "_MAX_KEPT_KEYS", 2)
    for name in range(5):
        key = PrivateKey.from_seed(bytes([name]) * 32)
        document = badge(name)
        document["issuer"]["id"] = f"did:key:{key.public_key.multikey()}"
        for number in range(3):
            reports(
                signed(
                    {**document, "id": f"urn:x:{name}:{number}"}, key=key, method=key_method(key.public_key)
                )
            )
        assert len(recall._KEPT_KEYS) <= 2
