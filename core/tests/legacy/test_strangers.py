# SPDX-License-Identifier: Apache-2.0
"""A library that we did not write: we judge the old badges that it makes, and it agrees about ours.

openbadgeslib (LGPL-3) is installed for tests only. It looks at the wall clock,
so nothing here ends.
"""

import json
import zlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from old_badges import (
    ASSERTION,
    BADGE,
    EMAIL,
    HOST,
    ISSUER,
    KEY,
    LIST,
    assertion,
    badge,
    codes,
    examine,
    issuer,
    key_document,
    pem,
    revoked,
    rsa_key,
    signed_assertion,
    signing_key,
    token,
    world,
)

from cairn.canonical import to_json
from cairn.checks import DEFAULT_CHECKS, held_by
from cairn.testing import NOON, FixedSources
from cairn.verifier import Verdict, Verifier

ob2 = pytest.importorskip("openbadgeslib.ob2")
models = pytest.importorskip("openbadgeslib.ob2.models")
badge_model = pytest.importorskip("openbadgeslib.badge_model")
ob1 = pytest.importorskip("openbadgeslib.ob1.signer")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def picture():
    """The smallest PNG."""
    size = b"\0\0\0\1\0\0\0\1\x08\2\0\0\0"
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(b"\0\1\2\3")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        for kind, body in chunks
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
PNG = picture()
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {"RS256": rsa_key(), "ES256": signing_key(), "EdDSA": ED25519}


def private(key):
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def theirs(kind="SignedBadge", **members):
    creator = KEY if kind == "SignedBadge" else None
    return models.Assertion(
        recipient=models.IdentityObject.create(EMAIL, "salt"),
        badge=BADGE,
        verification=models.Verification(type=kind, creator=creator),
        **members,
    )


def pages(key):
    """The school's addresses, all written by the library."""
    documents = {
        BADGE: models.BadgeClass(BADGE, "Knots", "Ties twelve knots.", f"{HOST}/k.png", f"{HOST}/k", ISSUER),
        ISSUER: models.Profile(ISSUER, "School", HOST, "a@school.example", None, [KEY], LIST),
        KEY: models.CryptographicKey(KEY, ISSUER, pem(key).decode()),
        LIST: models.RevocationList(LIST, ISSUER, []),
    }
    return {url: json.dumps(document.to_dict()).encode() for url, document in documents.items()}


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_that_it_signs_is_genuine(algorithm):
    key = KEYS[algorithm]
    sent = ob2.OB2Signer(private(key), algorithm).sign(theirs()).encode()

    # It reads the clock when it signs, and a signature of the future is none.
    now = datetime.now(UTC)
    report = examine(sent, pages(key), at=now, asked=now, checks=[*DEFAULT_CHECKS, held_by(EMAIL)])

    assert report.verdict is Verdict.REMARKS
    assert report.accepted
    assert codes(report)["holder"] == ("passed", "ok")
    changed = sent[:-9] + (b"A" if sent[-9:-8] != b"A" else b"B") + sent[-8:]
    assert not examine(changed, pages(key), at=now, asked=now).accepted


@pytest.mark.parametrize("carrier", ["png", "svg"])
def test_a_picture_that_it_bakes_is_read(carrier):
    signer = ob2.OB2Signer(private(signing_key()), "ES256")
    picture = (signer.sign_into_png if carrier == "png" else signer.sign_into_svg)(
        theirs(), PNG if carrier == "png" else SVG
    )

    report = Verifier(FixedSources(pages(signing_key()))).examine(picture, at=NOON)

    assert report.carrier == carrier
    assert codes(report)["signature"] == ("passed", "ok")


@pytest.mark.parametrize("signed", [True, False], ids=["token", "json"])
def test_a_hosted_badge_of_its_making_is_its_page(signed):
    made = theirs("HostedBadge", id=ASSERTION)
    answers = {**pages(signing_key()), ASSERTION: json.dumps(made.to_dict()).encode()}
    token_of_it = ob2.OB2Signer(private(signing_key()), "ES256").sign(made).encode()

    report = examine(token_of_it if signed else answers[ASSERTION], answers)

    assert codes(report)["signature"] == ("passed", "hosted")
    assert report.verdict is Verdict.REMARKS


def test_open_badges_1_of_its_making():
    made = badge_model.Badge(
        name="knots",
        image_type=badge_model.BadgeImgType.SVG,
        image=SVG,
        image_url=f"{HOST}/knots.svg",
        json_url=BADGE,
        verify_key_url=f"{HOST}/key.pem",
        key_type=badge_model.KeyType.RSA,
        privkey_pem=private(rsa_key()),
        pubkey_pem=pem(rsa_key()),
    )
    picture = ob1.Signer(identity=EMAIL).sign_badge(made).signed
    answers = pages(rsa_key()) | {f"{HOST}/key.pem": pem(rsa_key())}

    report = Verifier(FixedSources(answers)).examine(picture, at=NOON.replace(year=2096))
    fresh = {found.check: found for found in report.findings}

    assert report.kind == "Open Badges 1.0"
    assert fresh["signature"].code == "ok"
    assert fresh["issuer"].code == "ok"


def they_accept(sent, answers):
    verifier = ob2.OB2Verifier(download=lambda url: answers[url])
    try:
        if sent.startswith(b"{"):
            verifier.verify_hosted(sent.decode(), check_revocation=True)
        else:
            verifier.verify(sent.decode(), check_revocation=True)
    except Exception:  # noqa: BLE001 - whatever it raises, it does not accept
        return False
    return True


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (token(signed_assertion()), world()),
        (token(signed_assertion(), signing_key(2)), world()),
        (token(signed_assertion()), world(key=key_document(owner="https://evil.example/i"))),
        (token(signed_assertion()), world(issuer=issuer(publicKey=f"{HOST}/keys/9"))),
        (token(signed_assertion()), world(listed=revoked(signed_assertion()["id"]))),
        (token(signed_assertion()), world(listed=revoked("urn:uuid:another"))),
        (token(signed_assertion(issuedOn="yesterday")), world()),
        (to_json(assertion()), world()),
        (to_json(assertion()), world(assertion=assertion(badge=f"{HOST}/badges/none"))),
        (to_json(assertion()), world(issuer=issuer(id="https://evil.example/issuer"))),
        (to_json(assertion()), world(issuer=issuer(verification={"allowedOrigins": "other.example"}))),
        (to_json(assertion()), world(issuer=issuer(verification={"startsWith": f"{HOST}/b/"}))),
        (to_json(assertion()), world(issuer=issuer(verification={"startsWith": f"{HOST}/a"}))),
        (to_json(assertion()), world(badge=badge(issuer="https://evil.example/issuer"))),
        (to_json(assertion()), world(assertion=...)),
    ],
)
def test_two_verifiers_agree(sent, answers):
    assert examine(sent, answers).accepted is they_accept(sent, answers)
