# SPDX-License-Identifier: Apache-2.0
"""Two libraries that we did not write: they verify what we issue, and we verify what they issue.

openvc-core and openbadgeslib are installed for tests only. Both look at the wall clock, so the badges of
these tests are from the past and carry no end.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cairn import PrivateKey, Verdict, Verifier, bake, derive, sign, sign_jwt
from cairn.canonical import PINNED, to_json
from cairn.did import did_key
from cairn.keys import Algorithm
from cairn.keys.algorithms import CURVES
from cairn.proof.data_integrity import JCS, RDFC
from cairn.reading import read
from cairn.status import StatusEntry, StatusList
from cairn.testing import FixedSources, demo_key, key_method, sample_credential, signed_status_list

openvc = pytest.importorskip("openvc")
ob3 = pytest.importorskip("openbadgeslib.ob3")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PAST = datetime.now(UTC).replace(microsecond=0) - timedelta(days=400)
KEY = demo_key()
ISSUER = did_key(KEY.public_key)
METHOD = key_method(KEY.public_key)
CONTEXTS = {url: context.read() for url, context in PINNED.items()}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'


@pytest.fixture(scope="module")
def private_key():
    return Ed25519PrivateKey.from_private_bytes(KEY.to_bytes())


@pytest.fixture(scope="module")
def pem(private_key):
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def ours(suite=RDFC, **members):
    document = sample_credential(valid_from=PAST, **members).to_document()
    return sign(document, KEY, verification_method=METHOD, at=PAST, cryptosuite=suite)


def verdict(data, answers=None):
    return Verifier(FixedSources(answers)).examine(data, at=datetime.now(UTC)).verdict


# --- they verify what we issue


@pytest.mark.parametrize("suite", [RDFC, JCS])
def test_openvc_verifies_our_proofs(suite):
    result = openvc.verify_credential(json.loads(ours(suite)), extra_contexts=CONTEXTS)

    assert result.issuer == ISSUER
    assert result.format == f"data-integrity:{suite}"


@pytest.mark.parametrize("suite", [RDFC, JCS])
def test_openvc_refuses_our_proofs_once_altered(suite):
    altered = ours(suite).replace(b"Knots and Splices", b"Rocket Science")

    with pytest.raises(openvc.OpenvcError):
        openvc.verify_credential(json.loads(altered), extra_contexts=CONTEXTS)


def test_openbadgeslib_verifies_our_badges():
    verifier = ob3.OB3LdpVerifier.for_issuer_did(ISSUER)

    assert verifier.verify(ours().decode()).name == "Knots and Splices"
    with pytest.raises(ob3.OB3VerificationError):
        verifier.verify(ours().replace(b"Knots", b"Nodes").decode())


def test_openbadgeslib_verifies_our_tokens():
    document = sample_credential(valid_from=PAST).to_document()
    token = sign_jwt(document, KEY, verification_method=METHOD)

    assert ob3.OB3Verifier.for_issuer_did(ISSUER).verify(token).name == "Knots and Splices"


def test_openbadgeslib_takes_our_badge_out_of_our_picture():
    baked = bake(SVG, ours())

    assert ob3.OB3Verifier.extract_token_from_svg(baked) == ours().decode()


def test_openbadgeslib_reads_our_status_lists():
    url = "https://harbour.example/s/1"
    document = sample_credential(valid_from=PAST, status=StatusEntry("revocation", 94_567, url)).to_document()
    badge = ob3.OpenBadgeCredential.from_vc_document(document)

    def serve(bits):
        listed = json.loads(signed_status_list(url, set_bits=bits, at=datetime.now(UTC)))
        return lambda asked: to_json(listed) if asked == url else b""

    ob3.check_credential_status(badge, download=serve(()))
    ob3.check_credential_status(badge, download=serve((94_566, 94_568)))
    with pytest.raises(ob3.OB3VerificationError):
        ob3.check_credential_status(badge, download=serve((94_567,)))


# --- we verify what they issue


def test_we_verify_the_proofs_of_openvc(private_key):
    from openvc.proof.data_integrity import DataIntegrityProofSuite

    signed = DataIntegrityProofSuite().add_proof(
        sample_credential(valid_from=PAST).to_document(),
        signing_key=openvc.Ed25519SigningKey(private_key, METHOD),
        verification_method=METHOD,
        created=PAST,
        extra_contexts=CONTEXTS,
    )

    assert verdict(to_json(signed)) is Verdict.VERIFIED
    assert signed == json.loads(ours())  # Ed25519 is deterministic: the same bytes from both


def test_openvc_leaves_the_contexts_out_of_its_jcs_proofs(private_key):
    """vc-di-eddsa §3.3.1 puts them in; with them the document is the same as ours (B73)."""
    from openvc.proof.di_jcs import EddsaJcsProofSuite

    signed = EddsaJcsProofSuite().add_proof(
        sample_credential(valid_from=PAST).to_document(),
        signing_key=openvc.Ed25519SigningKey(private_key, METHOD),
        verification_method=METHOD,
        created=PAST,
    )

    assert verdict(to_json(signed)) is Verdict.NOT_VERIFIED
    signed["proof"]["@context"] = signed["@context"]
    assert verdict(to_json(signed)) is Verdict.VERIFIED
    assert signed == json.loads(ours(JCS))


def test_we_verify_the_old_style_tokens_of_openvc(private_key):
    from openvc.proof.vc_jwt import VcJwtProofSuite

    document = sample_credential().to_document()
    document["@context"] = [
        "https://www.w3.org/2018/credentials/v1",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json",
    ]
    del document["validFrom"], document["awardedDate"]  # it writes the moment of signing into nbf

    token = VcJwtProofSuite().sign(document, signing_key=openvc.Ed25519SigningKey(private_key, METHOD))

    assert verdict(token.encode()) is Verdict.VERIFIED


@pytest.fixture
def theirs():
    return ob3.OpenBadgeCredential(
        issuer=ob3.Issuer(id=ISSUER, name="Harbour School", url="https://harbour.example/"),
        recipient_id="mailto:zoe@example.org",
        achievement=ob3.Achievement(
            id="https://harbour.example/a/knots",
            name="Knots and Splices",
            description="Ties twelve knots.",
            criteria_narrative="Tie each knot twice.",
            tags=["seamanship"],
            achievement_type="Badge",
            credits_available=3.0,
            alignments=[ob3.Alignment(target_name="Rope", target_url="https://skills.example/1")],
        ),
        issuance_date=PAST,
        identifiers=[ob3.IdentityObject.create("zoe@example.org")],
        evidence=[ob3.Evidence(id="https://harbour.example/log", name="Log book")],
    )


def test_we_verify_the_badges_of_openbadgeslib(theirs, pem):
    signed = ob3.OB3LdpSigner(pem).sign_to_json(theirs)

    assert verdict(signed.encode()) is Verdict.VERIFIED
    assert verdict(signed.replace("Log book", "Logbook").encode()) is Verdict.NOT_VERIFIED


def test_we_verify_the_tokens_of_openbadgeslib(theirs, pem):
    """Its tokens show the key in the header; the issuer's did:key is what makes it the issuer's (S5)."""
    token = ob3.OB3Signer(pem, "EdDSA").sign(theirs)

    assert verdict(token.encode()) is Verdict.VERIFIED


def test_we_take_their_badge_out_of_their_picture(theirs, pem):
    baked = ob3.OB3LdpSigner(pem).sign_into_svg(theirs, SVG)

    assert read(baked).carrier == "svg"
    assert verdict(baked) is Verdict.VERIFIED


def test_we_read_their_status_bits():
    theirs = ob3.encode_bitstring([5, 94_567])

    bits = StatusList.decode(theirs)

    assert [index for index in range(len(bits)) if bits.get(index)] == [5, 94_567]
    assert ob3.set_indices(ob3.decode_encoded_list(bits.encode())) == {5, 94_567}


# --- on the curves of NIST


def on_a_curve(algorithm):
    """A key of ours, the same key as openvc holds it, its issuer and its method."""
    from openvc.keys import P256SigningKey, P384SigningKey

    key = PrivateKey.from_bytes(algorithm, (7).to_bytes(CURVES[algorithm].size, "big"))
    private = ec.derive_private_key(7, CURVES[algorithm].curve)
    method = key_method(key.public_key)
    kind = P256SigningKey if algorithm is Algorithm.P256 else P384SigningKey
    return key, kind(private, method), did_key(key.public_key), method


@pytest.mark.parametrize(
    ("algorithm", "alike"), [(Algorithm.P256, True), (Algorithm.P384, True), (Algorithm.P384, False)]
)
def test_we_and_openvc_verify_each_others_ecdsa_proofs(algorithm, alike):
    """But for P-384 over objects without an id: openvc labels them with SHA-256 even then.

    vc-di-ecdsa §3.2.3 wants the hash of the curve there too, and the W3C's employment vectors have it.
    """
    from openvc.proof.di_ecdsa_rdfc import EcdsaRdfcProofSuite

    key, theirs, issuer, method = on_a_curve(algorithm)
    document = sample_credential(issuer=issuer, valid_from=PAST).to_document()
    if algorithm is Algorithm.P384 and alike:
        # One object without an id has one label, whatever the hash.
        del document["credentialSubject"]["identifier"]
    made = sign(document, key, verification_method=method, at=PAST, cryptosuite="ecdsa-rdfc-2019")
    suite = EcdsaRdfcProofSuite()

    signed = suite.add_proof(
        document, signing_key=theirs, verification_method=method, created=PAST, extra_contexts=CONTEXTS
    )

    assert verdict(to_json(signed)) is (Verdict.VERIFIED if alike else Verdict.NOT_VERIFIED)
    if alike:
        assert suite.verify(json.loads(made), extra_contexts=CONTEXTS).issuer == issuer
        return
    with pytest.raises(openvc.OpenvcError):
        suite.verify(json.loads(made), extra_contexts=CONTEXTS)


SHOWN = ["/credentialSubject/id", "/credentialSubject/achievement"]


def test_we_derive_from_and_verify_the_selective_proofs_of_openvc():
    """Its own copies keep names of blank nodes as ids, which are no URLs; without them they verify."""
    from openvc.proof.ecdsa_sd import EcdsaSdProofSuite

    _, theirs, issuer, method = on_a_curve(Algorithm.P256)
    document = sample_credential(issuer=issuer, valid_from=PAST).to_document()
    suite = EcdsaSdProofSuite()
    base = suite.add_base_proof(
        document,
        signing_key=theirs,
        verification_method=method,
        mandatory_pointers=["/issuer", "/validFrom"],
        created=PAST,
        extra_contexts=CONTEXTS,
    )

    ours = derive(base, selective_pointers=SHOWN)
    own = suite.derive_proof(base, selective_pointers=SHOWN, extra_contexts=CONTEXTS)

    # A remark, because nobody can see whether the copies leave out an end date or a status.
    assert verdict(ours) is Verdict.REMARKS
    assert verdict(to_json(own)) is Verdict.NOT_VERIFIED
    assert own["credentialSubject"]["achievement"]["criteria"].pop("id").startswith("_:")
    assert verdict(to_json(own)) is Verdict.REMARKS


@pytest.mark.parametrize("with_id", [True, False])
def test_openvc_verifies_our_selective_proofs_lists_and_subjects_without_id_included(with_id):
    from openvc.proof.ecdsa_sd import EcdsaSdProofSuite

    key, _, issuer, method = on_a_curve(Algorithm.P256)
    document = sample_credential(issuer=issuer, valid_from=PAST).to_document()
    if not with_id:
        del document["credentialSubject"]["id"]
    document["credentialSubject"]["achievement"]["resultDescription"] = [
        {
            "id": "urn:x:result",
            "type": ["ResultDescription"],
            "name": "Grade",
            "resultType": "LetterGrade",
            "allowedValue": ["C", "B", "A"],
        }
    ]
    base = sign(document, key, verification_method=method, at=PAST, cryptosuite="ecdsa-sd-2023")
    pointers = SHOWN if with_id else ["/credentialSubject/identifier", SHOWN[1]]

    copy = derive(json.loads(base), selective_pointers=pointers)

    assert verdict(copy) is Verdict.REMARKS
    verified = EcdsaSdProofSuite().verify(json.loads(copy), extra_contexts=CONTEXTS)
    assert verified.issuer == issuer
    with pytest.raises(openvc.OpenvcError):
        EcdsaSdProofSuite().verify(json.loads(copy.replace(b"Knots", b"Nodes")), extra_contexts=CONTEXTS)
