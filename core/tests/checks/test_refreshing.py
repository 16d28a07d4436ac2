# SPDX-License-Identifier: Apache-2.0
"""A newer copy is taken for the old one only if it is the same credential (S7)."""

import pytest

from asking import DAY, METHOD, OTHER
from cairn import Outcome, Verdict, Verifier, sign
from cairn.checks.refreshing import is_newer, refresh_url
from cairn.credential import format_datetime
from cairn.did import did_key
from cairn.proof import sd_jwt
from cairn.testing import NOON, FixedSources, demo_key, key_method
from containing import OTHER_METHOD, badge, badge_document, unsigned

URL = "https://harbour.example/refresh/1"
SERVICE = {"id": URL, "type": "1EdTechCredentialRefresh"}
CONTEXTS = [*badge_document()["@context"], "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]
LATER = format_datetime(NOON + DAY)


def refreshable(service=SERVICE, **members):
    """A badge that says where its newer copy lies; the type of such a place has a context of its own (N4)."""
    return badge(**{"@context": CONTEXTS}, refreshService=service, **members)


OLD = refreshable()
NEW = refreshable(validFrom=LATER, name="Knots, again")
AT = NOON + 2 * DAY


def refreshed(answer, data=OLD, at=AT):
    sources = FixedSources({} if answer is None else {URL: answer})
    report = Verifier(sources, refresh=True).examine(data, at=at)
    return report, sources.asked


def told(report):
    finding = report.finding("refresh")
    return finding.outcome, finding.code


def test_the_newer_copy_is_judged_in_its_place():
    report, asked = refreshed(NEW)

    assert told(report) == (Outcome.PASSED, "refreshed")
    assert report.document["name"] == "Knots, again"
    assert report.accepted
    assert asked == [URL]


def test_nobody_is_asked_unless_the_caller_wants_it():
    sources = FixedSources({URL: NEW})

    report = Verifier(sources).examine(OLD, at=AT)

    assert sources.asked == []
    assert report.finding("refresh") is None
    assert report.document["name"] == "Knots and Splices"


def test_nobody_is_asked_for_what_is_not_vouched_for():
    report, asked = refreshed(NEW, OLD.replace(b"Knots and Splices", b"Rocket Science"))

    assert asked == []
    assert report.finding("refresh") is None


def test_what_names_no_place_for_a_newer_copy_is_the_newest():
    report, asked = refreshed(NEW, badge())

    assert asked == []
    assert report.finding("refresh") is None
    assert report.verdict is Verdict.VERIFIED


def test_an_expired_badge_is_renewed():
    old = refreshable(validUntil=format_datetime(NOON + DAY))
    renewed = refreshable(validFrom=LATER)

    report, _ = refreshed(renewed, old, NOON + 3 * DAY)

    assert report.verdict is Verdict.VERIFIED


def test_the_newer_copy_counts_although_it_says_no():
    """What has run out anew has run out, however long the old copy would have been good."""
    report, _ = refreshed(badge(validFrom=LATER, validUntil=format_datetime(NOON + DAY)), at=NOON + 3 * DAY)

    assert told(report) == (Outcome.PASSED, "refreshed")
    assert report.finding("period").code == "expired"
    assert not report.accepted


def test_once_and_never_again():
    elsewhere = {"id": f"{URL}/again", "type": "1EdTechCredentialRefresh"}

    _, asked = refreshed(refreshable(elsewhere, validFrom=LATER))

    assert asked == [URL]


def test_the_same_copy_is_the_newest():
    report, _ = refreshed(OLD)

    assert told(report) == (Outcome.PASSED, "ok")
    assert report.accepted


def another(**members):
    return badge(**{"validFrom": LATER, **members})


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"not found",
        NEW.replace(b"Knots, again", b"Rocket Science"),
        unsigned(NEW),
        another(id="urn:uuid:00000000-0000-4000-8000-000000000009"),
        another(credentialSubject=badge_document()["credentialSubject"] | {"id": "did:example:other"}),
        another(validFrom=format_datetime(NOON - DAY)),
        badge(name="The same day"),
    ],
)
def test_whatever_else_is_there_leaves_the_old_copy_as_it_was_s7(answer):
    report, _ = refreshed(answer)

    assert told(report) == (Outcome.UNDECIDED, "not-refreshed")
    assert report.document["name"] == "Knots and Splices"
    assert (report.accepted, report.verdict) == (True, Verdict.REMARKS)


def test_another_issuer_cannot_take_its_place_s7():
    document = badge_document(validFrom=LATER)
    document["issuer"] = document["issuer"] | {"id": OTHER_METHOD.partition("#")[0]}
    forged = sign(document, OTHER, verification_method=OTHER_METHOD, at=NOON)

    report, _ = refreshed(forged)

    assert told(report) == (Outcome.UNDECIDED, "not-refreshed")
    assert report.document["issuer"]["id"] == METHOD.partition("#")[0]


@pytest.mark.parametrize(
    ("service", "url"),
    [
        (SERVICE, URL),
        ([{"type": "Other", "id": "https://x.example/"}, SERVICE], URL),
        ({"type": "VerifiableCredentialRefreshService2021", "id": URL}, None),
        ({"type": "1EdTechCredentialRefresh", "id": "file:///etc/passwd"}, None),
        ({"type": "1EdTechCredentialRefresh"}, None),
        ("x", None),
        ([], None),
    ],
)
def test_where_a_newer_copy_would_lie(service, url):
    assert refresh_url({"refreshService": service}) == url


def test_who_has_no_id_is_known_by_identifiers():
    def of(identifier, **members):
        return {
            "issuer": "urn:x:i",
            "id": "urn:x:1",
            "credentialSubject": {"identifier": [identifier]},
            "validFrom": "2026-11-23T12:00:00Z",
        } | members

    newer = {"validFrom": "2026-11-24T12:00:00Z"}
    assert is_newer(of("a") | newer, of("a"))
    assert not is_newer(of("b") | newer, of("a"))
    assert not is_newer(of("a"), of("a"))
    assert not is_newer(of("a", validFrom="yesterday"), of("a"))
    assert not is_newer(of("a") | newer, of("a", validFrom=7))
    assert not is_newer(of("a", credentialSubject="x") | newer, of("a"))


def test_dates_of_the_old_data_model_count_as_well():
    named = {"issuer": "urn:x:i", "id": "urn:x:c", "credentialSubject": {"id": "urn:x:s"}}
    old = {**named, "issuanceDate": "2026-11-23T12:00:00Z"}

    assert is_newer(old | {"issuanceDate": "2026-11-24T12:00:00Z"}, old)


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"issuer": "urn:i"},
        {"issuer": "urn:i", "id": "urn:c"},
        {"id": "urn:c", "credentialSubject": {"id": "urn:s"}},
    ],
)
def test_what_has_no_name_is_not_the_same_s7(kept):
    """An SD-JWT VC calls its issuer and its subject otherwise: nothing in two of them is the same."""
    older = {"validFrom": "2026-01-01T00:00:00Z", **kept}
    assert not is_newer({**older, "validFrom": LATER}, older)


def test_the_token_of_another_issuer_is_no_newer_copy():
    def token(key, **claims):
        method = key_method(key.public_key)
        claims |= {"iss": did_key(key.public_key), "vct": "urn:x"}
        header = {"typ": "dc+sd-jwt", "kid": method}
        return sd_jwt.issue(claims, key, header=header, disclose=()).encode()

    old = token(OTHER, validFrom="2026-01-01T00:00:00Z", refreshService=SERVICE, sub="urn:bob")
    report, _ = refreshed(token(demo_key(), validFrom=LATER, sub="urn:alice"), old)

    assert told(report) == (Outcome.UNDECIDED, "not-refreshed")
    assert report.document["sub"] == "urn:bob"
