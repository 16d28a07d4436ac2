# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation
from server.tests.conftest import MONDAY, PUBLIC_URL

from cairn import Achievement, AchievementSubject, OpenBadgeCredential, Profile
from cairn.credential import Criteria, IdentityObject, Image
from cairn_server.web import display
from cairn_server.web.claims import Plain


def document(*, identifiers=(), image=None, **achievement):
    made = Achievement(
        **{
            "id": "https://issuer.example/a/1",
            "name": "Glazing",
            "description": "Mixes a glaze.",
            "criteria": Criteria(narrative="Mix one."),
            "image": image,
            **achievement,
        }
    )
    return OpenBadgeCredential(
        id="https://issuer.example/c/1",
        issuer=Profile(id="did:web:issuer.example", name="Issuer"),
        subject=AchievementSubject(achievement=made, id="urn:uuid:1", identifiers=identifiers),
        name="Glazing",
        valid_from=MONDAY,
    ).to_document()


def shown(**parts) -> display.Shown:
    made = display.shown(document(**parts), public_url=PUBLIC_URL)
    assert isinstance(made, display.Shown)
    return made


def test_the_name_of_the_holder_is_shown_and_nothing_else_that_identifies():
    found = shown(
        identifiers=(
            IdentityObject(identity_type="emailAddress", identity_hash="ada@people.example"),
            IdentityObject(identity_type="name", identity_hash="sha256$00", hashed=True, salt="s"),
            IdentityObject(identity_type="name", identity_hash="Ada"),
        )
    )

    assert found.recipient == "Ada"
    assert "ada@people.example" not in repr(found)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example/x", True),
        ("http://a.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.example", False),
        ("https:///x", False),
        ("https://[", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url, kept):
    assert display.web_address(url) == (url if kept else "")  # B125


def test_only_pictures_of_our_own_are_loaded():
    assert shown(image=Image(id=f"{PUBLIC_URL}/a/x/image.png")).about.image_url == "/a/x/image.png"
    assert shown(image=Image(id="https://spy.example/x.png")).about.image_url == ""
    assert shown(image=Image(id=f"{PUBLIC_URL}.spy.example/x.png")).about.image_url == ""


def test_a_text_in_another_language_says_so():
    with translation.override("en"):
        assert shown(in_language="en-GB").about.language_note == ""
        assert "Dutch" in shown(in_language="nl").about.language_note


def test_a_language_tag_that_is_none_is_dropped():
    assert shown(in_language='en" onload="x').about.language == ""


def test_a_kind_without_a_page_of_its_own_is_shown_in_short():
    found = display.shown(
        {"id": "urn:1", "issuer": "did:web:x.example", "name": "Letter"}, public_url=PUBLIC_URL
    )

    assert isinstance(found, display.Plain)
    assert (found.id, found.name, found.issuer_id) == ("urn:1", "Letter", "did:web:x.example")


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("MicroCredential", "Micro-credential"),
        ("BachelorDegree", "Bachelor’s degree"),
        ("ext:FirstPrize", "First prize"),
        (None, ""),
    ],
)
def test_types_are_named_in_words(wire, words):
    assert display.type_name(wire) == words


def test_the_workload_is_a_fact_and_not_said_twice():
    for narrative, rest in (
        ("Mix one.\n\nWorkload: 60 hours", "<p>Mix one.</p>"),
        ("\n\nWorkload: 60 hours", ""),
    ):
        found = shown(criteria=Criteria(narrative=narrative)).about

        assert ("Workload", "60 hours") in found.facts
        assert found.criteria.strip() == rest
    assert ("Workload", "1 hour") in shown(criteria=Criteria(narrative="Workload: 1 hour")).about.facts


@pytest.mark.parametrize(
    "narrative",
    [
        "Mix one.\n\nWorkload: many hours",
        "Mix one.\n\nWorkload: 060 hours",
        "Mix one. Workload: 60 hours",
        "Mix one.\nWorkload: 60 hours",
        "Workload: 60 hours\n\nMix one.",
        "Mix one.\n\nWorkload: 60 hours\n",
    ],
)
def test_what_only_resembles_a_workload_stays_where_it_was_written(narrative):
    found = shown(criteria=Criteria(narrative=narrative)).about

    assert "Workload" not in dict(found.facts)
    assert "Workload" in found.criteria


# A badge as claims of a token


def claims(**changes):
    badge = document(identifiers=(IdentityObject(identity_type="name", identity_hash="Lena"),))
    said = {name: value for name, value in badge.items() if name not in ("@context", "type", "validFrom")}
    return {**said, "iss": "did:web:issuer.example", "vct": "https://issuer.example/vct", "nbf": AT} | changes


AT = int(MONDAY.timestamp())


def test_an_sd_jwt_vc_that_says_what_a_badge_says_is_shown_as_one():
    shown = display.shown(claims(exp=AT + 60), public_url=PUBLIC_URL)

    assert (shown.about.name, shown.recipient, shown.issuer_id) == (
        "Glazing",
        "Lena",
        "did:web:issuer.example",
    )
    assert (shown.awarded, shown.valid_until) == (MONDAY, MONDAY + timedelta(seconds=60))


def test_what_its_holder_has_kept_back_is_missed_by_nobody():
    part = claims()
    del part["id"], part["credentialSubject"]["identifier"]

    shown = display.shown(part, public_url=PUBLIC_URL)

    assert (shown.about.name, shown.recipient) == ("Glazing", "")


@pytest.mark.parametrize(
    "changes", [{"iss": "did:web:forger.example"}, {"issuer": "did:web:issuer.example"}, {"issuer": {}}]
)
def test_an_issuer_that_did_not_sign_it_is_not_shown_as_its_issuer(changes):
    """An SD-JWT VC is signed by ``iss``; what it says of an ``issuer`` is another claim of it."""
    shown = display.shown(claims(**changes), public_url=PUBLIC_URL)

    assert isinstance(shown, Plain)
