# SPDX-License-Identifier: Apache-2.0
"""Token Status Lists."""

from datetime import timedelta

import pytest

from asking import (
    DAY,
    KEY,
    LIST,
    OTHER,
    TOKEN_LIST,
    VC_ISSUER,
    issuer_metadata,
    materials,
    outcome,
    sd_jwt_vc,
)
from cairn import checks
from cairn.checks.withdrawal import NO_TOKEN_STATUS
from cairn.proof import (
    Outcome,
    jws,
    status_token,
)
from cairn.status.token_list import TokenStatus, TokenStatusList
from cairn.testing import (
    NOON,
    key_method,
    signed_status_list,
)


def token_list(value=0, key=KEY, kid="k0", bits=2, uri=TOKEN_LIST, **arguments):
    values = TokenStatusList.empty(bits, 1000)
    values.set(7, value)
    return {TOKEN_LIST: status_token.sign(values, key, uri=uri, kid=kid, at=NOON, **arguments).encode()}


def listed(answers, index=7, at=NOON, gathered_at=None):
    data = sd_jwt_vc(status=TokenStatus(index, TOKEN_LIST))
    return outcome({**issuer_metadata(KEY), **answers}, data, at=at, gathered_at=gathered_at)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, (Outcome.PASSED, "ok")),
        (1, (Outcome.FAILED, "revoked")),
        (2, (Outcome.FAILED, "suspended")),
        (3, (Outcome.UNDECIDED, "status-value")),
    ],
)
def test_the_value_of_a_token_decides(value, expected):
    assert listed(token_list(value)) == expected


def test_an_sd_jwt_vc_without_status_cannot_be_withdrawn():
    assert outcome(issuer_metadata(KEY), sd_jwt_vc()) == (Outcome.PASSED, "no-status")
    assert checks.status(materials(sd_jwt_vc(), issuer_metadata(KEY)), NOON) == (NO_TOKEN_STATUS,)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, "unreachable"),
        ({TOKEN_LIST: b"<html>"}, "token-malformed"),
        ({TOKEN_LIST: signed_status_list(TOKEN_LIST)}, "token-malformed"),  # the other kind (N18)
        (token_list(uri=TOKEN_LIST + "/2"), "status-list-id"),
        (token_list(key=OTHER), "signature-mismatch"),
        (token_list(key=OTHER, kid=key_method(OTHER.public_key)), "status-list-issuer"),
        (token_list(kid="k9"), "status-list-issuer"),
        (token_list(expires=NOON - DAY), "status-list-stale"),
    ],
)
def test_a_list_token_that_is_not_in_order_is_a_doubt_s8_s11_b81(answers, code):
    assert listed(answers) == (Outcome.UNDECIDED, code)


def test_a_list_token_in_the_name_of_another_is_a_doubt_b81():
    payload = {
        "iss": "https://evil.example",
        "sub": TOKEN_LIST,
        "iat": int(NOON.timestamp()),
        "status_list": TokenStatusList.empty(1, 8).to_claim(),
    }
    data = jws.sign({"typ": "statuslist+jwt", "kid": "k0"}, payload, KEY).encode()

    assert listed({TOKEN_LIST: data}) == (Outcome.UNDECIDED, "status-list-issuer")


def test_an_index_beyond_the_list_token_is_a_doubt_b78():
    assert listed(token_list(), index=1000) == (Outcome.UNDECIDED, "status-index-range")


def test_a_list_token_is_used_for_its_ttl_in_seconds_n18_b82():
    fresh = token_list(ttl=timedelta(hours=1))

    assert listed(fresh, at=NOON + timedelta(hours=1), gathered_at=NOON) == (Outcome.PASSED, "ok")
    edge = NOON + timedelta(hours=1, seconds=60)
    assert listed(fresh, at=edge, gathered_at=NOON) == (Outcome.PASSED, "ok")
    later = edge + timedelta(seconds=1)
    assert listed(fresh, at=later, gathered_at=NOON) == (Outcome.UNDECIDED, "status-list-stale")
    assert listed(token_list(), at=NOON + timedelta(minutes=7), gathered_at=NOON) == (
        Outcome.UNDECIDED,
        "status-list-stale",
    )


@pytest.mark.parametrize(
    "status_claim", [{"identifier_list": {"id": "x"}}, {"status_list": {"idx": "7", "uri": LIST}}]
)
def test_a_status_of_another_kind_is_a_doubt_b85(status_claim):
    payload = {"iss": VC_ISSUER, "vct": "v", "status": status_claim}
    data = jws.sign({"typ": "dc+sd-jwt", "kid": "k0"}, payload, KEY) + "~"

    assert outcome({}, data.encode())[0] is Outcome.UNDECIDED
