# SPDX-License-Identifier: Apache-2.0
"""Golden documents: kept materials and the report that they must give, for good.

One folder a case under ``vectors/verdicts``: ``materials.json`` is what was gathered, ``report.json`` what
judging it says, without the sentences, which may change. Signatures are deterministic, so the credentials
are also compared byte for byte with what the library makes today. After a change that is meant, run
``python core/tests/test_golden.py`` and read the difference.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import blockchain
import old_badges
import pytest

import webvh_logs
from asking import HOLDER
from cairn import Materials, bake, gather, judge, pdf, read, sign_cose, sign_jwt, sign_presentation_jwt, webvh
from cairn.canonical import to_json
from cairn.did import build_document, did_jwk
from cairn.proof import data_integrity, jws
from cairn.proof.data_integrity import JCS, RDFC
from cairn.status import StatusEntry
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
from containing import (
    BADGE_ID,
    HOLDER_METHOD,
    ISSUER_ID,
    OTHER_METHOD,
    VC,
    badge,
    badge_document,
    endorsed,
    endorsement_of,
    forged,
    presentation,
    record,
    unsigned,
)
from pdf_files import build

FOLDER = Path(__file__).parent / "vectors" / "verdicts"
KEY, OTHER = demo_key(), demo_key("other")
METHOD = key_method(KEY.public_key)
WEB, WEB_URL = "did:web:harbour.example:i:1", "https://harbour.example/i/1/did.json"
LIST = "https://harbour.example/s/1"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
VC_1 = "https://www.w3.org/2018/credentials/v1"
VC_2_DIGEST = "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ="
OB_302 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json"


def plain(suite=RDFC, **changes):
    document = sample_credential().to_document() | changes
    made = data_integrity.sign(document, KEY, verification_method=METHOD, created=NOON, cryptosuite=suite)
    return to_json(made)


def of_web():
    return signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")


def with_status():
    return signed_sample(sample_credential(status=StatusEntry("revocation", 94_567, LIST)))


def listed(*bits):
    return signed_status_list(LIST, set_bits=bits, with_suspension=True)


def twin(*bits):
    return signed_status_list(f"{LIST}/suspension", purpose="suspension", set_bits=bits)


def token(issuer=None):
    document = sample_credential(issuer=issuer).to_document()
    return sign_jwt(document, KEY, verification_method=METHOD if issuer is None else f"{issuer}#0").encode()


def old_badge():
    document = sample_credential().to_document()
    document["@context"] = [VC_1, OB_302, "https://w3id.org/security/data-integrity/v2"]
    document["issuanceDate"] = document.pop("validFrom")
    del document["awardedDate"]
    return to_json(data_integrity.sign(document, KEY, verification_method=METHOD, created=NOON))


def proof_set(second):
    document = json.loads(signed_sample())
    return to_json({**document, "proof": [document["proof"], {**document["proof"], **second}]})


def presentation_token():
    """The holder's, with credentials of all kinds in it."""
    held = [
        badge(1),
        sign_jwt(badge_document(2), KEY, verification_method=METHOD).encode(),
        sign_cose(badge_document(3), KEY, verification_method=METHOD),
    ]
    return sign_presentation_jwt(held, HOLDER, verification_method=HOLDER_METHOD, nonce="7fd3").encode()


def stolen():
    """Somebody else's, in the name of the holder."""
    document = json.loads(unsigned(presentation()))
    purpose = data_integrity.PRESENTING
    made = data_integrity.sign(
        document, OTHER, verification_method=OTHER_METHOD, created=NOON, purpose=purpose
    )
    return to_json(made)


def with_resources(digest):
    links = [{"id": VC, "digestSRI": digest}, {"id": "https://x.example/", "digestSRI": VC_2_DIGEST}]
    return badge(relatedResource=links)


def cases():
    """Every case: its bytes, what the world answers, and when it is judged."""
    day = timedelta(days=1)
    expiring = badge(2, validUntil="2026-11-24T12:00:00Z")
    ending = signed_sample(sample_credential(valid_until=NOON + day))
    withdrawn = to_json(build_document(WEB, [("key-1", KEY.public_key, NOON)]))
    return {
        "embedded-rdfc": (signed_sample(), {}, NOON),
        "embedded-jcs": (plain(JCS), {}, NOON),
        "token": (token(), {}, NOON),
        "token-did-jwk": (token(did_jwk(KEY.public_key)), {}, NOON),
        "baked-svg": (bake(SVG, signed_sample()), {}, NOON),
        "did-web": (of_web(), {WEB_URL: did_document(WEB, KEY.public_key)}, NOON),
        "did-web-unreachable": (of_web(), {}, NOON),
        "did-web-other-key": (of_web(), {WEB_URL: did_document(WEB, OTHER.public_key)}, NOON),
        "did-web-withdrawn-key": (of_web(), {WEB_URL: withdrawn}, NOON),
        "not-revoked": (with_status(), {LIST: listed(), f"{LIST}/suspension": twin()}, NOON),
        "revoked": (with_status(), {LIST: listed(94_567), f"{LIST}/suspension": twin()}, NOON),
        "suspended": (with_status(), {LIST: listed(), f"{LIST}/suspension": twin(94_567)}, NOON),
        "twin-missing": (with_status(), {LIST: listed()}, NOON),
        "list-unreachable": (with_status(), {}, NOON),
        "list-of-a-stranger": (with_status(), {LIST: signed_status_list(LIST, signer=OTHER)}, NOON),
        "expired": (ending, {}, NOON + 2 * day),
        "altered": (signed_sample().replace(b"Knots and Splices", b"Rocket Science"), {}, NOON),
        "stranger-in-the-name-of": (signed_sample(sample_credential(issuer=WEB)), {}, NOON),
        "unsigned": (to_json(sample_credential().to_document()), {}, NOON),
        "undefined-term": (signed_sample().replace(b'"name":', b'"nome":', 1), {}, NOON),
        "proof-set-one-bad": (proof_set({"created": "2026-11-23T11:00:00Z"}), {}, NOON),
        "proof-set-one-unknown": (proof_set({"cryptosuite": "bbs-2023"}), {}, NOON),
        "unknown-cryptosuite": (
            signed_sample().replace(b"eddsa-rdfc-2022", b"bbs-2023"),
            {},
            NOON,
        ),
        "old-data-model": (old_badge(), {}, NOON),
        "presentation": (presentation(badge(1), badge(2), challenge="7fd3", domain="shop.example"), {}, NOON),
        "presentation-token": (presentation_token(), {}, NOON),
        "presentation-unsigned": (unsigned(presentation()), {}, NOON),
        "presentation-one-forged": (presentation(badge(1), forged(2)), {}, NOON),
        "presentation-by-another": (stolen(), {}, NOON),
        "record": (record(badge(1), endorsed(endorsement_of(BADGE_ID))), {}, NOON),
        "record-one-expired": (record(badge(1), expiring), {}, NOON + 2 * day),
        "record-altered": (record().replace(b"Record of", b"Diploma of"), {}, NOON),
        "endorsement": (endorsement_of(ISSUER_ID), {}, NOON),
        "endorsed-something-else": (endorsed(endorsement_of("urn:x:1")), {}, NOON),
        "related-resources": (with_resources(VC_2_DIGEST), {}, NOON),
        "related-resources-other-text": (with_resources(VC_2_DIGEST.replace("WZ", "ZW")), {}, NOON),
        **old_cases(),
        **issuer_cases(),
    }


def issuer_cases():
    """Kinds of issuers, and what may be wrong with their histories."""
    page = pdf.attach(build({1: b"<</Type /Catalog>>"}), signed_sample(), at=NOON)
    log, did = webvh_logs.began(witnesses=[OTHER.public_key], threshold=1)
    began = webvh_logs.BEGAN
    other = webvh_logs.document(did, ("key-2", OTHER, {}))
    longer = webvh.update(log, other, webvh_logs.FIRST, at=began + webvh_logs.HOUR)
    history = "https://harbour.example/i/1/did.jsonl"
    seen = {
        "https://harbour.example/i/1/did-witness.json": webvh.witness(longer, [OTHER], at=NOON),
        history: longer,
    }
    first, second = (
        signed_sample(
            sample_credential(issuer=did, valid_from=at),
            signer=key,
            verification_method=f"{did}#{name}",
            at=at,
        )
        for key, name, at in ((KEY, "key-1", began), (OTHER, "key-2", NOON))
    )
    profile = "https://harbour.example/i/1"
    kid = {"typ": "JWT", "kid": f"{profile}/keys/1"}
    named = jws.sign(kid, sample_credential(issuer=profile).to_document(), KEY).encode()
    jwk = to_json(KEY.public_key.jwk())
    return {
        "attached-to-pdf": (page, {}, NOON),
        "did-webvh": (second, seen, NOON),
        "did-webvh-key-taken-out": (first, seen, NOON),
        "did-webvh-unwitnessed": (second, {history: longer}, NOON),
        "did-webvh-altered": (second, {**seen, history: longer.replace(b"key-2", b"key-3")}, NOON),
        "key-at-an-address": (named, {f"{profile}/keys/1": jwk}, NOON),
        "key-set-at-an-address": (named, {f"{profile}/keys/1": b'{"keys":[%s]}' % jwk}, NOON),
    }


def old_cases():
    """From before Open Badges 3.0."""
    page, elsewhere = old_badges.assertion(), "https://evil.example/assertions/7"
    stolen_page = old_badges.assertion(id=elsewhere)
    signed = old_badges.token(old_badges.signed_assertion(badge=old_badges.badge()))
    certificate, transaction = blockchain.certificate_3()
    issuer = {old_badges.ISSUER: to_json(blockchain.issuer())}
    anchor = f"blink:btc:mainnet:{blockchain.transaction_id(transaction)}"
    changed = to_json(certificate).replace(b"twelve", b"twenty")
    revoked = old_badges.revoked(old_badges.signed_assertion()["id"])
    return {
        "old-hosted": (to_json(page), old_badges.world(), NOON),
        "old-hosted-differs": (
            to_json({**page, "issuedOn": "2011-05-04T10:00:00Z"}),
            old_badges.world(),
            NOON,
        ),
        "old-hosted-unreachable": (to_json(page), {}, NOON),
        "old-hosted-elsewhere": (
            to_json(stolen_page),
            {**old_badges.world(), elsewhere: to_json(stolen_page)},
            NOON,
        ),
        "old-signed": (signed, old_badges.world(), NOON),
        "old-signed-revoked": (signed, old_badges.world(listed=revoked), NOON),
        "blockcerts-anchored": (to_json(certificate), {**issuer, anchor: transaction}, NOON),
        "blockcerts-not-looked-up": (to_json(certificate), issuer, NOON),
        "blockcerts-altered": (changed, issuer, NOON),
    }


def expected_of(materials, at):
    report = judge(materials, at=at).to_document()
    return without_sentences(report)


def without_sentences(report):
    for finding in report["findings"]:
        del finding["message"]
    for part in report["parts"]:
        without_sentences(part["report"])
    return report


@pytest.mark.parametrize("name", list(cases()))
def test_kept_materials_still_give_their_report(name):
    materials = Materials.from_json((FOLDER / name / "materials.json").read_bytes())
    expected = json.loads((FOLDER / name / "report.json").read_text())
    _, _, at = cases()[name]

    assert expected_of(materials, at) == expected


@pytest.mark.parametrize("name", list(cases()))
def test_the_same_bytes_are_made_today(name):
    """The credentials only: how tightly a status list is packed is up to the zlib of the day."""
    data, _, _ = cases()[name]

    kept = Materials.from_json((FOLDER / name / "materials.json").read_bytes())

    assert read(data) == kept.credential


def test_no_case_is_forgotten():
    assert {path.name for path in FOLDER.iterdir()} == set(cases())


def test_what_each_case_is_about():
    """The verdicts in one place, so that a change of a golden file cannot slip through unread."""
    found = {name: json.loads((FOLDER / name / "report.json").read_text())["verdict"] for name in cases()}

    assert {name for name, verdict in found.items() if verdict == "verified"} == {
        "embedded-rdfc",
        "embedded-jcs",
        "token",
        "token-did-jwk",
        "baked-svg",
        "did-web",
        "not-revoked",
        "proof-set-one-unknown",
        "old-data-model",
        "presentation",
        "presentation-token",
        "record",
        "endorsement",
        "endorsed-something-else",
        "old-signed",
        "attached-to-pdf",
        "did-webvh",
        "key-at-an-address",
    }
    assert {name for name, verdict in found.items() if verdict == "verified-with-remarks"} == {
        "expired",
        "record-one-expired",
        "related-resources",
        "old-hosted",
        "blockcerts-anchored",
    }
    assert {name for name, verdict in found.items() if verdict == "could-not-check"} == {
        "did-web-unreachable",
        "twin-missing",
        "list-unreachable",
        "list-of-a-stranger",
        "unknown-cryptosuite",
        "presentation-unsigned",
        "old-hosted-unreachable",
        "blockcerts-not-looked-up",
        "did-webvh-key-taken-out",
        "did-webvh-unwitnessed",
        "did-webvh-altered",
    }


if __name__ == "__main__":
    for name, (data, answers, at) in cases().items():
        materials = gather(read(data), FixedSources(answers), at=at)
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
        (FOLDER / name / "materials.json").write_bytes(materials.to_json())
        (FOLDER / name / "report.json").write_text(
            json.dumps(expected_of(materials, at), indent=2, ensure_ascii=False) + "\n"
        )
