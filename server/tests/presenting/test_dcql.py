# SPDX-License-Identifier: Apache-2.0
"""What is asked for: read strictly, and matched as OpenID4VP 1.0, section 6 and 7, has it."""

from __future__ import annotations

import pytest

from cairn.errors import MalformedError, UnsupportedError
from cairn_server.presenting import dcql

BADGE = {
    "type": ["VerifiableCredential", "AchievementCredential"],
    "credentialSubject": {
        "id": "did:example:lena",
        "achievement": {"id": "https://a.example/1", "tag": ["kiln", "clay"], "creditsAvailable": 3},
    },
}


def asked(**changes):
    return {"id": "badge", "format": "ldp_vc", "meta": {"type_values": [[dcql.OPEN_BADGE]]}} | changes


def wanted(**changes):
    return dcql.read({"credentials": [asked(**changes)]}).credentials[0]


def test_both_names_of_a_badge_are_one_type():
    assert wanted().fits(BADGE) == ()
    assert wanted().fits({"type": ["VerifiableCredential", "OpenBadgeCredential"]}) == ()
    assert wanted().fits({"type": ["VerifiableCredential"]}) is None


@pytest.mark.parametrize(
    ("path", "values", "fits"),
    [
        (["credentialSubject", "achievement", "id"], None, True),
        (["credentialSubject", "achievement", "id"], ["https://a.example/1"], True),
        (["credentialSubject", "achievement", "id"], ["https://a.example/2"], False),
        (["credentialSubject", "achievement", "tag", None], ["clay"], True),
        (["credentialSubject", "achievement", "tag", 0], ["clay"], False),
        (["credentialSubject", "achievement", "tag", 7], None, False),
        (["credentialSubject", "achievement", "tag", "0"], None, False),
        (["credentialSubject", "achievement", "creditsAvailable"], [3], True),
        (["credentialSubject", "achievement", "creditsAvailable"], [True], False),
        (["name"], None, False),
    ],
)
def test_a_claim_is_found_by_its_path_and_compared_by_its_values(path, values, fits):
    claim = {"path": path} if values is None else {"path": path, "values": values}

    assert (wanted(claims=[claim]).fits(BADGE) is not None) is fits


def test_true_is_no_number():
    claim = {"path": ["flag"], "values": [1]}

    assert wanted(claims=[claim]).fits({**BADGE, "flag": True}) is None


def test_of_several_sets_of_claims_the_first_that_is_there_counts():
    claims = [{"id": "a", "path": ["missing"]}, {"id": "b", "path": ["type"]}]
    found = wanted(claims=claims, claim_sets=[["a"], ["b"]]).fits(BADGE)

    assert [claim.id for claim in found] == ["b"]


def test_an_sd_jwt_is_asked_for_by_its_type():
    sd_jwt = wanted(format="dc+sd-jwt", meta={"vct_values": ["https://t.example/1"]})

    assert sd_jwt.fits({"vct": "https://t.example/1"}) == ()
    assert sd_jwt.fits({"vct": "https://t.example/2"}) is None


def test_all_are_needed_unless_sets_say_what_is_enough():
    both = dcql.read({"credentials": [asked(), asked(id="other")]})
    either = dcql.read(
        {
            "credentials": [asked(), asked(id="other")],
            "credential_sets": [
                {"options": [["badge"], ["other"]]},
                {"options": [["other"]], "required": False},
            ],
        }
    )

    assert not both.is_answered_by(["badge"])
    assert both.is_answered_by(["badge", "other"])
    assert either.is_answered_by(["badge"])
    assert not either.is_answered_by([])


@pytest.mark.parametrize(
    "query",
    [
        None,
        [],
        {},
        {"credentials": []},
        {"credentials": {}},
        {"credentials": ["badge"]},
        {"credentials": [asked()] * 2},
        {"credentials": [asked(id=f"c{number}") for number in range(21)]},
        {"credentials": [asked(id="a b")]},
        {"credentials": [asked(id=None)]},
        {"credentials": [asked(format=1)]},
        {"credentials": [asked(meta=None)]},
        {"credentials": [asked(meta={})]},
        {"credentials": [asked(meta={"type_values": ["x"]})]},
        {"credentials": [asked(meta={"type_values": [[1]]})]},
        {"credentials": [asked(format="dc+sd-jwt", meta={"vct_values": []})]},
        {"credentials": [asked(multiple="yes")]},
        {"credentials": [asked(require_cryptographic_holder_binding=1)]},
        {"credentials": [asked(claims=[])]},
        {"credentials": [asked(claims=[{"path": []}])]},
        {"credentials": [asked(claims=[{"path": [-1]}])]},
        {"credentials": [asked(claims=[{"path": [True]}])]},
        {"credentials": [asked(claims=[{"path": ["a"], "values": [{}]}])]},
        {"credentials": [asked(claims=[{"id": "x", "path": ["a"]}] * 2)]},
        {"credentials": [asked(claims=[{"id": "x", "path": ["a"]}], claim_sets=[["y"]])]},
        {"credentials": [asked()], "credential_sets": [{"options": [["nobody"]]}]},
        {"credentials": [asked()], "credential_sets": [{"options": [["badge"]], "required": None}]},
        {"credentials": [asked()], "credential_sets": []},
    ],
)
def test_what_is_no_query_is_refused(query):
    with pytest.raises(MalformedError) as refused:
        dcql.read(query)

    assert refused.value.code == "dcql-malformed"


def test_what_we_cannot_honour_is_refused_and_not_skipped():
    with pytest.raises(UnsupportedError):
        wanted(trusted_authorities=[{"type": "aki", "values": ["x"]}])


def test_our_own_queries_can_be_read():
    for bound in (True, False):
        [one] = dcql.read(dcql.for_badges(achievement="https://a.example/1", bound=bound)).credentials
        assert (one.bound, one.fits(BADGE) is not None) == (bound, True)
    either = dcql.read(dcql.for_any_badge())
    assert either.is_answered_by(["badge-token"])
    assert not either.is_answered_by([])


def test_where_one_is_enough_the_first_that_is_there_is_asked_for():
    either = dcql.read(dcql.for_any_badge())
    both = dcql.read({"credentials": [asked(), asked(id="other")]})

    assert either.shortest(["badge-token"]) == ("badge-token",)
    assert either.shortest(["badge", "badge-token"]) == ("badge",)
    assert either.shortest([]) == ("badge",)
    assert both.shortest([]) == ("badge", "other")
