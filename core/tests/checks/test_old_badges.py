# SPDX-License-Identifier: Apache-2.0
"""Old badges down the same corridor: every carrier, the caller's own checks, and what is kept."""

import struct
import zlib

import pytest
from blockchain import certificate_2, certificate_3
from blockchain import issuer as chain_issuer
from old_badges import (
    ASSERTION,
    EMAIL,
    HOST,
    ISSUER,
    PNG_HEADER,
    assertion,
    badge,
    codes,
    examine,
    issuer,
    signed_assertion,
    token,
    world,
)

from cairn import checks
from cairn.canonical import to_json
from cairn.checks import DEFAULT_CHECKS, issued_by, old_badges
from cairn.errors import VerificationError
from cairn.legacy import ADDRESS, FORMATS
from cairn.materials import Materials, gather
from cairn.reading import read
from cairn.testing import NOON, FixedSources, signed_sample
from cairn.verifier import Verdict, Verifier, judge


def chunk(kind, body=b""):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(text, kind=b"iTXt"):
    keyword = b"openbadges\0" + (b"\0\0\0\0" if kind == b"iTXt" else b"")
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
    return PNG_HEADER + header + chunk(kind, keyword + text) + pixels + chunk(b"IEND")


def svg(verify, content=""):
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="http://openbadges.org" viewBox="0 0 1 1">'
        f'<openbadges:assertion verify="{verify}">{content}</openbadges:assertion></svg>'
    ).encode()


@pytest.mark.parametrize(
    ("picture", "carrier"),
    [
        (png(to_json(assertion())), "png"),
        (png(ASSERTION.encode()), "png"),
        (png(ASSERTION.encode(), b"tEXt"), "png"),
        (png(token(signed_assertion())), "png"),
        (svg(ASSERTION), "svg"),
        (svg(ASSERTION, f"<![CDATA[{to_json(assertion()).decode()}]]>"), "svg"),
        (svg(token(signed_assertion()).decode()), "svg"),
    ],
    ids=["json", "address", "old address", "token", "svg address", "svg address and badge", "svg token"],
)
def test_pictures_of_the_time_are_read_and_judged(picture, carrier):
    report = Verifier(FixedSources(world())).examine(picture, at=NOON)

    assert report.carrier == carrier
    assert report.verdict is Verdict.REMARKS
    assert report.document["badge"]["name"] == "Knots"


def test_an_address_in_a_picture_is_asked_and_its_page_is_shown():
    materials = gather(read(png(ASSERTION.encode())), FixedSources(world()), at=NOON)
    report = judge(materials, at=NOON)

    assert report.format == ADDRESS
    assert report.kind == "hosted Open Badge"
    assert codes(report)["signature"] == ("passed", "hosted")
    assert judge(Materials.from_json(materials.to_json()), at=NOON) == report


def test_an_address_whose_page_is_about_another_address_is_not_believed():
    """Or any page of the issuer's, a copy in an archive, a test, could be shown for the badge."""
    elsewhere = f"{HOST}/archive/7"
    answers = {**world(), elsewhere: to_json(assertion())}

    report = Verifier(FixedSources(answers)).examine(png(elsewhere.encode()), at=NOON)

    assert codes(report)["signature"] == ("failed", "hosted-differs")


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ({"assertion": ...}, ("undecided", "unreachable")),
        ({"assertion": b"<html>"}, ("undecided", "hosted-page")),
        ({"assertion": {"id": ASSERTION, "revoked": True}}, ("undecided", "hosted-revoked")),
        ({"assertion": to_json(assertion(issuedOn=...))}, ("failed", "structure")),
    ],
)
def test_of_an_address_only_its_page_can_have_required_fields(pages, found):
    report = Verifier(FixedSources(world(**pages))).examine(png(ASSERTION.encode()), at=NOON)

    assert codes(report)["structure"] == found


def test_an_address_that_wants_a_signature_is_not_believed_without_one():
    hosted = assertion(verification={"type": "SignedBadge", "creator": f"{HOST}/keys/1"})

    report = Verifier(FixedSources(world(assertion=hosted))).examine(png(ASSERTION.encode()), at=NOON)

    assert codes(report)["signature"] == ("failed", "no-proof")


def test_open_badges_0_5_from_a_picture():
    """Everything is in one object, and the origin in it has to be that of the address."""
    old = {
        "recipient": EMAIL,
        "issued_on": "2012-03-04",
        "badge": {
            "name": "Knots",
            "criteria": "/knots",
            "issuer": {"origin": HOST, "name": "Harbour School"},
        },
    }
    picture = png(ASSERTION.encode(), b"tEXt")

    report = Verifier(FixedSources({ASSERTION: to_json(old)})).examine(picture, at=NOON)
    elsewhere = {**old, "badge": {**old["badge"], "issuer": {"origin": "https://evil.example", "name": "H"}}}
    stranger = Verifier(FixedSources({ASSERTION: to_json(elsewhere)})).examine(picture, at=NOON)

    assert report.verdict is Verdict.REMARKS
    assert report.document["badge"]["issuer"]["name"] == "Harbour School"
    assert codes(report)["issuer"] == ("passed", "hosted")
    assert codes(stranger)["issuer"] == ("failed", "hosted-scope")


def test_trust_is_asked_of_the_issuer_that_the_pages_lead_to():
    known = [*DEFAULT_CHECKS, issued_by({ISSUER}, "our list")]
    unknown = [*DEFAULT_CHECKS, issued_by({"https://other.example"}, "our list")]

    assert codes(examine(assertion(), world(), checks=known))["trust"] == ("passed", "ok")
    report = examine(assertion(), world(), checks=unknown)
    assert codes(report)["trust"] == ("failed", "unrecognised-issuer")
    assert report.verdict is Verdict.REMARKS
    assert codes(examine(token(signed_assertion()), world(), checks=known))["trust"] == ("passed", "ok")
    certificate, _ = certificate_2()
    anchored = gather(read(to_json(certificate)), FixedSources({ISSUER: to_json(chain_issuer())}), at=NOON)
    assert anchored.unverified_issuer == ISSUER


def test_who_issued_it_is_nobody_as_long_as_no_page_says_so():
    materials = gather(read(to_json(assertion())), FixedSources({}), at=NOON)

    assert materials.unverified_issuer is None


@pytest.mark.parametrize(
    "sent", [to_json(assertion(id="urn:uuid:1")), to_json(assertion()), token(signed_assertion())]
)
def test_verify_raises_when_nobody_vouches(sent):
    with pytest.raises(VerificationError):
        Verifier(FixedSources({})).verify(sent, at=NOON)


def test_what_verify_returns_is_what_is_vouched_for():
    verified = Verifier(FixedSources(world())).verify(to_json(assertion(badge=badge())), at=NOON)

    assert verified.document["badge"]["issuer"]["name"] == "Harbour School"


def test_the_kinds_of_old_badges_are_told():
    for sent, kind, format in (
        (to_json(assertion()), "Open Badges 2.0", "openbadges-2"),
        (to_json(certificate_2()[0]), "Blockcerts 2 certificate", "blockcerts-2"),
        (to_json(certificate_3()[0]), "Blockcerts 3 certificate", "vc+ld+json"),
        (token(signed_assertion()), "Open Badges 2.0", "openbadges-2"),
    ):
        unverified = read(sent)
        assert unverified.unverified_kind == kind
        assert unverified.format == format
        assert unverified.unverified_claims == {}


def test_credentials_of_today_are_left_to_others():
    materials = gather(read(signed_sample()), FixedSources(), at=NOON)

    assert old_badges.case_of(materials) is None
    assert not old_badges.is_old(materials.credential)
    assert old_badges.holder_document(materials) is materials.credential.unverified_document
    assert materials.credential.format not in FORMATS


def test_each_check_can_be_asked_alone():
    materials = gather(read(to_json(assertion())), FixedSources(world()), at=NOON)

    for check in (checks.structure, checks.proof, checks.status, checks.period):
        assert {finding.outcome.value for finding in check(materials, NOON)} <= {"passed", "undecided"}


def test_dates_on_a_page_that_did_not_answer_are_no_dates():
    materials = gather(read(png(ASSERTION.encode())), FixedSources({}), at=NOON)

    [found] = checks.period(materials, NOON)

    assert (found.outcome.value, found.code) == ("undecided", "no-dates")


def test_one_page_of_the_issuer_may_hold_a_picture():
    """Old pages have their pictures inside, so more is read of them than of a document with keys."""
    heavy = issuer(image="data:image/png;base64," + "A" * 600_000)

    assert examine(assertion(), world(issuer=heavy)).verdict is Verdict.REMARKS


def test_an_address_whose_page_says_no_address_is_not_believed():
    """From 1.0 on a badge says where it is kept; only those before it could not."""
    nowhere = assertion(id="urn:uuid:1")

    report = Verifier(FixedSources(world(assertion=nowhere))).examine(png(ASSERTION.encode()), at=NOON)

    assert codes(report)["signature"] == ("failed", "hosted-differs")


def test_the_page_has_the_required_fields_and_the_file_need_not():
    sent = assertion(issuedOn=...)

    report = examine(sent, world())

    assert codes(report)["structure"] == ("passed", "ok")
    assert codes(report)["signature"] == ("passed", "hosted")
    assert codes(examine(sent, {}))["structure"] == ("failed", "structure")


def test_blockcerts_3_say_themselves_who_issued_them():
    materials = gather(read(to_json(certificate_3()[0])), FixedSources({}), at=NOON)

    assert materials.unverified_issuer == ISSUER
