# SPDX-License-Identifier: Apache-2.0
"""The domain that an issuer claims has to claim the issuer, too."""

from datetime import timedelta

import pytest

from asking import KEY, METHOD, OTHER, WEB, WEB_URL, domain_linkage, signed
from cairn import Verdict, Verifier
from cairn.canonical import parse_json, to_json
from cairn.checks import DEFAULT_CHECKS, domain_control
from cairn.checks.domain import MAX_LINKS
from cairn.checks.finding import asked_by
from cairn.did import did_key
from cairn.materials import gather
from cairn.proof import Outcome, data_integrity, jws, sd_jwt
from cairn.reading import read
from cairn.testing import NOON, FixedSources, did_document, key_method, sample_credential, signed_sample

ISSUER = did_key(KEY.public_key)
BOARD = did_key(OTHER.public_key)
CONFIGURATION = "https://school.example/.well-known/did-configuration.json"
CONTEXT = "https://identity.foundation/.well-known/did-configuration/v1"
YEAR = timedelta(days=365)


def badge(url="https://school.example/about?x=1"):
    document = sample_credential().to_document()
    if url is not None:
        document["issuer"]["url"] = url
    return signed(document)


def linkage_token(issuer=ISSUER, key=KEY, origin="https://school.example", **claims):
    """The same as a token (§5.2)."""
    document = {
        "@context": ["https://www.w3.org/2018/credentials/v1", CONTEXT],
        "issuer": issuer,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "type": ["VerifiableCredential", "DomainLinkageCredential"],
        "credentialSubject": {"id": issuer, "origin": origin},
    }
    times = {"nbf": 1_767_225_600, "exp": 1_798_761_600}
    payload = {"iss": issuer, "sub": issuer, **times, "vc": document, **claims}
    payload = {name: value for name, value in payload.items() if value is not ...}
    return jws.sign({"typ": "JWT", "kid": key_method(key.public_key)}, payload, key)


def jcs_linkage(*contexts):
    """A linkage whose signature covers bytes, whatever the contexts make of them."""
    document = domain_linkage() | {"@context": list(contexts)}
    del document["proof"]
    return data_integrity.sign(
        document, KEY, verification_method=METHOD, created=NOON, cryptosuite="eddsa-jcs-2022"
    )


def configuration(*linked):
    return {CONFIGURATION: to_json({"@context": CONTEXT, "linked_dids": list(linked)})}


def domain(answers=None, data=None, at=NOON):
    sources = FixedSources(answers or {})
    materials = gather(read(data or badge()), sources, at=at, also=asked_by([domain_control]))
    (found,) = domain_control(materials, at)
    return found


def answer(*arguments, **named):
    found = domain(*arguments, **named)
    return found.outcome, found.code


def test_an_identifier_on_a_domain_needs_no_more():
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")
    found = domain({WEB_URL: did_document(WEB, KEY.public_key)}, data)

    assert (found.outcome, found.code) == (Outcome.PASSED, "ok")
    assert found.details == {"issuer": WEB, "domain": "harbour.example", "by": "identifier"}


def test_another_web_site_in_the_profile_is_told_beside_the_domain():
    document = sample_credential(issuer=WEB).to_document()
    document["issuer"]["url"] = "https://www.school.example"

    found = domain(data=signed(document))

    assert found.outcome is Outcome.PASSED
    assert (found.details["domain"], found.details["claimed"]) == ("harbour.example", "www.school.example")


@pytest.mark.parametrize("url", [None, "http://school.example", "not an address", 7])
def test_who_claims_no_domain_has_none(url):
    assert answer(data=badge(url)) == (Outcome.UNDECIDED, "domain-not-claimed")


def test_an_issuer_that_is_only_an_id_claims_nothing():
    document = sample_credential().to_document() | {"issuer": ISSUER}

    assert answer(data=signed(document)) == (Outcome.UNDECIDED, "domain-not-claimed")


@pytest.mark.parametrize("make", [domain_linkage, linkage_token])
def test_a_domain_that_links_to_the_issuer_vouches_for_it(make):
    other = make(issuer=BOARD, key=OTHER)
    found = domain(configuration(other, make()))

    assert (found.outcome, found.code) == (Outcome.PASSED, "ok")
    assert found.details == {"issuer": ISSUER, "domain": "school.example"}


def test_a_token_of_today_ends_with_its_claim_or_its_date():
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2", CONTEXT],
        "issuer": ISSUER,
        "type": ["VerifiableCredential", "DomainLinkageCredential"],
        "credentialSubject": {"id": ISSUER, "origin": "https://school.example"},
    }
    for end, expected in (
        ({"exp": 1_798_761_600}, (Outcome.PASSED, "ok")),
        ({"validUntil": "2027-01-01T00:00:00Z"}, (Outcome.PASSED, "ok")),
        ({}, (Outcome.FAILED, "domain-linkage")),
    ):
        token = jws.sign({"typ": "vc+jwt", "kid": METHOD}, document | end, KEY)
        assert answer(configuration(token)) == expected


@pytest.mark.parametrize("origin", ["https://school.example/", "https://School.example", "school.example"])
def test_an_origin_has_several_spellings(origin):
    assert answer(configuration(linkage_token(origin=origin))) == (Outcome.PASSED, "ok")


def test_a_domain_that_does_not_know_the_issuer_is_a_no():
    expected = (Outcome.FAILED, "domain-not-linked")

    assert answer(configuration()) == expected
    assert answer(configuration(domain_linkage(key=OTHER))) == expected
    assert answer(configuration("not a token", {"no": "credential"})) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        domain_linkage("https://other.example"),
        domain_linkage("https://school.example.evil.example"),
        domain_linkage("https://school.example:8443"),
        linkage_token(origin=None),
        domain_linkage(["https://school.example", "https://other.example"]),
        domain_linkage(subject=BOARD),
        domain_linkage(type=["VerifiableCredential"]),
        domain_linkage(expirationDate=...),
        domain_linkage(expirationDate="2026-11-01T00:00:00Z"),
        domain_linkage(issuanceDate="2026-12-01T00:00:00Z"),
        domain_linkage(issuer=ISSUER, key=OTHER),
        domain_linkage() | {"credentialSubject": ["x"]},
        linkage_token(origin="other.example"),
        linkage_token(exp=...),
        linkage_token(exp=1_700_000_000),
        linkage_token(key=OTHER),
        linkage_token(sub=BOARD),
        domain_linkage() | {"issuanceDate": "2026-01-02T00:00:00Z"},
    ],
)
def test_a_linkage_that_does_not_hold_is_a_no(wrong):
    assert answer(configuration(wrong)) == (Outcome.FAILED, "domain-linkage")


def test_a_linkage_that_cannot_be_checked_is_a_doubt():
    unknown = domain_linkage()
    unknown["proof"]["cryptosuite"] = "tomorrow-2030"
    strange = jcs_linkage("https://www.w3.org/2018/credentials/v1", "https://harbour.example/context")

    assert answer(configuration(unknown)) == (Outcome.UNDECIDED, "domain-linkage")
    assert answer(configuration(strange)) == (Outcome.UNDECIDED, "domain-linkage")  # B73
    assert answer(configuration(unknown, domain_linkage())) == (Outcome.PASSED, "ok")
    assert answer(configuration(unknown, domain_linkage(type=["VerifiableCredential"])))[0] is Outcome.FAILED


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html>",
        b"{}",
        to_json({"linked_dids": "x"}),
        to_json({"linked_dids": [7]}),
        to_json({"linked_dids": ["x"] * 17}),
    ],
)
def test_another_page_where_the_configuration_should_be_is_a_doubt_b97(body):
    assert answer({CONFIGURATION: body}) == (Outcome.UNDECIDED, "domain-configuration")


def test_a_domain_that_does_not_answer_is_a_doubt():
    found = domain()

    assert (found.outcome, found.code) == (Outcome.UNDECIDED, "unreachable")
    assert "school.example" in found.message


def test_the_domain_is_asked_only_for_who_chose_to_ask():
    unasked, asked, known = FixedSources(), FixedSources(), FixedSources()
    materials = gather(read(badge()), unasked, at=NOON)
    gather(read(badge()), asked, at=NOON, also=asked_by([domain_control]))
    on_web = read(signed_sample(sample_credential(issuer=WEB)))
    gather(on_web, known, at=NOON, also=asked_by([domain_control]))

    assert unasked.asked == []
    assert domain_control(materials, NOON)[0].code == "not-gathered"
    assert asked.asked == [CONFIGURATION]
    assert known.asked == [WEB_URL]


def test_kept_materials_hold_what_the_domain_said():
    sources = FixedSources(configuration(domain_linkage()))
    materials = gather(read(badge()), sources, at=NOON, also=asked_by([domain_control]))
    again = type(materials).from_json(materials.to_json())

    assert domain_control(again, NOON) == domain_control(materials, NOON)
    assert domain_control(again, NOON + 2 * YEAR)[0].outcome is Outcome.FAILED
    assert parse_json(materials.to_json())["resources"].keys() == {CONFIGURATION}


def test_a_domain_that_denies_the_issuer_is_a_remark_and_no_acceptance():
    sources = FixedSources(configuration())
    report = Verifier(sources, (*DEFAULT_CHECKS, domain_control)).examine(badge(), at=NOON)

    assert report.finding("domain").outcome is Outcome.FAILED
    assert report.verdict is Verdict.REMARKS  # the signature is what it is
    assert not report.accepted


def test_no_domain_is_told_from_under_a_broken_signature():
    altered = badge().replace(b"Splices", b"Spices")
    sources = FixedSources(configuration(domain_linkage()))
    report = Verifier(sources, (*DEFAULT_CHECKS, domain_control)).examine(altered, at=NOON)

    assert report.finding("domain").code == "not-vouched-for"
    assert "school.example" not in report.finding("domain").message


def test_a_domain_may_know_so_many_issuers():
    others = ["not a token"] * (MAX_LINKS - 1)

    assert answer(configuration(*others, domain_linkage())) == (Outcome.PASSED, "ok")
    assert answer(configuration("x", *others, domain_linkage())) == (
        Outcome.UNDECIDED,
        "domain-configuration",
    )


def test_a_linkage_in_a_token_of_another_kind_links_nothing():
    """Nobody judges the dates that an SD-JWT VC has beside its claims: such a linkage would never end."""
    expired = {name: value for name, value in domain_linkage().items() if name != "proof"}
    expired |= {"expirationDate": "2026-01-02T00:00:00Z", "iss": ISSUER, "vct": "urn:x"}
    token = sd_jwt.issue(expired, KEY, header={"typ": "dc+sd-jwt", "kid": METHOD}, disclose=())

    assert answer(configuration(token)) == (Outcome.FAILED, "domain-not-linked")
