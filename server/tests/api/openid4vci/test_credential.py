# SPDX-License-Identifier: Apache-2.0
"""A token and a proof of the wallet's key for the credential (OpenID4VCI 1.0, section 8; B148)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.issuing.conftest import sources_of
from server.tests.wallet_app import Wallet, new_key

from cairn import Verifier
from cairn.canonical import to_json
from cairn.did import did_jwk
from cairn.keys import Algorithm
from cairn_server.issuing import offering, services
from cairn_server.issuing.models import BoundCopy, CredentialOffer, UsedNonce
from cairn_server.journal.models import Entry

NOW = int(MONDAY.timestamp())


@pytest.fixture
def begun(offered, wallet):
    """An offer, and the token that a wallet has got for it."""
    there = offered()
    offer = wallet.offer(there.secret)
    return offer, wallet.token(offer, there.code).json()["access_token"]


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P256])
@pytest.mark.parametrize("configuration", ["ob3-ldp", "ob3-jwt"])
def test_it_is_about_the_wallets_key_and_verifies(offered, credential, algorithm, configuration):
    wallet = Wallet(new_key(algorithm))

    got = wallet.take(offered().secret, configuration=configuration)

    data = got.encode() if isinstance(got, str) else to_json(got)
    verified = Verifier(sources_of(credential)).verify(data, at=MONDAY)
    assert wallet.did == verified.document["credentialSubject"]["id"]
    assert credential.address(PUBLIC_URL) == verified.document["id"]
    [copy] = BoundCopy.objects.all()
    assert (copy.secured_bytes, copy.sha256) == (data, verified.report.sha256)
    assert copy.sha256 == copy.leaf.secured_sha256


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P256])
def test_as_an_sd_jwt_vc_it_is_bound_to_the_wallets_key(offered, credential, algorithm):
    wallet = Wallet(new_key(algorithm))

    got = wallet.take(offered().secret, configuration="ob3-sd-jwt")

    verified = Verifier(sources_of(credential)).verify(got.encode(), at=MONDAY)
    assert verified.report.format == "dc+sd-jwt"
    assert verified.document["cnf"] == {"jwk": wallet.key.public_key.jwk()}
    assert verified.document["id"] == credential.address(PUBLIC_URL)
    assert BoundCopy.objects.get().secured_bytes == got.encode()


def test_a_draft_asks_for_an_sd_jwt_vc_by_its_type(begun, wallet):
    offer, token = begun
    vct = f"{PUBLIC_URL}/vct/open-badge"

    def ask(**said):
        proof = {"proof_type": "jwt", "jwt": wallet.proof(offer, wallet.nonce(offer))}
        return wallet.ask(offer, token, {"format": "dc+sd-jwt", "proof": proof, **said}).json()

    for wrong in ({}, {"vct": "https://other.example/vct"}, {"vct": [vct]}):
        assert ask(**wrong)["error"] == "unsupported_credential_format"
    answer = ask(vct=vct)
    assert answer["format"] == "dc+sd-jwt"
    assert answer["credential"] == answer["credentials"][0]["credential"]


def test_b148_an_sd_jwt_vc_is_for_one_key_and_one_nonce(begun, wallet):
    """As every form: a nonce that was used, or another key, and nothing comes."""
    proof = wallet.proof(begun[0], wallet.nonce(begun[0]))
    assert "credentials" in wallet.credential(*begun, configuration="ob3-sd-jwt", proof=proof).json()

    again = wallet.credential(*begun, configuration="ob3-sd-jwt", proof=proof)
    other = Wallet().credential(*begun, configuration="ob3-sd-jwt")

    assert (again.json()["error"], other.json()["error"]) == ("invalid_nonce", "invalid_proof")
    assert BoundCopy.objects.count() == 1


def test_the_answer_carries_the_bytes_as_they_were_signed(begun, wallet):
    answer = wallet.credential(*begun)

    assert BoundCopy.objects.get().secured_bytes in answer.content
    assert answer["Cache-Control"] == "no-store"


def test_the_journal_says_that_it_was_put_into_a_wallet_and_not_whose(begun, wallet, credential):
    wallet.credential(*begun)

    [signed, put] = Entry.objects.order_by("-pk")[:2][::-1]
    assert (signed.verb, put.verb) == ("copy signed for a wallet", "credential put into a wallet")
    assert put.details == {"way": "openid4vci", "format": "vc+ld+json"}
    assert wallet.did not in str(list(Entry.objects.values()))


def test_the_same_wallet_may_ask_again_and_gets_the_same_bytes(begun, wallet):
    first, second = wallet.credential(*begun), wallet.credential(*begun)

    assert first.json()["credentials"] == second.json()["credentials"]
    assert BoundCopy.objects.count() == 1


def test_another_key_gets_nothing_on_the_same_token(begun, wallet):
    """B148, S14: the token belongs to the key that was shown first."""
    wallet.credential(*begun)

    answer = Wallet().credential(*begun)

    assert answer.json()["error"] == "invalid_proof"
    assert BoundCopy.objects.count() == 1


def test_a_nonce_is_used_once(begun, wallet):
    """B148."""
    proof = wallet.proof(begun[0], wallet.nonce(begun[0]))
    wallet.credential(*begun, proof=proof)

    answer = wallet.credential(*begun, proof=proof)

    assert (answer.json()["error"], answer.status_code) == ("invalid_nonce", 400)
    assert answer.json()["c_nonce"]


def test_asking_for_nonces_leaves_no_row(begun, wallet):
    for _ in range(3):
        wallet.nonce(begun[0])

    assert UsedNonce.objects.count() == 0


def test_a_nonce_is_good_for_five_minutes(begun, wallet, monday):
    old = wallet.nonce(begun[0])
    monday.shift(timedelta(minutes=5, seconds=1))

    answer = wallet.credential(*begun, proof=wallet.proof(begun[0], old))

    assert answer.json()["error"] == "invalid_nonce"


@pytest.mark.parametrize("nonce", ["x", "A" * 50, "", "\x00", "AAAA=="])
def test_a_nonce_of_somebody_else_is_none(begun, wallet, nonce):
    answer = wallet.credential(*begun, proof=wallet.proof(begun[0], nonce))

    assert answer.json()["error"] in ("invalid_nonce", "invalid_proof")


def test_no_byte_of_a_nonce_can_be_changed():
    """The seal is over all of it: the moment as well."""
    from cairn.keys import base64url_decode, base64url_encode

    good = base64url_decode(offering.nonce(at=MONDAY))
    for place in range(len(good)):
        changed = bytes(byte ^ (number == place) for number, byte in enumerate(good))
        with pytest.raises(offering.NonceRefused):
            offering.use_nonce.__wrapped__(base64url_encode(changed), at=MONDAY)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"aud": [f"{PUBLIC_URL}/oid4vci/x"]},
        {"iat": NOW - 301},
        {"iat": NOW + 301},
        {"iat": None},
        {"iat": str(NOW)},
        {"exp": NOW - 301},
        {"nonce": None},
        {"nonce": 7},
    ],
    ids=str,
)
def test_a_proof_that_is_not_for_us_and_now_is_none(begun, wallet, claims):
    """B148: wrong aud, iat or exp."""
    proof = wallet.proof(begun[0], wallet.nonce(begun[0]), **claims)

    answer = wallet.credential(*begun, proof=proof)

    assert (answer.json()["error"], answer.status_code) == ("invalid_proof", 400)
    assert answer.json()["c_nonce"]
    assert BoundCopy.objects.count() == 0


def headers_that_are_refused(wallet: Wallet) -> list[dict]:
    other = Wallet()
    return [
        {"typ": "JWT", "kid": wallet.method},
        {"typ": "vc+jwt", "kid": wallet.method},
        {"typ": "openid4vci-proof+jwt"},
        {"typ": "openid4vci-proof+jwt", "kid": wallet.method, "jwk": wallet.key.public_key.jwk()},
        {"typ": "openid4vci-proof+jwt", "kid": other.method},
        {"typ": "openid4vci-proof+jwt", "kid": f"{wallet.did}#{other.did}"},
        {"typ": "openid4vci-proof+jwt", "jwk": other.key.public_key.jwk()},
        {"typ": "openid4vci-proof+jwt", "jwk": "x"},
        {"typ": "openid4vci-proof+jwt", "kid": 7},
        {"typ": "openid4vci-proof+jwt", "kid": "did:web:cairn.example#key-1"},
        {"typ": "openid4vci-proof+jwt", "x5c": ["MIIB"]},
        {"typ": "openid4vci-proof+jwt", "kid": wallet.method, "crit": ["x"]},
        {"typ": "openid4vci-proof+jwt", "kid": "did:jwk:" + "A" * 500},
    ]


@pytest.mark.parametrize("number", range(13))
def test_a_key_that_is_not_shown_by_its_own_signature_is_none(begun, wallet, number):
    """B148, B89: nobody is asked for a key, so no header leads this server anywhere."""
    header = headers_that_are_refused(wallet)[number]
    proof = wallet.proof(begun[0], wallet.nonce(begun[0]), header=header)

    assert wallet.credential(*begun, proof=proof).json()["error"] == "invalid_proof"


def test_a_bare_jwk_is_a_did_jwk(begun, wallet):
    header = {"typ": "openid4vci-proof+jwt", "jwk": wallet.key.public_key.jwk()}
    proof = wallet.proof(begun[0], wallet.nonce(begun[0]), header=header)

    [got] = wallet.credential(*begun, proof=proof).json()["credentials"]

    assert did_jwk(wallet.key.public_key) == got["credential"]["credentialSubject"]["id"]


def test_a_changed_signature_is_none(begun, wallet):
    proof = wallet.proof(begun[0], wallet.nonce(begun[0]))
    last = "A" if proof[-2] != "A" else "Q"

    answer = wallet.credential(*begun, proof=proof[:-2] + last + proof[-1])

    assert answer.json()["error"] == "invalid_proof"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_credential_request"),
        (b"[]", "invalid_credential_request"),
        (b"\xff", "invalid_credential_request"),
        (b'{"a": 1, "a": 2}', "invalid_credential_request"),
        (b'{"a": "' + b"x" * 70_000 + b'"}', "invalid_credential_request"),
        ({"credential_configuration_id": "ob3-ldp"}, "invalid_proof"),
        ({"credential_configuration_id": "ob3-ldp", "proofs": {"jwt": []}}, "invalid_proof"),
        ({"credential_configuration_id": "ob3-ldp", "proofs": {"jwt": ["a", "b"]}}, "invalid_proof"),
        ({"credential_configuration_id": "ob3-ldp", "proofs": {"jwt": [7]}}, "invalid_proof"),
        ({"credential_configuration_id": "ob3-ldp", "proofs": {"jwt": ["é"]}}, "invalid_proof"),
        ({"credential_configuration_id": "ob3-ldp", "proofs": 7}, "invalid_proof"),
        ({"credential_configuration_id": "ob3-ldp", "proof": {"proof_type": "cwt"}}, "invalid_proof"),
        (
            {"credential_configuration_id": "ob3-ldp", "proof": {}, "proofs": {}},
            "invalid_credential_request",
        ),
        ({"credential_configuration_id": "x"}, "unknown_credential_configuration"),
        ({"credential_identifier": "x"}, "unknown_credential_identifier"),
        (
            {"credential_configuration_id": "ob3-ldp", "credential_identifier": "ob3-ldp"},
            "invalid_credential_request",
        ),
        ({"credential_configuration_id": 7}, "invalid_credential_request"),
        ({"format": "mso_mdoc"}, "unsupported_credential_format"),
        (
            {"format": "ldp_vc", "credential_definition": {"type": ["DiplomaCredential"]}},
            "unsupported_credential_format",
        ),
        (
            {"credential_configuration_id": "ob3-ldp", "credential_response_encryption": {}},
            "invalid_encryption_parameters",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_request_that_is_not_in_order_is_refused_in_the_protocols_words(begun, wallet, body, error):
    answer = wallet.ask(*begun, body)

    assert (error, 400) == (answer.json()["error"], answer.status_code)


def test_two_good_proofs_are_one_too_many(begun, wallet):
    """B148: one offer is for one key, and no batch of copies."""
    proofs = [each.proof(begun[0], each.nonce(begun[0])) for each in (wallet, Wallet())]

    answer = wallet.ask(*begun, {"credential_configuration_id": "ob3-ldp", "proofs": {"jwt": proofs}})

    assert answer.json()["error"] == "invalid_proof"
    assert BoundCopy.objects.count() == 0


def test_a_wallet_of_a_draft_is_answered_in_its_shape(begun, wallet):
    proof = wallet.proof(begun[0], wallet.nonce(begun[0]))
    body = {
        "format": "ldp_vc",
        "credential_definition": {"type": ["VerifiableCredential", "OpenBadgeCredential"]},
        "proof": {"proof_type": "jwt", "jwt": proof},
    }

    answer = wallet.ask(*begun, body).json()

    assert answer["format"] == "ldp_vc"
    assert answer["credential"] == answer["credentials"][0]["credential"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 300])
def test_without_its_token_there_is_nothing(begun, wallet, header):
    offer, _token = begun
    where = offer["credential_issuer"].removeprefix(PUBLIC_URL) + "/credential"

    answer = wallet.client.post(
        where, "{}", content_type="application/json", headers={"authorization": header}
    )

    assert (answer.json()["error"], answer.status_code) == ("invalid_token", 401)
    assert "Bearer" in answer["WWW-Authenticate"]


def test_a_token_is_shown_as_a_bearer_token_or_not_at_all(begun, wallet):
    offer, token = begun
    where = offer["credential_issuer"].removeprefix(PUBLIC_URL) + "/credential"

    found = {
        scheme: wallet.client.post(
            where, "{}", content_type="application/json", headers={"authorization": f"{scheme} {token}"}
        ).status_code
        for scheme in ("Bearer", "bearer", "BEARER", "Basic", "DPoP")
    }

    assert found == {"Bearer": 400, "bearer": 400, "BEARER": 400, "Basic": 401, "DPoP": 401}


def test_a_token_ends_after_ten_minutes(begun, wallet, monday):
    monday.shift(timedelta(minutes=10))

    assert wallet.credential(*begun).status_code == 401


def test_a_token_is_nothing_to_another_issuer(begun, wallet, elsewhere):
    offer, token = begun
    foreign = offer | {"credential_issuer": offer["credential_issuer"][:-22] + elsewhere.public_id}

    assert wallet.credential(foreign, token).status_code == 401


@pytest.mark.parametrize("verb", [services.revoke, services.suspend])
def test_what_was_withdrawn_meanwhile_is_not_handed_out(begun, wallet, credential, owner, verb):
    verb(credential, by=owner, reason="A mistake", at=MONDAY)

    answer = wallet.credential(*begun)

    assert answer.json()["error"] == "credential_request_denied"
    assert BoundCopy.objects.count() == 0


def test_what_was_withdrawn_later_is_not_handed_out_again(begun, wallet, credential, owner):
    wallet.credential(*begun)
    services.revoke(credential, by=owner, reason="A mistake", at=MONDAY)

    assert wallet.credential(*begun).json()["error"] == "credential_request_denied"


def test_withdrawing_the_award_withdraws_the_copy(offered, wallet, credential, owner):
    got = wallet.take(offered().secret)

    services.revoke(credential, by=owner, reason="A mistake", at=MONDAY)

    report = Verifier(sources_of(credential)).examine(to_json(got), at=MONDAY)
    assert report.finding("status").code == "revoked"


def test_a_wallet_says_what_it_has_made_of_it(begun, wallet):
    answer = wallet.credential(*begun).json()

    told = notify(
        wallet, begun, {"notification_id": answer["notification_id"], "event": "credential_failure"}
    )

    assert told.status_code == 204
    assert CredentialOffer.objects.get().told == "credential_failure"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"notification_id": "x", "event": "credential_accepted"}, "invalid_notification_id"),
        ({"notification_id": "x", "event": "<script>"}, "invalid_notification_request"),
        ({"event": "credential_accepted"}, "invalid_notification_request"),
        ([], "invalid_notification_request"),
    ],
)
def test_other_news_is_refused(begun, wallet, body, error):
    wallet.credential(*begun)

    assert error == notify(wallet, begun, body).json()["error"]
    assert CredentialOffer.objects.get().told == ""


def notify(wallet, begun, body):
    offer, token = begun
    return wallet.client.post(
        offer["credential_issuer"].removeprefix(PUBLIC_URL) + "/notification",
        json.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
