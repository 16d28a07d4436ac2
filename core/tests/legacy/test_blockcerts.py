# SPDX-License-Identifier: Apache-2.0
"""Blockcerts: what does not fit is refused, what fits is believed only with the issuer's transaction."""

import json

import pytest
from blockchain import (
    METHOD,
    SIBLING,
    address,
    certificate_2,
    certificate_3,
    chain_key,
    fingerprint,
    issuer,
    jwk,
    point,
    proof_value,
    root_of,
    transaction,
    transaction_id,
)
from old_badges import HOST, ISSUER, LIST, codes, examine, revoked, without

from cairn.canonical import to_json
from cairn.errors import CairnError
from cairn.keys import base58btc_encode
from cairn.legacy.blockcerts import has_merkle_proof, has_merkle_signature
from cairn.materials import gather
from cairn.reading import read
from cairn.testing import NOON, FixedSources
from cairn.verifier import Verdict

MAKERS = pytest.mark.parametrize("make", [certificate_2, certificate_3], ids=["2", "3"])


def world(sent=None, *, network="mainnet", page=None, **more):
    answers = {ISSUER: to_json(page or issuer()), **more}
    if sent is not None:
        answers[f"blink:btc:{network}:{transaction_id(sent)}"] = sent
    return answers


@MAKERS
def test_a_certificate_whose_transaction_the_issuer_signed_is_genuine(make):
    document, sent = make()

    report = examine(document, world(sent))

    assert report.verdict is Verdict.REMARKS
    assert report.accepted
    assert codes(report)["signature"] == ("passed", "ok")
    assert codes(report)["issuer"] == ("passed", "ok")
    assert codes(report)["evidence"] == ("undecided", "chain-not-mined")
    assert report.document == without(document, proof=..., signature=...)


@MAKERS
def test_security_rule_11_without_the_transaction_it_is_not_checked_and_never_forged(make):
    document, _ = make()

    report = examine(document, world())

    assert codes(report)["signature"] == ("undecided", "chain-not-checked")
    assert codes(report)["issuer"] == ("undecided", "chain-not-checked")
    assert report.verdict is Verdict.COULD_NOT_CHECK
    assert report.document is None
    assert report.finding("signature").details["anchor"].startswith("blink:btc:mainnet:")


@MAKERS
def test_what_is_asked_is_the_issuer_and_the_transaction(make):
    document, sent = make()
    sources = FixedSources(world(sent))

    gather(read(to_json(document)), sources, at=NOON)

    assert sources.asked == [ISSUER, f"blink:btc:mainnet:{transaction_id(sent)}"]


@MAKERS
def test_b75_a_certificate_that_was_changed_is_refused_even_without_the_chain(make):
    document, sent = make()
    text = to_json(document).decode()

    for honest, forged in (("Zo\u00eb N\u00fa\u00f1ez", "Mallory"), ("Ties twelve knots.", "Is a doctor.")):
        assert honest in text
        changed = text.replace(honest, forged).encode()
        for answers in (world(), world(sent)):
            report = examine(changed, answers)
            assert codes(report)["signature"] == ("failed", "merkle-hash")
            assert report.verdict is Verdict.NOT_VERIFIED
            assert report.document is None


def test_a_forger_who_computes_everything_anew_has_no_transaction_of_the_issuer():
    """Fingerprint, path, root and transaction all fit; only the key is another."""
    forged, sent = certificate_3(key=chain_key(2))

    report = examine(forged, world(sent))

    assert codes(report)["signature"][0] == "passed"
    assert codes(report)["issuer"] == ("failed", "key-not-of-issuer")
    assert report.verdict is Verdict.NOT_VERIFIED
    assert report.document is None


def test_nor_does_it_help_to_name_the_issuers_address():
    theirs = {"type": ["MerkleProofVerification2017", "Extension"]}
    forged, sent = certificate_2(
        key=chain_key(2), verification={**theirs, "publicKey": f"ecdsa-koblitz-pubkey:{address(chain_key())}"}
    )

    assert codes(examine(forged, world(sent)))["issuer"] == ("failed", "key-not-of-issuer")


@MAKERS
def test_a_path_that_leads_elsewhere_is_refused(make):
    document, sent = make()
    other, _ = make(sibling="cd" * 32)
    if make is certificate_2:
        document["signature"]["proof"] = other["signature"]["proof"]
    else:
        root = root_of(fingerprint(without(document, proof=...)))
        target = fingerprint(without(document, proof=...))
        anchor = (0, 1, transaction_id(sent))
        document["proof"]["proofValue"] = proof_value(root, target, [(0, SIBLING)], anchor)

    assert codes(examine(document, world(sent)))["signature"] == ("failed", "merkle-path")


@MAKERS
def test_a_transaction_that_says_something_else_is_refused(make):
    document, _ = make()
    other = transaction("77" * 32)
    name = transaction_id(other)
    if make is certificate_2:
        document["signature"]["anchors"] = [{"sourceId": name, "type": "BTCOpReturn"}]
    else:
        target = fingerprint(without(document, proof=...))
        value = proof_value(root_of(target), target, [(1, SIBLING)], (0, 1, name))
        document["proof"]["proofValue"] = value

    assert codes(examine(document, world(other)))["signature"] == ("failed", "chain-transaction")


@MAKERS
def test_another_transaction_than_the_one_named_is_nobodys_fault(make):
    document, sent = make()
    answers = world()
    answers[f"blink:btc:mainnet:{transaction_id(sent)}"] = transaction("77" * 32)

    assert codes(examine(document, answers))["signature"] == ("undecided", "chain-not-checked")
    answers[f"blink:btc:mainnet:{transaction_id(sent)}"] = b"<html>"
    assert codes(examine(document, answers))["signature"] == ("undecided", "chain-not-checked")


def test_a_transaction_that_shows_no_key_leaves_it_open():
    document, _ = certificate_3()
    target = fingerprint(without(document, proof=...))
    plain = transaction(root_of(target))
    place = plain.index(b"\x01\x21", 41)
    unsigned = plain[:place] + b"\x02" + plain[place + 1 :]
    value = proof_value(root_of(target), target, [(1, SIBLING)], (0, 1, transaction_id(unsigned)))
    document["proof"]["proofValue"] = value

    report = examine(document, world(unsigned))

    assert codes(report)["signature"] == ("undecided", "chain-key")
    assert report.verdict is Verdict.COULD_NOT_CHECK


@pytest.mark.parametrize(
    ("chain", "code"),
    [((0, 2), "chain-test"), ((1, 1), "chain-unknown"), ((1, 3), "chain-unknown")],
)
def test_chains_that_we_do_not_read_are_undecided(chain, code):
    document, sent = certificate_3(chain=chain)

    assert codes(examine(document, world(sent)))["signature"] == ("undecided", code)


def test_a_test_network_has_other_addresses():
    theirs = f"ecdsa-koblitz-pubkey:{address(chain_key(), bytes([0x6F]))}"
    verification = {"type": ["MerkleProofVerification2017", "Extension"], "publicKey": theirs}
    document, sent = certificate_2(verification=verification)
    document["signature"]["anchors"][0]["chain"] = "bitcoinTestnet"
    page = issuer(publicKey=[{"id": theirs}])

    report = examine(document, world(sent, network="testnet", page=page))

    assert codes(report)["issuer"] == ("passed", "ok")


# --- the issuer's page


@pytest.mark.parametrize(
    ("page", "outcome", "code"),
    [
        (issuer(verificationMethod=[]), "failed", "key-not-of-issuer"),
        (issuer(assertionMethod=[]), "failed", "key-not-of-issuer"),
        (
            issuer(verificationMethod=[{"id": METHOD, "publicKeyJwk": jwk(chain_key(3))}]),
            "failed",
            "key-not-of-issuer",
        ),
        (
            issuer(verificationMethod=[{"id": METHOD, "publicKeyMultibase": "z6Mk"}]),
            "failed",
            "key-not-of-issuer",
        ),
        (
            issuer(
                verificationMethod=[
                    {"id": METHOD, "publicKeyJwk": jwk(chain_key()), "revoked": "2020-01-01T00:00:00Z"}
                ]
            ),
            "failed",
            "key-revoked",
        ),
        (issuer(assertionMethod=[{"id": METHOD}]), "passed", "ok"),
        (issuer(id="https://evil.example/issuer"), "undecided", "issuer-document"),
    ],
)
def test_b65_the_key_is_one_that_the_issuers_page_names_for_this(page, outcome, code):
    document, sent = certificate_3()

    assert codes(examine(document, world(sent, page=page)))["issuer"] == (outcome, code)


def test_keys_of_version_2_stand_among_the_addresses():
    document, sent = certificate_2()
    named = f"ecdsa-koblitz-pubkey:{address(chain_key())}"

    older = issuer(publicKey=..., publicKeys=[{"publicKey": named}])
    assert codes(examine(document, world(sent, page=older)))["issuer"] == ("passed", "ok")
    withdrawn = issuer(publicKey=[{"id": named, "revoked": "2018-01-01"}])
    assert codes(examine(document, world(sent, page=withdrawn)))["issuer"] == ("failed", "key-revoked")
    none = issuer(publicKey=[])
    assert codes(examine(document, world(sent, page=none)))["issuer"] == ("failed", "key-not-of-issuer")


def test_a_multikey_of_this_curve_is_read():
    key = "z" + base58btc_encode(b"\xe7\x01" + point(chain_key()))
    document, sent = certificate_3()
    page = issuer(verificationMethod=[{"id": METHOD, "type": "Multikey", "publicKeyMultibase": key}])

    assert codes(examine(document, world(sent, page=page)))["issuer"] == ("passed", "ok")


def test_an_issuer_that_is_a_did_of_the_web_is_looked_up_as_one():
    did, method = "did:web:school.example", "did:web:school.example#key-1"
    document, sent = certificate_3(issuer=did, method=method)
    page = {
        "id": did,
        "verificationMethod": [{"id": method, "controller": did, "publicKeyJwk": jwk(chain_key())}],
        "assertionMethod": [method],
    }
    answers = world(sent) | {f"{HOST}/.well-known/did.json": to_json(page)}

    report = examine(document, answers)

    assert codes(report)["issuer"] == ("passed", "ok")
    assert report.finding("issuer").details["method"] == "web"


def test_an_issuer_of_another_kind_is_one_we_cannot_look_up():
    document, sent = certificate_3(issuer="did:ion:EiA", method="did:ion:EiA#key-1")

    assert codes(examine(document, world(sent)))["issuer"] == ("undecided", "unknown-did-method")


def test_a_page_that_does_not_answer_is_no_word():
    document, sent = certificate_3()
    answers = without(world(sent), **{ISSUER: ...})

    assert codes(examine(document, answers))["issuer"] == ("undecided", "unreachable")


@pytest.mark.parametrize("make", [certificate_2])
def test_a_certificate_without_an_issuer_has_none(make):
    document, sent = make()
    document["badge"]["issuer"] = {"name": "Nobody"}

    assert codes(examine(document, world(sent)))["issuer"] == ("failed", "no-issuer")
    document["badge"] = f"{HOST}/badges/knots"
    assert codes(examine(document, world(sent)))["issuer"] == ("failed", "no-issuer")


# --- withdrawn


@MAKERS
def test_a_certificate_on_the_issuers_list_is_revoked(make):
    document, sent = make()
    page = issuer(revocationList=LIST)
    listed = revoked({"id": document["id"], "revocationReason": "Issued in error"})

    report = examine(document, world(sent, page=page, **{LIST: to_json(listed)}))

    assert codes(report)["status"] == ("failed", "revoked")
    assert report.verdict is Verdict.NOT_VERIFIED
    nothing = examine(document, world(sent, page=page, **{LIST: to_json(revoked())}))
    assert codes(nothing)["status"] == ("passed", "ok")
    unknown = examine(document, world(sent, page=page))
    assert codes(unknown)["status"] == ("undecided", "unreachable")


# --- proofs of version 3


def chained(*, previous=None, other=None, **changes):
    """A certificate with two Merkle proofs, the second about the first as well."""
    first, _ = certificate_3()
    said = without(first, proof=...)
    one = {**first["proof"], "id": "urn:uuid:one", **changes}
    target = fingerprint({**said, "proof": []})
    plain = transaction(root_of(target))
    one["proofValue"] = proof_value(root_of(target), target, [(1, SIBLING)], (0, 1, transaction_id(plain)))
    two = dict(first["proof"])
    if previous is not None:
        two["previousProof"] = previous
    target = fingerprint({**said, "proof": [one]})
    second = transaction(root_of(target))
    two["proofValue"] = proof_value(root_of(target), target, [(1, SIBLING)], (0, 1, transaction_id(second)))
    return {**said, "proof": [one, two, *([other] if other else [])]}, (plain, second)


def judged(certificate):
    document, transactions = certificate
    answers = world()
    for each in transactions:
        answers[f"blink:btc:mainnet:{transaction_id(each)}"] = each
    return examine(document, answers)


def test_of_two_proofs_both_have_to_hold():
    document, (one, two) = chained(previous="urn:uuid:one")
    half = {**world(one)}

    assert codes(examine(document, half))["signature"] == ("undecided", "chain-not-checked")
    both = codes(judged((document, (one, two))))["signature"]
    assert both[0] != "failed"


def test_b69_a_proof_that_follows_one_that_is_not_there_is_refused():
    assert codes(judged(chained(previous="urn:uuid:none")))["signature"] == ("failed", "previous-proof")


def test_s6_another_kind_of_proof_beside_it_leaves_it_open():
    other = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofValue": "z"}
    document, transactions = chained(other=other)

    assert codes(judged((document, transactions)))["signature"] == ("undecided", "merkle-mixed")
    garbled = {**document, "proof": [*document["proof"][:-1], "x"]}
    assert codes(judged((garbled, transactions)))["signature"] == ("undecided", "merkle-mixed")
    document["credentialSubject"]["name"] = "Mallory"
    assert codes(judged((document, transactions)))["signature"] == ("failed", "merkle-hash")


def test_b63_more_proofs_than_anybody_needs_are_not_read():
    document, sent = certificate_3()
    document["proof"] = [document["proof"]] * 17

    assert codes(examine(document, world(sent)))["signature"] == ("failed", "too-many-proofs")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"proofPurpose": "authentication"}, ("failed", "proof-purpose")),
        ({"proofPurpose": ...}, ("failed", "proof-purpose")),
        ({"proofValue": "zzz"}, ("failed", "proof-cbor")),
        ({"type": "ChainedProof2021"}, ("undecided", "unknown-proof-type")),
        ({"type": "DataIntegrityProof", "cryptosuite": "merkle-proof-2019"}, ("passed", "ok")),
    ],
)
def test_what_a_proof_says_of_itself_is_read(changes, found):
    document, sent = certificate_3()
    document["proof"] = without(document["proof"], **changes)

    assert codes(examine(document, world(sent)))["signature"] == found


def test_a_certificate_without_an_anchor_is_anchored_nowhere():
    document, sent = certificate_2()
    document["signature"]["anchors"] = []

    assert codes(examine(document, world(sent)))["signature"] == ("failed", "merkle-malformed")


def test_b23_words_that_the_proof_does_not_cover_are_never_shown():
    subject = {"id": "recipients-id", "name": "Sandy Beach"}
    document, sent = certificate_3(credentialSubject=subject)
    document["credentialSubject"] = {**subject, "name": "Mallory Forger"}

    report = examine(document, world(sent))

    assert codes(report)["signature"] == ("undecided", "merkle-uncovered")
    assert report.document is None


def test_b24_words_of_its_own_leave_it_open():
    document, _ = certificate_3()
    said = without(document, proof=...)
    said["@context"] = [*said["@context"], {"rank": "https://harbour.example/rank"}]
    target = fingerprint(said)
    plain = transaction(root_of(target))
    value = proof_value(root_of(target), target, [(1, SIBLING)], (0, 1, transaction_id(plain)))

    report = examine({**said, "proof": {**document["proof"], "proofValue": value}}, world(plain))

    assert codes(report)["signature"] == ("undecided", "unknown-context")
    assert report.document is None


def test_what_is_a_blockcerts_certificate_and_what_is_not():
    assert has_merkle_signature(certificate_2()[0])
    assert not has_merkle_signature({"signature": "x"})
    assert has_merkle_proof(certificate_3()[0])
    assert not has_merkle_proof({"proof": None})
    assert not has_merkle_proof({"proof": [{"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}]})


def test_published_certificates_are_never_called_forged_and_never_shown(shared_vectors, subtests):
    folder = shared_vectors("blockcerts")
    page = (folder / "issuer-blockcerts.json").read_bytes()
    answers = {"https://www.blockcerts.org/samples/3.0/issuer-blockcerts.json": page}
    seen = 0
    for path in sorted((folder / "v3").glob("*.json")):
        if not has_merkle_proof(json.loads(path.read_text())):
            continue
        with subtests.test(path.name):
            report = examine(path.read_bytes(), answers)
            assert codes(report)["signature"][0] == "undecided"
            assert report.document is None
            changed = (
                path.read_bytes()
                .replace(b"2039-02-28", b"2099-02-28")
                .replace(b"example:ebfeb", b"example:ffff")
            )
            if changed != path.read_bytes() and "alpha" not in path.name:
                assert codes(examine(changed, answers))["signature"] == ("failed", "merkle-hash")
        seen += 1
    assert seen == 10


def test_json_that_breaks_a_rule_of_its_time_is_told():
    document, sent = certificate_2(issuedOn="2017-06-29")

    report = examine(document, world(sent))

    assert codes(report)["structure"] == ("failed", "structure")


def test_reading_is_as_strict_as_ever_b1():
    document, _ = certificate_2()
    text = json.dumps(document)[:-1] + ', "issuedOn": "2001-01-01T00:00:00Z"}'

    with pytest.raises(CairnError) as error:
        read(text.encode())

    assert error.value.code == "json-duplicate-key"
