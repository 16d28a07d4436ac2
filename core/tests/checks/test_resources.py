# SPDX-License-Identifier: Apache-2.0
"""Digests of what a credential refers to."""

import sys
from base64 import b64encode
from hashlib import sha256, sha384, sha512

import pytest

from asking import ask, materials, sd_jwt_vc
from cairn import Outcome, Verdict, Verifier, checks
from cairn.canonical import PINNED, to_json
from cairn.canonical.published import PUBLISHED
from cairn.keys import base64url_encode, multibase_encode
from cairn.testing import NOON, FixedSources
from containing import OB, VC, badge, badge_document, presentation

FIT = (Outcome.PASSED, "ok")
UNLIKE = (Outcome.FAILED, "resource-digest")
UNSEEN = (Outcome.UNDECIDED, "resource-not-seen")

# SHA-256 of the context as the Recommendation prints it: with a multihash header, and as browsers write it.
MULTIHASH = "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA"
SRI_256 = "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ="
# What the same address answered in the summer before.
OLD = bytes.fromhex("24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9")


def look(*resources):
    return ask(checks.resources, badge(relatedResource=list(resources))).get("resources")


def of(url, **digests):
    return {"id": url, **digests}


def bytes_of(url):
    from importlib import resources

    return resources.files("cairn").joinpath("contexts", PINNED[url].file).read_bytes()


@pytest.mark.parametrize(
    "digests",
    [
        {"digestSRI": SRI_256},
        {"digestMultibase": MULTIHASH},
        {"digestSRI": SRI_256, "digestMultibase": MULTIHASH},
        {"digestSRI": f"{SRI_256}?type=application/ld+json"},
        {"digestMultibase": "u" + base64url_encode(OLD)},
        {"digestMultibase": "u" + base64url_encode(b"\x12\x20" + OLD)},
        {"digestMultibase": multibase_encode(b"\x12\x20" + sha256(bytes_of(VC)).digest())},
        {"digestMultibase": multibase_encode(b"\x20\x30" + sha384(bytes_of(VC)).digest())},
        {"digestMultibase": multibase_encode(b"\x13\x40" + sha512(bytes_of(VC)).digest())},
    ],
)
def test_every_way_of_writing_the_digest_of_a_published_text_n2(digests):
    assert look(of(VC, **digests)) == FIT


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_every_published_text_of_every_context_fits(algorithm):
    resources = [
        of(url, digestSRI=digest)
        for url, digests in PUBLISHED.items()
        for digest in digests
        if digest.startswith(algorithm)
    ]
    for resource in resources:
        assert look(resource) == FIT
    assert len(resources) >= len(PUBLISHED)


@pytest.mark.parametrize(
    "digests",
    [
        {"digestSRI": SRI_256.replace("WZ", "ZW")},
        {"digestSRI": SRI_256.replace("sha256", "sha384")},
        {"digestSRI": "md5-1B2M2Y8AsgTpgAmY7PhCfg=="},
        {"digestSRI": ""},
        {"digestSRI": f"{SRI_256} {SRI_256.replace('WZ', 'ZW')}"},
        {"digestSRI": next(iter(PUBLISHED[OB]))},
        {"digestMultibase": MULTIHASH.replace("BZ", "BY")},
        {"digestMultibase": "not multibase"},
        {"digestMultibase": "z11"},
        {"digestMultibase": "u" + base64url_encode(bytes(32))},
        {"digestMultibase": "u" + base64url_encode(b"\x12\x21" + OLD)},
        {"digestSRI": SRI_256, "digestMultibase": MULTIHASH.replace("BZ", "BY")},
    ],
)
def test_a_digest_of_no_published_text(digests):
    assert look(of(VC, **digests)) == UNLIKE


def test_what_a_link_leads_to_is_not_fetched():
    data = badge(relatedResource=[of("https://harbour.example/film", digestSRI=SRI_256)])
    sources = FixedSources({"https://harbour.example/film": b"film"})

    report = Verifier(sources).examine(data, at=NOON)

    assert sources.asked == []
    finding = report.finding("resources")
    assert (finding.outcome, finding.code) == UNSEEN
    assert finding.details["resources"] == "https://harbour.example/film"
    assert (report.accepted, report.verdict) == (True, Verdict.REMARKS)


def test_another_text_of_a_context_is_a_no():
    data = badge(relatedResource=[of(VC, digestSRI=SRI_256.replace("WZ", "ZW"))])

    report = Verifier(FixedSources()).examine(data, at=NOON)

    assert (report.accepted, report.verdict) == (False, Verdict.NOT_VERIFIED)


def test_one_wrong_digest_outweighs_the_others():
    wrong = of(VC, digestSRI=SRI_256.replace("WZ", "ZW"))

    assert look(of(OB, digestSRI=next(iter(PUBLISHED[OB]))), wrong) == UNLIKE


def test_what_fits_and_what_was_not_seen_are_both_told():
    found = checks.resources(
        materials(
            badge(relatedResource=[of(VC, digestSRI=SRI_256), of("https://x.example/", digestSRI="x")])
        ),
        NOON,
    )

    assert [(finding.outcome, finding.code) for finding in found] == [FIT, UNSEEN]
    assert [finding.decides for finding in found] == [True, False]


def test_evidence_and_pictures_may_have_a_digest_too():
    evidence = {"id": "https://x.example/log", "type": ["Evidence"], "digestMultibase": MULTIHASH}

    assert ask(checks.resources, badge(evidence=[evidence])) == {"resources": UNSEEN}


def test_a_bare_digest_may_begin_as_if_it_had_a_header(monkeypatch):
    bare = b"\x12\x20" + bytes(30)
    published = {VC: frozenset({f"sha256-{b64encode(bare).decode()}"})}
    monkeypatch.setattr(sys.modules["cairn.checks.resources"], "PUBLISHED", published)

    assert look(of(VC, digestMultibase="u" + base64url_encode(bare))) == FIT


@pytest.mark.parametrize("name", ["digestSRI", "digestMultibase"])
def test_a_digest_that_is_no_text_fits_nothing(name):
    evidence = {"id": VC, "type": ["Evidence"], name: 7}

    assert ask(checks.resources, to_json(badge_document(evidence=[evidence]))) == {"resources": UNLIKE}


def test_nothing_is_said_where_nothing_is_digested():
    assert ask(checks.resources, badge()) == {}
    assert ask(checks.resources, sd_jwt_vc(digestSRI="x")) == {}


def test_what_is_inside_is_asked_by_itself():
    data = presentation(badge(relatedResource=[of(VC, digestSRI="x")]))

    assert ask(checks.resources, data) == {}
