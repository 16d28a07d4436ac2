# SPDX-License-Identifier: Apache-2.0
"""The questions of a judgement, each with its yes, its no and its "could not tell"."""

import json
from datetime import timedelta

import pytest

from cairn import checks
from cairn.canonical import to_json
from cairn.checks import Finding, issued_by
from cairn.did import build_document, did_jwk, did_key
from cairn.keys import Algorithm, PrivateKey, base58btc_encode, base64url_encode
from cairn.materials import gather, read
from cairn.proof import Outcome, data_integrity, jose, sign, sign_jwt
from cairn.status import StatusEntry, StatusList, status_list_document, subject_id
from cairn.testing import (
    NOON,
    FixedSources,
    demo_key,
    did_document,
    key_method,
    sample_credential,
    signed_sample,
    signed_status_list,
)

KEY = demo_key()
OTHER = demo_key("other")
METHOD = key_method(KEY.public_key)
WEB = "did:web:harbour.example:i:1"
WEB_URL = "https://harbour.example/i/1/did.json"
LIST = "https://harbour.example/s/1"
INDEX = 94_567
DAY = timedelta(days=1)


def materials(data, answers=None, at=NOON):
    return gather(read(data), FixedSources(answers), at=at)


def ask(check, data, answers=None, at=NOON):
    """The outcome and code of each finding of one check, by its name."""
    found = check(materials(data, answers, at), at)
    return {finding.check: (finding.outcome, finding.code) for finding in found}


def signed(document, key=KEY, method=METHOD):
    """Signed without the rules of issuing, as a stranger might."""
    return to_json(
        data_integrity.sign(
            document, key, verification_method=method, created=NOON, cryptosuite="eddsa-rdfc-2022"
        )
    )


# --- what nobody can take apart

BROKEN_ADDRESSES = [
    "https://[",
    "https://[::1",
    "https://[harbour]/",
    "https://a]b/",
    "https://a.example:port/",
]


@pytest.mark.parametrize("address", BROKEN_ADDRESSES)
def test_a_broken_address_under_a_good_signature_is_a_no_or_a_doubt_b18(address):
    """A stranger can sign anything with a key of their own; none of it may make the judge fall over."""
    badge = sample_credential(status=StatusEntry("revocation", INDEX, LIST)).to_document()
    status = {**badge["credentialStatus"], "statusListCredential": address}
    strange = [{**badge, "issuer": {**badge["issuer"], "id": address}}, {**badge, "credentialStatus": status}]

    for document in strange:
        for data in (signed(document), jose.sign(document, KEY, kid=METHOD).encode()):
            found = [each for check in checks.DEFAULT_CHECKS for each in check(materials(data), NOON)]

            assert {"issuer", "status"} <= {finding.check for finding in found}
            assert any(finding.decides and finding.outcome is not Outcome.PASSED for finding in found)


# --- structure


def test_a_good_badge_has_its_fields():
    (found,) = checks.structure(materials(signed_sample()), NOON)

    assert (found.outcome, found.code) == (Outcome.PASSED, "ok")
    assert found.details == {"kind": "Open Badges 3.0"}


def test_a_broken_badge_names_its_fields():
    document = sample_credential().to_document()
    del document["credentialSubject"]["achievement"]["criteria"]

    (found,) = checks.structure(materials(signed(document)), NOON)

    assert (found.outcome, found.code) == (Outcome.FAILED, "structure")
    assert found.details["fields"] == "credentialSubject.achievement.criteria"


@pytest.mark.parametrize(
    ("types", "code"),
    [
        (["VerifiableCredential", "ClrCredential"], "unsupported-kind"),
        (["VerifiablePresentation"], "unsupported-presentation"),
        (["Something"], "unsupported-kind"),
    ],
)
def test_kinds_without_rules_are_a_doubt(types, code):
    document = {"@context": ["https://example.org/"], "type": types, "issuer": "urn:x:1"}

    assert ask(checks.structure, to_json(document))["structure"] == (Outcome.UNDECIDED, code)


@pytest.mark.parametrize(
    "context", ["https://example.org/x", "http://www.w3.org/ns/credentials/v2", {"@vocab": "urn:x:"}]
)
def test_an_unknown_context_is_a_doubt_b24_b26(context):
    document = sample_credential().to_document()
    document["@context"].append(context)

    assert ask(checks.structure, to_json({**document, "proof": {}}))["structure"] == (
        Outcome.UNDECIDED,
        "unknown-context",
    )


@pytest.mark.parametrize("place", ["subject", "achievement"])
def test_a_context_inside_is_a_doubt_b28(place):
    document = sample_credential().to_document()
    node = document["credentialSubject"]
    node = node if place == "subject" else node["achievement"]
    node["@context"] = "https://www.w3.org/ns/credentials/v2"

    assert ask(checks.structure, to_json(document))["structure"] == (Outcome.UNDECIDED, "unknown-context")


def test_the_contexts_of_a_jcs_proof_are_no_context_inside_b73():
    document = sample_credential().to_document()
    data = sign(document, KEY, verification_method=METHOD, at=NOON, cryptosuite="eddsa-jcs-2022")

    assert ask(checks.structure, data)["structure"] == (Outcome.PASSED, "ok")


def test_an_old_context_is_noted():
    document = sample_credential().to_document()
    document["@context"][1] = "https://purl.imsglobal.org/spec/ob/v3p0/context.json"

    (found,) = checks.structure(materials(to_json(document)), NOON)

    assert found.outcome is Outcome.PASSED
    assert found.details["note"] == "old-context"


def test_a_schema_of_its_own_is_a_remark():
    document = sample_credential().to_document()
    document["credentialSchema"] = [{"id": "https://harbour.example/schema.json", "type": "JsonSchema"}]

    found, remark = checks.structure(materials(to_json(document)), NOON)

    assert found.outcome is Outcome.PASSED
    assert (remark.check, remark.outcome, remark.decides) == ("schema", Outcome.UNDECIDED, False)


# --- who signed


def test_a_badge_of_did_key_is_the_issuers():
    assert ask(checks.proof, signed_sample()) == {
        "signature": (Outcome.PASSED, "ok"),
        "issuer": (Outcome.PASSED, "ok"),
    }


@pytest.mark.parametrize(
    ("issuer", "url"), [(WEB, WEB_URL), ("https://harbour.example/i/1", "https://harbour.example/i/1")]
)
def test_a_badge_of_a_web_issuer_names_the_domain(issuer, url):
    data = signed_sample(sample_credential(issuer=issuer), verification_method=f"{issuer}#key-1")

    signature, found = checks.proof(materials(data, {url: did_document(issuer, KEY.public_key)}), NOON)

    assert signature.outcome is found.outcome is Outcome.PASSED
    assert found.details["domain"] == "harbour.example"
    assert found.details["key"] == f"{issuer}#key-1"
    assert "harbour.example" in found.message


def test_a_port_is_part_of_the_domain():
    issuer = "did:web:harbour.example%3A8443:i:1"
    data = signed_sample(sample_credential(issuer=issuer), verification_method=f"{issuer}#key-1")

    _, found = checks.proof(materials(data), NOON)

    assert found.details["domain"] == "harbour.example:8443"


def test_keys_that_cannot_be_reached_are_a_doubt_b84():
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")

    assert ask(checks.proof, data) == {
        "signature": (Outcome.UNDECIDED, "unreachable"),
        "issuer": (Outcome.UNDECIDED, "unreachable"),
    }


@pytest.mark.parametrize(
    "answer",
    [
        b"<!doctype html>",
        b"{}",
        b"[]",
        did_document("did:web:evil.example", KEY.public_key),
        to_json({**json.loads(did_document(WEB, KEY.public_key)), "id": WEB + "/"}),
    ],
)
def test_something_else_than_the_issuers_document_is_a_doubt_b97(answer):
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")

    assert ask(checks.proof, data, {WEB_URL: answer})["issuer"] == (Outcome.UNDECIDED, "issuer-document")


def test_the_key_of_another_issuer_is_a_no_b66():
    """A key that anybody can look up, and that is not the issuer's."""
    for issuer in (WEB, did_key(OTHER.public_key), "https://harbour.example/i/1"):
        found = ask(checks.proof, signed_sample(sample_credential(issuer=issuer)))
        assert found["issuer"] == (Outcome.FAILED, "key-not-of-issuer")
        assert found["signature"][0] is Outcome.PASSED  # unchanged, by somebody else


def test_a_key_that_the_issuer_does_not_list_is_a_no_b65_n30():
    fragment = KEY.public_key.multikey()
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#{fragment}")

    found = ask(checks.proof, data, {WEB_URL: did_document(WEB, OTHER.public_key)})

    assert found["issuer"] == (Outcome.FAILED, "key-not-of-issuer")


def test_a_key_for_another_use_is_a_no_b65():
    document = json.loads(did_document(WEB, KEY.public_key))
    document["authentication"] = document.pop("assertionMethod")
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")

    assert ask(checks.proof, data, {WEB_URL: to_json(document)})["issuer"] == (
        Outcome.FAILED,
        "key-not-of-issuer",
    )


def test_a_key_of_another_controller_is_a_no_b65():
    document = json.loads(did_document(WEB, KEY.public_key))
    document["verificationMethod"][0]["controller"] = "did:web:evil.example"
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")

    assert ask(checks.proof, data, {WEB_URL: to_json(document)})["issuer"] == (
        Outcome.FAILED,
        "key-not-of-issuer",
    )


def test_a_method_inside_the_credential_proves_nothing_b65():
    document = sample_credential(issuer=WEB).to_document()
    document = json.loads(signed(document, method=f"{WEB}#key-1"))
    document["proof"]["verificationMethod"] = {"id": f"{WEB}#key-1", "publicKeyMultibase": "z6Mk"}

    found = ask(checks.proof, to_json(document))

    assert found["signature"][0] is Outcome.FAILED
    assert found["issuer"][0] is Outcome.FAILED


def test_one_proof_of_a_stranger_spoils_the_set_b65():
    document = json.loads(signed_sample())
    document = data_integrity.sign(
        document, OTHER, verification_method=key_method(OTHER.public_key), created=NOON
    )

    assert ask(checks.proof, to_json(document))["issuer"] == (Outcome.FAILED, "key-not-of-issuer")


def test_a_withdrawn_key_is_a_no_and_a_retired_one_is_not_s13():
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")
    retired = build_document(WEB, [("key-1", KEY.public_key, None), ("key-2", OTHER.public_key, None)])
    withdrawn = build_document(WEB, [("key-1", KEY.public_key, NOON), ("key-2", OTHER.public_key, None)])

    assert ask(checks.proof, data, {WEB_URL: to_json(retired)})["signature"] == (Outcome.PASSED, "ok")
    assert ask(checks.proof, data, {WEB_URL: to_json(withdrawn)})["signature"] == (
        Outcome.FAILED,
        "key-revoked",
    )


@pytest.mark.parametrize("issuer", ["did:example:1", "did:webvh:x:harbour.example", "urn:uuid:1"])
def test_an_issuer_that_we_cannot_look_up_is_a_doubt(issuer):
    data = signed_sample(sample_credential(issuer=issuer), verification_method=f"{issuer}#key-1")

    assert ask(checks.proof, data)["issuer"] == (Outcome.UNDECIDED, "unknown-did-method")


def test_a_did_key_that_is_no_key_is_a_no_b20_b62():
    short = base58btc_encode(b"\xed\x01" + bytes(31))
    off_curve = base58btc_encode(b"\x80\x24\x02" + b"\xff" * 32)
    for issuer in (f"did:key:z{short}", f"did:key:z{off_curve}", "did:jwk:e30"):
        document = json.loads(signed_sample())
        document["issuer"]["id"] = issuer
        document["proof"]["verificationMethod"] = f"{issuer}#0"
        assert ask(checks.proof, to_json(document))["issuer"][0] is Outcome.FAILED


def test_the_small_order_key_is_a_no_b53():
    """Under it one signature fits every message."""
    did = "did:key:z" + base58btc_encode(b"\xed\x01" + b"\x01" + bytes(31))
    document = sample_credential(issuer=did).to_document()
    proof = json.loads(signed_sample())["proof"]
    proof["verificationMethod"] = f"{did}#{did[8:]}"
    proof["proofValue"] = "z" + base58btc_encode(b"\x01" + bytes(63))

    found = ask(checks.proof, to_json({**document, "proof": proof}))

    assert found["signature"][0] is Outcome.FAILED
    assert found["issuer"][0] is Outcome.FAILED


def test_without_an_issuer_nobody_signed():
    document = json.loads(signed_sample())
    del document["issuer"]

    assert ask(checks.proof, to_json(document))["issuer"] == (Outcome.FAILED, "no-issuer")


def test_an_unsigned_credential_names_no_key_b76():
    assert ask(checks.proof, to_json(sample_credential().to_document())) == {
        "signature": (Outcome.FAILED, "no-proof"),
        "issuer": (Outcome.FAILED, "no-key"),
    }


# --- tokens


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P256])
def test_a_token_of_did_jwk_is_the_issuers(algorithm):
    key = PrivateKey.generate(algorithm)
    issuer = did_jwk(key.public_key)
    token = sign_jwt(sample_credential(issuer=issuer).to_document(), key, verification_method=f"{issuer}#0")

    assert ask(checks.proof, token.encode()) == {
        "signature": (Outcome.PASSED, "ok"),
        "issuer": (Outcome.PASSED, "ok"),
    }


def test_a_token_by_a_strangers_key_is_a_no_b44_b66():
    token = sign_jwt(
        sample_credential(issuer=WEB).to_document(),
        OTHER,
        verification_method=key_method(OTHER.public_key),
    )

    assert ask(checks.proof, token.encode())["issuer"] == (Outcome.FAILED, "key-not-of-issuer")


def badge_token(issuer, key, **header):
    """A token in the style of Open Badges: typ JWT, the key in the header or named by it."""
    payload = sample_credential(issuer=issuer).to_document()
    parts = [base64url_encode(to_json(part)) for part in ({"alg": "EdDSA", "typ": "JWT", **header}, payload)]
    signed_part = ".".join(parts)
    return f"{signed_part}.{base64url_encode(key.sign(signed_part.encode()))}".encode()


ISSUER = "https://harbour.example/i/1"
KEY_SET = "https://harbour.example/.well-known/jwks.json"


def key_set(*keys):
    return to_json({"keys": [{**key.public_key.jwk(), "kid": f"k{i}"} for i, key in enumerate(keys)]})


def test_the_key_set_at_the_issuers_origin_counts_s5():
    profile = to_json({"id": ISSUER, "type": ["Profile"], "name": "Harbour School"})
    answers = {ISSUER: profile, KEY_SET: key_set(OTHER, KEY)}

    for header in ({"jwk": KEY.public_key.jwk()}, {"kid": "k1"}, {"kid": f"{ISSUER}#k1"}):
        assert ask(checks.proof, badge_token(ISSUER, KEY, **header), answers) == {
            "signature": (Outcome.PASSED, "ok"),
            "issuer": (Outcome.PASSED, "ok"),
        }


def test_a_shown_key_that_the_issuer_does_not_publish_is_a_no_s5_b45():
    token = badge_token(ISSUER, KEY, jwk=KEY.public_key.jwk())

    assert ask(checks.proof, token, {KEY_SET: key_set(OTHER)})["signature"] == (
        Outcome.FAILED,
        "unknown-key",
    )
    assert ask(checks.proof, token)["signature"] == (Outcome.UNDECIDED, "unreachable")


def test_the_issuers_own_document_goes_before_the_key_set():
    answers = {ISSUER: did_document(ISSUER, OTHER.public_key, "k0"), KEY_SET: key_set(KEY)}

    assert ask(checks.proof, badge_token(ISSUER, KEY, kid="k0"), answers)["signature"] == (
        Outcome.FAILED,
        "signature-mismatch",
    )


def test_a_key_set_with_a_private_key_in_it_is_not_used_b61():
    leaked = to_json({"keys": [{**KEY.to_jwk(), "kid": "k0"}]})

    found = ask(checks.proof, badge_token(ISSUER, KEY, kid="k0"), {KEY_SET: leaked})

    assert found["signature"][0] is not Outcome.PASSED


def test_a_key_set_is_no_issuer_for_embedded_proofs():
    data = signed_sample(sample_credential(issuer=ISSUER), verification_method=f"{ISSUER}#k0")

    assert ask(checks.proof, data, {KEY_SET: key_set(KEY)})["issuer"] == (Outcome.UNDECIDED, "unreachable")


@pytest.mark.parametrize("altered", [False, True])
def test_only_the_token_in_a_wrapper_is_signed_b60(altered):
    token = sign_jwt(sample_credential().to_document(), KEY, verification_method=METHOD)
    outside = sample_credential().to_document()
    if altered:
        outside["credentialSubject"]["achievement"]["name"] = "Doctor of Everything"

    found = ask(checks.proof, to_json({**outside, "proof": {"type": "JwtProof2020", "jwt": token}}))

    expected = (Outcome.FAILED, "wrapper-altered") if altered else (Outcome.UNDECIDED, "wrapped-token")
    assert found["signature"] == expected


# --- dates


def period(at, **dates):
    document = {**sample_credential().to_document(), **dates}
    document = {name: value for name, value in document.items() if value is not ...}
    return ask(checks.period, to_json(document), at=at)["period"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-61, (Outcome.FAILED, "not-yet-valid")),
        (-60, (Outcome.PASSED, "ok")),
        (0, (Outcome.PASSED, "ok")),
        (3600 + 60, (Outcome.PASSED, "ok")),
        (3600 + 61, (Outcome.FAILED, "expired")),
    ],
)
@pytest.mark.parametrize("names", [("validFrom", "validUntil"), ("issuanceDate", "expirationDate")])
def test_the_edges_of_the_period_b54(seconds, expected, names):
    starts, ends = names
    dates = {"validFrom": ..., starts: "2026-11-23T12:00:00Z", ends: "2026-11-23T13:00:00Z"}

    assert period(NOON + timedelta(seconds=seconds), **dates) == expected


def test_no_end_and_no_beginning_are_fine():
    assert period(NOON + 9999 * DAY) == (Outcome.PASSED, "ok")
    assert period(NOON, validFrom=...) == (Outcome.PASSED, "ok")


@pytest.mark.parametrize("value", ["2026-11-23", 1, None, ["2026-11-23T12:00:00Z"]])
def test_unreadable_dates_are_a_doubt_b16(value):
    assert period(NOON, validUntil=value) == (Outcome.UNDECIDED, "no-dates")


def test_the_dates_of_a_token_count_as_well():
    payload = sample_credential().to_document()
    header = {"alg": "EdDSA", "typ": "vc+jwt", "kid": METHOD}
    parts = [base64url_encode(to_json(part)) for part in (header, {**payload, "exp": int(NOON.timestamp())})]

    assert ask(checks.period, f"{'.'.join(parts)}.AA".encode(), at=NOON + DAY)["period"] == (
        Outcome.FAILED,
        "expired",
    )


def test_the_period_tells_its_dates():
    data = to_json(sample_credential(valid_until=NOON + DAY).to_document())

    (found,) = checks.period(materials(data), NOON)

    assert found.details == {"valid_from": "2026-11-23T12:00:00Z", "valid_until": "2026-11-24T12:00:00Z"}


# --- status


def badge(purpose="revocation", url=LIST, issuer=None, method=None):
    return signed_sample(
        sample_credential(status=StatusEntry(purpose, INDEX, url), issuer=issuer), verification_method=method
    )


def status(answers, data=None, at=NOON, gathered_at=None):
    (found,) = checks.status(materials(data or badge(), answers, gathered_at or at), at)
    return found


def outcome(*arguments, **named):
    found = status(*arguments, **named)
    return found.outcome, found.code


def test_a_badge_without_status_cannot_be_withdrawn():
    assert outcome({}, signed_sample()) == (Outcome.PASSED, "no-status")


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ((), (Outcome.PASSED, "ok")),
        ((INDEX,), (Outcome.FAILED, "revoked")),
        ((INDEX - 1, INDEX + 1), (Outcome.PASSED, "ok")),
        # The bit that least-significant-first reading would take for ours (B86).
        ((INDEX // 8 * 8 + 7 - INDEX % 8,), (Outcome.PASSED, "ok")),
    ],
)
def test_the_bit_of_a_badge_decides_b86(bits, expected):
    assert outcome({LIST: signed_status_list(LIST, set_bits=bits)}) == expected


def test_a_suspension_entry_is_read_like_any_other():
    answers = {LIST: signed_status_list(LIST, purpose="suspension", set_bits=(INDEX,))}

    assert outcome(answers, badge("suspension")) == (Outcome.FAILED, "suspended")


def test_a_list_that_cannot_be_reached_is_a_doubt_s8_b84():
    found = status({})

    assert (found.outcome, found.code) == (Outcome.UNDECIDED, "unreachable")
    assert found.details["list_url"] == LIST


TWIN = f"{LIST}/suspension"


def twin(**arguments):
    return signed_status_list(TWIN, purpose="suspension", **arguments)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (twin(), (Outcome.PASSED, "ok")),
        (twin(set_bits=(INDEX,)), (Outcome.FAILED, "suspended")),
        (None, (Outcome.UNDECIDED, "unreachable")),
        (b"{}", (Outcome.UNDECIDED, "status-list-issuer")),
        (signed_status_list(TWIN, purpose="revocation"), (Outcome.UNDECIDED, "status-list-purpose")),
        (
            signed_status_list(LIST, purpose="suspension"),
            (Outcome.UNDECIDED, "status-list-id"),
        ),
        (twin(signer=OTHER), (Outcome.UNDECIDED, "status-list-issuer")),
    ],
)
def test_an_announced_twin_is_never_optional(answer, expected):
    answers = {LIST: signed_status_list(LIST, with_suspension=True)}
    if answer is not None:
        answers[TWIN] = answer

    assert outcome(answers) == expected


def test_a_twin_of_another_form_is_no_twin():
    answers = {LIST: signed_status_list(LIST, with_suspension=True)}
    for bits, subject in (
        (StatusList(), "urn:x:1"),
        (StatusList(262_144), subject_id(TWIN, purpose="suspension")),
    ):
        document = status_list_document(
            url=TWIN,
            issuer=did_key(KEY.public_key),
            purpose="suspension",
            bits=bits,
            valid_from=NOON,
            valid_until=NOON + DAY,
            ttl_ms=300_000,
            subject_id=subject,
        )
        answers[TWIN] = signed(document)
        assert outcome(answers) == (Outcome.UNDECIDED, "status-list-twin")


def test_a_revoked_badge_is_revoked_whatever_the_twin_says():
    answers = {
        LIST: signed_status_list(LIST, with_suspension=True, set_bits=(INDEX,)),
        TWIN: twin(set_bits=(INDEX,)),
    }

    assert outcome(answers) == (Outcome.FAILED, "revoked")


def test_the_announcement_cannot_be_taken_away_unnoticed():
    document = json.loads(signed_status_list(LIST, with_suspension=True))
    document["credentialSubject"]["id"] = f"{LIST}#list"

    assert outcome({LIST: to_json(document)}) == (Outcome.UNDECIDED, "status-list-unverified")


def altered_list(change, key=KEY, method=METHOD):
    document = json.loads(signed_status_list(LIST))
    del document["proof"]
    change(document)
    return {LIST: signed(document, key, method)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(id="https://harbour.example/s/2"), "status-list-id"),
        (lambda d: d.update(type=["VerifiableCredential"]), "status-list-type"),
        (lambda d: d["credentialSubject"].update(statusPurpose="suspension"), "status-list-purpose"),
        (lambda d: d["credentialSubject"].update(statusPurpose=["refresh"]), "status-list-purpose"),
        (lambda d: d["credentialSubject"].update(encodedList="uH4sIAAAAAAAAAw"), "status-list-compression"),
        (lambda d: d["credentialSubject"].update(encodedList="zH4sIAAAAAAAAAw"), "status-list-encoding"),
        (lambda d: d["credentialSubject"].update(ttl=-1), "status-list-ttl"),
        (lambda d: d["credentialSubject"].update(ttl="300000"), "status-list-unverified"),
        (lambda d: d.update(validUntil="2026-11-23T11:00:00Z"), "status-list-unverified"),
        (lambda d: d.update(validFrom="2026-11-23T12:30:00Z"), "status-list-unverified"),
        (
            lambda d: d.update(
                credentialStatus={
                    "type": "BitstringStatusListEntry",
                    "statusPurpose": "revocation",
                    "statusListIndex": "1",
                    "statusListCredential": LIST,
                }
            ),
            "status-list-status",
        ),
    ],
)
def test_a_list_that_is_not_in_order_is_a_doubt_s11_b80_b81(change, code):
    assert outcome(altered_list(change)) == (Outcome.UNDECIDED, code)


def test_several_purposes_of_a_list_may_include_ours():
    answers = altered_list(lambda d: d["credentialSubject"].update(statusPurpose=["refresh", "revocation"]))

    assert outcome(answers) == (Outcome.PASSED, "ok")


def test_a_list_by_somebody_else_is_a_doubt_s11_b81():
    assert outcome({LIST: signed_status_list(LIST, signer=OTHER)}) == (
        Outcome.UNDECIDED,
        "status-list-issuer",
    )


def test_a_list_in_the_issuers_name_by_another_key_is_a_doubt_b81():
    """The issuer's name alone is not enough: the list goes down the same corridor as a credential."""
    answers = altered_list(lambda d: None, OTHER, key_method(OTHER.public_key))

    assert outcome(answers) == (Outcome.UNDECIDED, "status-list-unverified")


def test_an_unsigned_or_altered_list_is_a_doubt_b81():
    document = json.loads(signed_status_list(LIST, set_bits=(INDEX,)))
    document["credentialSubject"]["encodedList"] = StatusList().encode()
    assert outcome({LIST: to_json(document)}) == (Outcome.UNDECIDED, "status-list-unverified")
    del document["proof"]
    assert outcome({LIST: to_json(document)}) == (Outcome.UNDECIDED, "status-list-unverified")


def test_a_bomb_is_a_doubt_b77():
    bomb = StatusList(64 * 1024 * 1024).encode()

    answers = altered_list(lambda d: d["credentialSubject"].update(encodedList=bomb))

    assert outcome(answers) == (Outcome.UNDECIDED, "limit-status-list")


def test_an_index_beyond_the_list_is_a_doubt_b78():
    entry = StatusEntry("revocation", 131_072, LIST)
    data = signed_sample(sample_credential(status=entry))

    assert outcome({LIST: signed_status_list(LIST)}, data) == (Outcome.UNDECIDED, "status-index-range")


@pytest.mark.parametrize("index", ["١٢٣", "-1", "007", 5, None])
def test_an_index_that_is_no_plain_number_is_a_doubt_b17_b78(index):
    document = json.loads(badge())
    document["credentialStatus"]["statusListIndex"] = index

    assert outcome({LIST: signed_status_list(LIST)}, to_json(document)) == (
        Outcome.UNDECIDED,
        "status-index",
    )


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        ({"type": "1EdTechRevocationList", "id": LIST}, "status-type"),
        ({"type": "StatusList2021Entry"}, "status-type"),
        ({"type": []}, "status-type"),
        ({}, "status-type"),
        ("urn:x:1", "status-malformed"),
        ([], "limit-status-entries"),
        ([{"type": "X"}] * 5, "limit-status-entries"),
    ],
)
def test_an_unknown_status_is_a_doubt_s8_b83_b85(pointer, code):
    document = json.loads(badge())
    document["credentialStatus"] = pointer

    assert outcome({}, to_json(document)) == (Outcome.UNDECIDED, code)


def entry(**members):
    return {**StatusEntry("revocation", INDEX, LIST).to_document(), **members}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"statusSize": 1}, (Outcome.PASSED, "ok")),
        ({"statusSize": 2}, (Outcome.UNDECIDED, "status-size")),
        ({"statusSize": 0}, (Outcome.UNDECIDED, "status-size")),
        ({"statusSize": 10**9}, (Outcome.UNDECIDED, "status-size")),
        ({"statusPurpose": ["revocation"]}, (Outcome.UNDECIDED, "status-purpose")),
        ({"statusPurpose": "doom"}, (Outcome.UNDECIDED, "status-purpose")),
        ({"statusPurpose": "refresh"}, (Outcome.PASSED, "ok")),
        ({"statusPurpose": "message", "statusSize": 2}, (Outcome.PASSED, "ok")),
    ],
)
def test_sizes_and_purposes_b80(members, expected):
    document = {**json.loads(badge()), "credentialStatus": entry(**members)}

    assert outcome({LIST: signed_status_list(LIST)}, to_json(document)) == expected


def test_the_worst_of_several_answers_counts():
    second = "https://harbour.example/s/2"
    document = {**json.loads(badge()), "credentialStatus": [entry(), entry(statusListCredential=second)]}
    data = to_json(document)
    fine, revoked = signed_status_list(LIST), signed_status_list(second, set_bits=(INDEX,))

    assert outcome({LIST: fine}, data) == (Outcome.UNDECIDED, "unreachable")
    assert outcome({LIST: fine, second: revoked}, data) == (Outcome.FAILED, "revoked")
    assert outcome({second: revoked}, data) == (Outcome.FAILED, "revoked")


@pytest.mark.parametrize(
    ("ttl", "seconds", "expected"),
    [
        (300_000, 360, (Outcome.PASSED, "ok")),
        (300_000, 361, (Outcome.UNDECIDED, "status-list-stale")),
        (0, 60, (Outcome.PASSED, "ok")),
        (0, 61, (Outcome.UNDECIDED, "status-list-stale")),
        (None, 360, (Outcome.PASSED, "ok")),
        (None, 361, (Outcome.UNDECIDED, "status-list-stale")),
    ],
)
def test_an_old_copy_of_a_list_is_a_doubt_b82(ttl, seconds, expected):
    def change(document):
        if ttl is None:
            del document["credentialSubject"]["ttl"]
        else:
            document["credentialSubject"]["ttl"] = ttl

    late = NOON + timedelta(seconds=seconds)

    assert outcome(altered_list(change), at=late, gathered_at=NOON) == expected


@pytest.mark.parametrize(
    ("url", "noted"),
    [
        (LIST, False),
        (f"{LIST}?c=1", True),
        ("https://harbour.example/s/8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d", True),
    ],
)
def test_a_list_for_one_credential_is_noted_b87(url, noted):
    found = status({url: signed_status_list(url)}, badge(url=url))

    assert found.outcome is Outcome.PASSED
    assert (found.details.get("note") == "list-url-names-credential") is noted


# --- trust


def test_trust_is_what_the_caller_says():
    check = issued_by({did_key(KEY.public_key)}, "Harbours of Europe")
    (listed,) = check(materials(signed_sample()), NOON)
    (unlisted,) = issued_by(set(), "Nobody")(materials(signed_sample()), NOON)

    assert (listed.check, listed.outcome) == ("trust", Outcome.PASSED)
    assert (unlisted.outcome, unlisted.code) == (Outcome.FAILED, "unrecognised-issuer")
    assert unlisted.details["list"] == "Nobody"


def test_a_finding_does_not_show_the_document_it_carries():
    finding = Finding("signature", Outcome.PASSED, "ok", "m", document={"secret": 1})

    assert "secret" not in repr(finding)
