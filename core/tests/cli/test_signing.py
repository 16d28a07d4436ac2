# SPDX-License-Identifier: Apache-2.0
"""Making keys, credentials and copies, run as people run it: arguments in, exit code and text out."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asking import SVG
from cairn.did import did_key
from cairn.keys import PrivateKey
from cairn.testing import sample_credential
from pdf_files import build

ACCEPTED, REJECTED, USAGE, UNDECIDED = 0, 1, 2, 3
PDF = build({1: b"<</Type /Catalog>>"})


def write(name, data):
    Path(name).write_bytes(data)
    return name


def test_keygen_writes_a_key_for_its_owner_only(run):
    code, out, _ = run("keygen", "key.json")

    jwk = json.loads(Path("key.json").read_text())
    assert code == ACCEPTED
    assert stat.S_IMODE(Path("key.json").stat().st_mode) == 0o600
    assert out.strip() == did_key(PrivateKey.from_jwk(jwk).public_key)
    assert jwk["d"] not in out


def test_keygen_overwrites_nothing(run, key):
    before = Path("key.json").read_bytes()

    code, _, err = run("keygen", "key.json")

    assert code == USAGE
    assert "key.json" in err
    assert Path("key.json").read_bytes() == before


def test_a_p256_key_signs_tokens(run):
    run("keygen", "key.json", "--algorithm", "P-256")
    key = PrivateKey.from_jwk(json.loads(Path("key.json").read_text()))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    credential = sample_credential(issuer=did_key(key.public_key), valid_from=yesterday)
    Path("badge.json").write_text(json.dumps(credential.to_document()))

    run("sign", "badge.json", "--key", "key.json", "--jwt", "-o", "badge.jwt")

    assert run("verify", "badge.jwt")[0] == ACCEPTED
    assert run("sign", "badge.json", "--key", "key.json", "--cryptosuite", "eddsa-jcs-2022")[0] == UNDECIDED


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_both_cryptosuites_can_be_chosen(run, badge, suite):
    code, out, _ = run("sign", "badge.json", "--key", "key.json", "--cryptosuite", suite)

    assert code == ACCEPTED
    assert json.loads(out)["proof"]["cryptosuite"] == suite
    assert run("verify", "-", stdin=out.strip().encode())[0] == ACCEPTED


def test_a_pdf_carries_a_credential_there_and_back(run, badge):
    assert run("bake", write("page.pdf", PDF), badge, "-o", "baked.pdf")[0] == ACCEPTED
    assert Path("baked.pdf").read_bytes().startswith(PDF)
    assert run("verify", "baked.pdf")[0] == ACCEPTED
    assert run("unbake", "baked.pdf", "-o", "again.json")[0] == ACCEPTED
    assert Path("again.json").read_bytes().strip() == badge.read_bytes().strip()
    code, _, err = run("unbake", "page.pdf")
    assert (code, "pdf-nothing-attached" in err) == (REJECTED, True)


def test_signing_refuses_what_verifiers_would(run, key):
    document = sample_credential().to_document()
    del document["issuer"]
    Path("badge.json").write_text(json.dumps(document))

    code, out, err = run("sign", "badge.json", "--key", "key.json")

    assert (code, out) == (REJECTED, "")
    assert "issuer: is missing" in err


def test_another_method_may_be_named(run, badge):
    code, out, _ = run("sign", "badge.json", "--key", "key.json", "--method", "did:web:harbour.example#1")

    assert code == ACCEPTED
    assert json.loads(out)["proof"]["verificationMethod"] == "did:web:harbour.example#1"


def test_the_private_key_is_never_printed(run, badge, key):
    secret = json.loads(Path("key.json").read_text())["d"]

    for arguments in (("sign", "badge.json", "--key", "key.json"), ("verify", "signed.json")):
        _, out, err = run(*arguments)
        assert secret not in out + err


def test_a_credential_goes_into_a_picture_and_comes_out_again(run, badge):
    Path("art.svg").write_bytes(SVG)

    assert run("bake", "art.svg", badge, "-o", "baked.svg")[0] == ACCEPTED
    assert run("verify", "baked.svg")[0] == ACCEPTED
    assert run("unbake", "baked.svg", "-o", "out.json")[0] == ACCEPTED
    assert Path("out.json").read_bytes() == badge.read_bytes()
    assert run("unbake", "baked.svg")[1].strip() == badge.read_text()
    assert run("unbake", "art.svg")[0] == REJECTED


def test_a_copy_that_shows_a_part_is_made_and_verified(run):
    run("keygen", "curve.json", "--algorithm", "P-256")
    key = PrivateKey.from_jwk(json.loads(Path("curve.json").read_text()))
    now = datetime.now(UTC)
    credential = sample_credential(
        issuer=did_key(key.public_key),
        valid_from=now - timedelta(days=1),
        valid_until=now + timedelta(days=1),
    )
    Path("own.json").write_text(json.dumps(credential.to_document()))
    sign = ("sign", "own.json", "--key", "curve.json", "--cryptosuite", "ecdsa-sd-2023")
    assert run(*sign, "--mandatory", "/credentialSubject/achievement", "-o", "base.json")[0] == ACCEPTED

    code, out, _ = run("derive", "base.json", "--show", "/credentialSubject/id")

    assert code == ACCEPTED
    assert "identifier" not in out
    Path("copy.json").write_text(out)
    code, out, _ = run("verify", "copy.json")
    assert code == ACCEPTED
    (line,) = [line for line in out.splitlines() if "Shown completely" in line]
    assert "could not tell" in line
    assert run("verify", "base.json")[0] == UNDECIDED
    assert run("derive", "base.json", "--show", "/nonsense")[0] == REJECTED
    assert run(*sign, "--mandatory", "/nonsense")[0] == REJECTED


@pytest.mark.parametrize("form", [("--jwt",), ("--cryptosuite", "eddsa-jcs-2022"), ()])
def test_mandatory_pointers_go_with_selective_disclosure_only(run, badge, form):
    code, _, err = run("sign", "badge.json", "--key", "key.json", *form, "--mandatory", "/name")

    assert code == USAGE
    assert "ecdsa-sd-2023" in err


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
def test_a_key_signs_with_the_suite_of_its_kind(run, badge, curve):
    run("keygen", "curve.json", "--algorithm", curve)
    did = did_key(PrivateKey.from_jwk(json.loads(Path("curve.json").read_text())).public_key)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    document = sample_credential(issuer=did, valid_from=yesterday).to_document()
    Path("own.json").write_text(json.dumps(document))

    code, out, _ = run("sign", "own.json", "--key", "curve.json")

    assert code == ACCEPTED
    assert json.loads(out)["proof"]["cryptosuite"] == "ecdsa-rdfc-2019"
    assert run("verify", "-", stdin=out.encode())[0] == ACCEPTED


def test_an_sd_jwt_is_signed_shown_in_part_and_verified(run, badge):
    sign = ("sign", "badge.json", "--key", "key.json", "--sd-jwt")
    assert run(*sign, "--disclose", "/credentialSubject/identifier/0", "-o", "whole.sdjwt")[0] == ACCEPTED
    assert "Zoë" not in Path("whole.sdjwt").read_text()

    assert run("derive", "whole.sdjwt", "-o", "part.sdjwt")[0] == ACCEPTED

    assert run("verify", "whole.sdjwt")[0] == ACCEPTED
    assert run("verify", "part.sdjwt")[0] == ACCEPTED
    assert Path("part.sdjwt").read_text().count("~") == 1
    assert run("derive", "part.sdjwt", "--show", "/credentialSubject/identifier/0")[0] == REJECTED
    assert run(*sign, "--disclose", "/issuer")[0] == REJECTED


def test_an_sd_jwt_vc_is_signed_shown_in_part_and_verified(run, key):
    claims = {
        "iss": did_key(key.public_key),
        "vct": "https://harbour.example/vct/knots",
        "name": "Zoë",
        "n": 12,
    }
    Path("claims.json").write_text(json.dumps(claims))
    sign = ("sign", "claims.json", "--key", "key.json", "--sd-jwt-vc")
    assert run(*sign, "--disclose", "/name", "-o", "whole.sdjwt")[0] == ACCEPTED

    assert run("derive", "whole.sdjwt", "-o", "part.sdjwt")[0] == ACCEPTED

    shown = json.loads(run("verify", "--json", "part.sdjwt")[1])
    assert shown["accepted"]
    assert shown["format"] == "dc+sd-jwt"
    assert "name" not in shown["document"]
    assert json.loads(run("verify", "--json", "whole.sdjwt")[1])["document"]["name"] == "Zoë"
    assert run(*sign, "--disclose", "/vct")[0] == REJECTED


def test_cose_is_signed_and_verified(run, badge):
    assert run("sign", "badge.json", "--key", "key.json", "--cose", "-o", "badge.cose")[0] == ACCEPTED

    assert run("verify", "badge.cose")[0] == ACCEPTED
    Path("badge.cose").write_bytes(Path("badge.cose").read_bytes().replace(b"Knots", b"Ships", 1))
    assert run("verify", "badge.cose")[0] == REJECTED


@pytest.mark.parametrize("form", [(), ("--jwt",), ("--cose",)])
def test_disclosures_go_with_sd_jwt_alone(run, badge, form):
    code, _, err = run("sign", "badge.json", "--key", "key.json", *form, "--disclose", "/name")

    assert code == 2
    assert "--disclose goes with --sd-jwt" in err


def test_a_picture_can_be_presented(run, key, badge):
    Path("plain.svg").write_bytes(SVG)
    run("bake", "plain.svg", badge, "-o", "baked.svg")

    run("present", "baked.svg", badge, "--key", "key.json", "-o", "shown.json")

    held = json.loads(Path("shown.json").read_text()) if Path("shown.json").exists() else None
    # The same badge twice is no presentation, whatever it was put into.
    assert held is None
    assert run("present", "baked.svg", "--key", "key.json", "-o", "shown.json")[0] == ACCEPTED


def test_a_key_of_another_curve_presents_too(run, badge):
    run("keygen", "p256.json", "--algorithm", "P-256")

    run("present", badge, "--key", "p256.json", "-o", "shown.json")

    assert run("verify", "shown.json", "--offline")[0] == ACCEPTED
