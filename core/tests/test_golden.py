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

import pytest

from cairn import Materials, bake, gather, judge, read, sign_jwt
from cairn.canonical import to_json
from cairn.did import build_document, did_jwk
from cairn.proof import data_integrity
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

FOLDER = Path(__file__).parent / "vectors" / "verdicts"
KEY, OTHER = demo_key(), demo_key("other")
METHOD = key_method(KEY.public_key)
WEB, WEB_URL = "did:web:harbour.example:i:1", "https://harbour.example/i/1/did.json"
LIST = "https://harbour.example/s/1"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
VC_1 = "https://www.w3.org/2018/credentials/v1"
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


def cases():
    """Every case: its bytes, what the world answers, and when it is judged."""
    day = timedelta(days=1)
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
        "proof-set-one-unknown": (proof_set({"cryptosuite": "ecdsa-sd-2023"}), {}, NOON),
        "unknown-cryptosuite": (
            signed_sample().replace(b"eddsa-rdfc-2022", b"ecdsa-rdfc-2019"),
            {},
            NOON,
        ),
        "old-data-model": (old_badge(), {}, NOON),
    }


def expected_of(materials, at):
    report = judge(materials, at=at).to_document()
    for finding in report["findings"]:
        del finding["message"]
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
    }
    assert {name for name, verdict in found.items() if verdict == "verified-with-remarks"} == {"expired"}
    assert {name for name, verdict in found.items() if verdict == "could-not-check"} == {
        "did-web-unreachable",
        "twin-missing",
        "list-unreachable",
        "list-of-a-stranger",
        "unknown-cryptosuite",
    }


if __name__ == "__main__":
    for name, (data, answers, at) in cases().items():
        materials = gather(read(data), FixedSources(answers), at=at)
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
        (FOLDER / name / "materials.json").write_bytes(materials.to_json())
        (FOLDER / name / "report.json").write_text(
            json.dumps(expected_of(materials, at), indent=2, ensure_ascii=False) + "\n"
        )
