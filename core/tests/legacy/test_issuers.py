# SPDX-License-Identifier: Apache-2.0
"""Where an issuer lets its badges be hosted (Open Badges 2.0, Profile.verification)."""

import pytest
from old_badges import ASSERTION, HOST, ISSUER, assertion, badge, codes, examine, issuer, world

from cairn.canonical import to_json


def outcome(address, **verification):
    sent = assertion(id=address)
    profile = issuer(verification=verification) if verification else issuer()
    answers = {**world(issuer=profile), address: to_json(sent)}
    return codes(examine(sent, answers))["issuer"]


@pytest.mark.parametrize(
    ("address", "rules"),
    [
        (f"{HOST}/anywhere", {}),
        (f"{HOST}/a/7", {"startsWith": f"{HOST}/a/"}),
        (f"{HOST}/a/7", {"startsWith": [f"{HOST}/b/", f"{HOST}/a/"]}),
        (f"{HOST}/a/7", {"startsWith": f"{HOST}/a"}),
        (f"{HOST}/a?id=7", {"startsWith": f"{HOST}/a?id="}),
        (f"{HOST}/a/7", {"startsWith": f"{HOST}/a/7"}),
        ("https://badges.example/7", {"allowedOrigins": "badges.example"}),
        ("https://badges.example/7", {"allowedOrigins": ["school.example", "Badges.Example"]}),
        ("https://badges.example/7", {"allowedOrigins": "https://badges.example/"}),
        (
            "https://badges.example/a/7",
            {"allowedOrigins": "badges.example", "startsWith": "https://badges.example/a/"},
        ),
    ],
)
def test_pages_that_speak_for_the_issuer(address, rules):
    assert outcome(address, **rules) == ("passed", "hosted")


@pytest.mark.parametrize(
    ("address", "rules"),
    [
        ("https://badges.example/7", {}),
        ("https://school.example.evil.example/7", {}),
        ("https://school.example:8443/7", {}),
        (f"{HOST}/b/7", {"startsWith": f"{HOST}/a/"}),
        (f"{HOST}/b/7", {"startsWith": [7, None]}),
        (f"{HOST}/~alice/7", {"startsWith": f"{HOST}/~al"}),
        (f"{HOST}/b/7", {"startsWith": []}),
        # A prefix narrows and never widens: it is text, and text knows no end of a host.
        ("https://school.example.evil.example/7", {"startsWith": "https://school.example"}),
        ("https://evil.example/7", {"startsWith": "https://evil.example/"}),
        (f"{HOST}/7", {"allowedOrigins": "badges.example"}),
        ("https://evil.example/7", {"allowedOrigins": ["example", ".example", "*"]}),
        ("http://badges.example/7", {"allowedOrigins": "badges.example"}),
    ],
)
def test_pages_that_do_not(address, rules):
    assert outcome(address, **rules) == ("failed", "hosted-scope")


def test_an_issuer_in_the_badge_is_looked_up_all_the_same():
    report = examine(assertion(), world(badge=badge(issuer=issuer(name="Somebody else"))))

    assert report.document["badge"]["issuer"]["name"] == "Harbour School"


def test_an_issuer_named_by_a_fragment_of_its_page_is_asked_for_the_page():
    named = f"{ISSUER}#me"
    answers = world(badge=badge(issuer=named), issuer=issuer(id=named))

    assert codes(examine(assertion(), answers))["issuer"] == ("passed", "hosted")


def test_rules_of_another_kind_are_no_rules():
    answers = world(issuer=issuer(verification="anything"))

    assert codes(examine(assertion(), answers))["issuer"] == ("passed", "hosted")


def test_a_badge_without_an_address_in_the_page_is_the_pages():
    inside = badge(id="urn:uuid:0b7cbbbe-9c73-4b02-a0f5-2a64e3f5c1c7")

    report = examine(assertion(badge=inside), world(assertion=assertion(badge=inside), badge=...))

    assert codes(report)["signature"] == ("passed", "hosted")
    assert report.document["id"] == ASSERTION
