# SPDX-License-Identifier: Apache-2.0
"""Signatures that any library for Standard Webhooks understands."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta

from server.tests.conftest import MONDAY

from cairn_server.webhooks import signing
from cairn_server.webhooks.models import Endpoint

SALT, EARLIER = bytes(32), bytes([1]) * 32


def test_the_signature_is_that_of_the_reference_libraries() -> None:
    """The vector of the project's own libraries (github.com/standard-webhooks, test_webhooks.py)."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    made = signing.headers(
        [secret],
        message="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )

    assert made == {
        "Content-Type": "application/json",
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_is_32_bytes_that_need_both_the_row_and_the_servers_key() -> None:
    secret = signing.secret_of("one", SALT, key="server key")

    assert len(secret) == 32
    others = [("two", SALT, "server key"), ("one", EARLIER, "server key"), ("one", SALT, "other key")]
    assert secret not in [signing.secret_of(name, salt, key=key) for name, salt, key in others]
    assert signing.secret_of("one", SALT, key="server key") == secret
    assert b64decode(signing.written(secret).removeprefix("whsec_")) == secret


def test_two_secrets_count_in_rotation_and_then_one() -> None:
    """B102"""
    endpoint = Endpoint(salt=SALT, earlier_salt=EARLIER, earlier_until=MONDAY)
    before, after = MONDAY - timedelta(seconds=1), MONDAY

    new, old = (signing.secret_of(endpoint.public_id, salt, key="k") for salt in (SALT, EARLIER))

    assert signing.live_secrets(endpoint, keys=["k"], at=before) == [new, old]
    assert signing.live_secrets(endpoint, keys=["k"], at=after) == [new]


def test_a_key_of_the_server_that_was_replaced_signs_on() -> None:
    """SECRET_KEY_FALLBACKS: receivers know only the secret that was made of the key before."""
    endpoint = Endpoint(salt=SALT)

    secrets = signing.live_secrets(endpoint, keys=["new", "old"], at=MONDAY)
    signatures = signing.headers(secrets, message="msg_x", at=MONDAY, body=b"{}")["webhook-signature"]

    assert secrets == [signing.secret_of(endpoint.public_id, SALT, key=key) for key in ("new", "old")]
    assert [each[:3] for each in signatures.split(" ")] == ["v1,", "v1,"]
