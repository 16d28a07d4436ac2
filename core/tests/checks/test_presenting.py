# SPDX-License-Identifier: Apache-2.0
"""Who shows a presentation, and whether it is theirs to show."""

import json

import pytest

from asking import HOLDER, KEY, METHOD, OTHER, ask, materials, sd_jwt_vc
from cairn import Outcome, Verdict, Verifier, checks, sign_presentation_jwt
from cairn.canonical import to_json
from cairn.errors import MalformedError
from cairn.proof import cose, data_integrity, jose, jws
from cairn.testing import NOON, FixedSources, did_document
from containing import (
    HOLDER_ID,
    HOLDER_METHOD,
    ISSUER_ID,
    OTHER_METHOD,
    badge,
    badge_document,
    presentation,
    unsigned,
)

SHOWN = {"signature": (Outcome.PASSED, "ok"), "holder": (Outcome.PASSED, "ok")}
WEB_HOLDER = "did:web:zoe.example"
WEB_HOLDER_URL = "https://zoe.example/.well-known/did.json"


def signed_by(key, method, document=None, **named):
    """Signed without the rules of presenting, as a stranger might."""
    document = document or json.loads(unsigned(presentation()))
    return to_json(
        data_integrity.sign(
            document,
            key,
            verification_method=method,
            created=NOON,
            **{"purpose": data_integrity.PRESENTING, **named},
        )
    )


def without_holder():
    document = json.loads(unsigned(presentation()))
    del document["holder"]
    return document


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_a_presentation_by_its_holder(suite):
    assert ask(checks.proof, presentation(cryptosuite=suite)) == SHOWN


def test_a_token_by_its_holder():
    token = sign_presentation_jwt([badge()], HOLDER, verification_method=HOLDER_METHOD)

    assert ask(checks.proof, token.encode()) == SHOWN


def test_cose_and_sd_jwt_carry_presentations_too():
    document = json.loads(unsigned(presentation()))
    packed = cose.sign(document, HOLDER, kid=HOLDER_METHOD, profile=jose.PRESENTATION)
    shown = jws.sign({"typ": "vp+sd-jwt", "cty": "vp", "kid": HOLDER_METHOD}, document, HOLDER) + "~"

    assert ask(checks.proof, packed) == SHOWN
    assert ask(checks.proof, shown.encode()) == SHOWN


@pytest.mark.parametrize(
    "data",
    [
        jws.sign(
            {"typ": "vc+jwt", "kid": HOLDER_METHOD}, json.loads(unsigned(presentation())), HOLDER
        ).encode(),
        jws.sign({"kid": HOLDER_METHOD}, json.loads(unsigned(presentation())), HOLDER).encode(),
        jws.sign({"typ": "vp+jwt", "kid": METHOD}, badge_document(), KEY).encode(),
        (
            jws.sign({"typ": "vc+sd-jwt", "kid": HOLDER_METHOD}, json.loads(unsigned(presentation())), HOLDER)
            + "~"
        ).encode(),
        (jws.sign({"typ": "vp+sd-jwt", "kid": METHOD}, badge_document(), KEY) + "~").encode(),
        cose.sign(json.loads(unsigned(presentation())), HOLDER, kid=HOLDER_METHOD),
        cose.sign(badge_document(), KEY, kid=METHOD, profile=jose.PRESENTATION),
    ],
)
def test_a_token_for_the_other_purpose_shows_nothing_b49(data):
    assert ask(checks.proof, data)["signature"] == (Outcome.FAILED, "token-type")


def test_an_assertion_is_no_showing_b64():
    data = signed_by(HOLDER, HOLDER_METHOD, purpose=data_integrity.PURPOSE)

    assert ask(checks.proof, data)["signature"] == (Outcome.FAILED, "proof-purpose")


def test_a_showing_is_no_assertion_b64():
    data = signed_by(KEY, METHOD, badge_document())

    assert ask(checks.proof, data)["signature"] == (Outcome.FAILED, "proof-purpose")


def test_one_that_nobody_signed_is_a_doubt_about_the_holder_and_nothing_else_b76():
    data = unsigned(presentation())

    assert ask(checks.structure, data) == {"structure": (Outcome.PASSED, "ok")}
    assert ask(checks.proof, data) == {"holder": (Outcome.UNDECIDED, "not-signed-by-holder")}


@pytest.mark.parametrize("proof", [[], None, "x", [None]])
def test_an_empty_proof_is_not_the_same_as_none_b63(proof):
    document = json.loads(unsigned(presentation()))

    found = ask(checks.proof, to_json(document | {"proof": proof}))

    assert found["signature"][0] is Outcome.FAILED


def test_somebody_elses_key_is_refused_b65_b66():
    found = ask(checks.proof, signed_by(OTHER, OTHER_METHOD))

    assert found["holder"] == (Outcome.FAILED, "key-not-of-holder")


def test_a_key_that_the_holder_lists_for_something_else_is_refused_b65():
    """Our own documents list keys for assertions; those do not show anything."""
    document = json.loads(unsigned(presentation())) | {"holder": WEB_HOLDER}
    data = signed_by(HOLDER, f"{WEB_HOLDER}#key-1", document)
    for_assertions = did_document(WEB_HOLDER, HOLDER.public_key)
    for_showing = json.loads(for_assertions)
    for_showing["authentication"] = for_showing.pop("assertionMethod")

    assert ask(checks.proof, data, {WEB_HOLDER_URL: for_assertions})["holder"] == (
        Outcome.FAILED,
        "key-not-of-holder",
    )
    # The badge inside is about the same person under another name, which nobody can know.
    assert ask(checks.proof, data, {WEB_HOLDER_URL: to_json(for_showing)})["holder"] == (
        Outcome.PASSED,
        "holder-not-subject",
    )


def test_a_holder_who_cannot_be_looked_up_is_a_doubt():
    document = json.loads(unsigned(presentation())) | {"holder": WEB_HOLDER}
    data = signed_by(HOLDER, f"{WEB_HOLDER}#key-1", document)

    found = ask(checks.proof, data)

    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "signature": Outcome.UNDECIDED,
        "holder": Outcome.UNDECIDED,
    }


def test_a_method_of_an_unknown_kind_is_a_doubt():
    document = json.loads(unsigned(presentation())) | {"holder": "did:example:zoe"}

    found = ask(checks.proof, signed_by(HOLDER, "did:example:zoe#1", document))

    assert found["holder"] == (Outcome.UNDECIDED, "unknown-did-method")


@pytest.mark.parametrize(
    "data",
    [
        signed_by(HOLDER, HOLDER_METHOD, without_holder()),
        jws.sign({"typ": "vp+jwt", "kid": HOLDER_METHOD}, without_holder(), HOLDER).encode(),
        jws.sign(
            {"typ": "vp+jwt", "kid": HOLDER_METHOD}, {"iss": HOLDER_ID, **without_holder()}, HOLDER
        ).encode(),
        cose.sign(without_holder(), HOLDER, kid=HOLDER_METHOD, profile=jose.PRESENTATION),
    ],
)
def test_whoever_signs_is_the_holder_if_none_is_named(data):
    assert ask(checks.proof, data) == SHOWN
    assert materials(data).credential.unverified_issuer == HOLDER_ID


def test_the_claims_of_a_token_must_not_name_another_holder_b56():
    document = json.loads(unsigned(presentation()))
    data = jws.sign({"typ": "vp+jwt", "kid": HOLDER_METHOD}, {"iss": "did:example:1", **document}, HOLDER)

    assert ask(checks.proof, data.encode())["signature"] == (Outcome.FAILED, "claims-disagree")


def test_a_holder_that_cannot_be_compared_is_refused():
    document = json.loads(unsigned(presentation())) | {"holder": "Zoë"}

    found = ask(checks.proof, signed_by(HOLDER, HOLDER_METHOD, document, cryptosuite="eddsa-jcs-2022"))

    assert found["holder"] == (Outcome.FAILED, "no-holder")


def test_a_signature_that_names_no_key_is_nobodys():
    document = json.loads(presentation())
    del document["proof"]["verificationMethod"]

    assert ask(checks.proof, to_json(document))["holder"] == (Outcome.FAILED, "no-key")


def test_a_signature_of_an_unknown_kind_is_a_doubt_about_the_holder():
    data = presentation().replace(b"DataIntegrityProof", b"OtherProof", 2)
    document = json.loads(data)
    document["proof"] = {"type": "OtherProof"}

    assert ask(checks.proof, to_json(document))["holder"] == (Outcome.UNDECIDED, "unknown-proof-type")


@pytest.mark.parametrize(
    ("about", "code"), [("did:example:somebody", "holder-not-subject"), (HOLDER_ID, "ok"), (None, "ok")]
)
def test_whom_a_token_in_it_is_about_counts_as_well(about, code):
    token = sd_jwt_vc(**({} if about is None else {"sub": about})).decode()
    envelope = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "EnvelopedVerifiableCredential",
        "id": f"data:application/vc+sd-jwt,{token}",
    }
    document = json.loads(unsigned(presentation())) | {"verifiableCredential": [envelope]}

    assert ask(checks.proof, signed_by(HOLDER, HOLDER_METHOD, document))["holder"] == (Outcome.PASSED, code)


def test_what_is_about_somebody_else_is_told():
    other = badge_document()
    other["credentialSubject"]["id"] = "did:example:somebody"
    data = presentation(badge(1), badge(credentialSubject=other["credentialSubject"]))

    assert ask(checks.proof, data)["holder"] == (Outcome.PASSED, "holder-not-subject")


def test_what_names_nobody_is_not_about_somebody_else():
    document = badge_document()
    del document["credentialSubject"]["id"]

    assert ask(checks.proof, presentation(badge(credentialSubject=document["credentialSubject"]))) == SHOWN


def test_a_presentation_is_neither_issued_nor_withdrawn():
    report = Verifier(FixedSources(), (*checks.DEFAULT_CHECKS, checks.issued_by({"x"}, "My list"))).examine(
        presentation(), at=NOON
    )

    assert [finding.check for finding in report.findings] == ["structure", "signature", "holder"]
    assert "trust" in [finding.check for finding in report.parts[0].report.findings]


def test_one_with_nothing_in_it_proves_who_shows_it_and_gets_a_remark():
    document = json.loads(unsigned(presentation()))
    del document["verifiableCredential"]

    report = Verifier(FixedSources()).examine(signed_by(HOLDER, HOLDER_METHOD, document), at=NOON)

    assert report.finding("holder").outcome is Outcome.PASSED
    assert report.finding("disclosure").code == "nothing-shown"
    assert report.verdict is Verdict.REMARKS
    assert report.accepted  # a remark, not a refusal: some only ask who somebody is


# --- in the vp claim of VCDM 1.1


VC_1 = "https://www.w3.org/2018/credentials/v1"
OB_OLD = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json"


def old_badge(number=0):
    """A badge in the ``vc`` claim of a plain JWT."""
    new = badge_document(number)
    old = {name: value for name, value in new.items() if name not in ("validFrom", "awardedDate")}
    old |= {"@context": [VC_1, OB_OLD], "issuanceDate": new["validFrom"]}
    claims = {"iss": ISSUER_ID, "sub": HOLDER_ID, "jti": old["id"]}
    return jws.sign({"typ": "JWT", "kid": METHOD}, {**claims, "vc": old}, KEY)


def old_presentation(*held, claims=(), header=(), key=HOLDER, **members):
    """Shown to a shop, in answer to its question."""
    vp = {"@context": [VC_1], "type": ["VerifiablePresentation"], "verifiableCredential": list(held)}
    payload = {"iss": HOLDER_ID, "aud": "https://shop.example", "nonce": "7fd3", "vp": {**vp, **members}}
    made = {"typ": "JWT", "kid": HOLDER_METHOD, **dict(header)}
    return jws.sign(made, payload | dict(claims), key).encode()


def verified(data, *more):
    return Verifier(FixedSources(), (*checks.DEFAULT_CHECKS, *more)).examine(data, at=NOON)


def test_a_presentation_of_the_old_data_model_and_each_credential_in_it():
    report = verified(old_presentation(old_badge(1), old_badge(2), json.loads(badge(3))))

    assert report.accepted
    assert (report.kind, report.format) == ("Verifiable Presentation", "vp+jwt")
    assert [(part.path, part.report.format) for part in report.parts] == [
        ("/verifiableCredential/0", "vc+jwt"),
        ("/verifiableCredential/1", "vc+jwt"),
        ("/verifiableCredential/2", "vc+ld+json"),
    ]
    assert report.parts[1].report.document["id"] == badge_document(2)["id"]
    assert report.document["holder"] == HOLDER_ID
    assert "verifiableCredential" not in report.document


def test_one_forged_credential_in_it_is_told_and_the_others_stay():
    head, _, signature = old_badge(1).split(".")
    other = old_badge(2).split(".")[1]

    report = verified(old_presentation(f"{head}.{other}.{signature}", old_badge(3)))

    assert report.finding("signature").outcome is Outcome.PASSED
    assert [part.report.accepted for part in report.parts] == [False, True]
    assert report.parts[0].report.finding("signature").code == "signature-mismatch"
    assert not report.accepted
    assert report.verdict is Verdict.NOT_VERIFIED


def test_it_was_made_for_one_reader_and_one_question():
    data = old_presentation(old_badge())

    told = [
        verified(data, checks.made_for(domain=domain, challenge=challenge)).findings[-1].code
        for domain, challenge in (
            ("https://shop.example", "7fd3"),
            ("https://bank.example", "7fd3"),
            ("https://shop.example", "0000"),
        )
    ]

    assert told == ["ok", "binding-audience", "binding-nonce"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (old_presentation(old_badge(), key=KEY), ("signature", "signature-mismatch")),
        (old_presentation(old_badge(), key=KEY, header={"kid": METHOD}), ("holder", "key-not-of-holder")),
        (old_presentation(old_badge(), claims={"iss": ISSUER_ID}), ("holder", "key-not-of-holder")),
        (old_presentation(old_badge(), holder=ISSUER_ID), ("signature", "claims-disagree")),
        (old_presentation(old_badge(), header={"typ": "vp+jwt"}), ("signature", "token-type")),
        (old_presentation(old_badge(), header={"typ": "vc+jwt"}), ("signature", "token-type")),
        (old_presentation(old_badge(), header={"cty": "vc"}), ("signature", "token-type")),
        (old_presentation(old_badge(), colour="red"), ("signature", "data-loss")),
        (old_presentation("a text"), ("structure", "structure")),
        (old_presentation(1), ("structure", "structure")),
        (old_presentation({"type": "Profile"}), ("structure", "structure")),
        (old_presentation(old_badge(), old_badge()), ("structure", "structure")),
        (old_presentation(old_badge(), claims={"exp": 1}), ("period", "expired")),
    ],
)
def test_what_is_wrong_with_it_is_told_and_it_is_not_accepted(data, found):
    report = verified(data)

    assert not report.accepted
    assert found in [(finding.check, finding.code) for finding in report.findings]


def test_a_presentation_in_another_is_no_credential():
    report = verified(old_presentation(old_presentation(old_badge()).decode()))

    assert [part.report.finding("structure").code for part in report.parts] == ["envelope"]
    assert not report.accepted


def test_no_changed_character_of_it_is_accepted():
    data = old_presentation(old_badge())
    assert verified(data).accepted

    for place in range(0, len(data), 11):
        changed = bytearray(data)
        changed[place] = ord("A") if data[place] != ord("A") else ord("B")
        try:
            report = verified(bytes(changed))
        except MalformedError:
            continue
        assert not report.accepted, place
        assert report.document is None, place


def test_no_changed_character_of_a_credential_in_it_is_accepted():
    """Shown by a holder who changed it before signing: the presentation is theirs, the credential is not."""
    inner = old_badge()

    for place in range(0, len(inner), 11):
        changed = inner[:place] + ("A" if inner[place] != "A" else "B") + inner[place + 1 :]
        report = verified(old_presentation(changed))
        assert not report.accepted, place
        assert all(part.report.document is None for part in report.parts), place


def test_a_token_of_a_presentation_may_run_out():
    document = json.loads(unsigned(presentation()))
    data = jws.sign({"typ": "vp+jwt", "kid": HOLDER_METHOD}, {"exp": 1, **document}, HOLDER).encode()

    report = Verifier(FixedSources()).examine(data, at=NOON)

    assert report.finding("period").code == "expired"
    assert not report.accepted
