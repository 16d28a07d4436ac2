# SPDX-License-Identifier: Apache-2.0
"""From the files of a caller to the questions that are asked."""

import json

import pytest

from asking import KEY, OTHER, WEB, WEB_URL, endorsement, signed
from cairn import Verdict, Verifier, checks, choosing
from cairn.did import did_key
from cairn.errors import MalformedError, VerificationError
from cairn.schemas import SchemaStore
from cairn.testing import NOON, FixedSources, did_document, sample_credential, signed_sample
from cairn.trust_list import Listing, TrustList, UnopenedList

ISSUER = did_key(KEY.public_key)
BOARD = did_key(OTHER.public_key)


def signed_list(issuer=BOARD, key=OTHER, method=None, **members):
    document = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "type": ["VerifiableCredential"],
        "name": "Schools",
        "issuer": {"id": issuer, "type": ["Profile"], "name": "Harbour Board"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": [{"id": ISSUER, "type": ["Profile"], "name": "Harbour School"}],
        **members,
    }
    return signed(document, key, method or f"{issuer}#{key.public_key.multikey()}")


def opened(data, answers=None):
    return choosing.trust_list(data, FixedSources(answers), at=NOON, name="schools.json")


def asked(**chosen):
    return Verifier(FixedSources(), choosing.checks(**chosen)).examine(signed_sample(), at=NOON)


def test_an_unsigned_list_is_the_callers_word():
    assert opened(json.dumps([ISSUER]).encode()) == TrustList("schools.json", {ISSUER: Listing()})


def test_a_signed_list_is_verified_first():
    found = opened(signed_list())

    assert (found.name, found.publisher_id) == ("Schools", BOARD)
    assert found.issuers == {ISSUER: Listing("Harbour School")}


def test_a_list_whose_publisher_cannot_be_asked_stays_closed():
    data = signed_list(WEB, method=f"{WEB}#key-1")

    closed = opened(data)
    assert isinstance(closed, UnopenedList)
    assert (closed.name, closed.code) == ("schools.json", "unreachable")
    assert opened(data, {WEB_URL: did_document(WEB, OTHER.public_key)}).publisher_id == WEB


@pytest.mark.parametrize(
    "data",
    [
        signed_list().replace(b"Harbour School", b"Harbor School"),
        signed_list(validUntil="2026-02-01T00:00:00Z"),
        signed_list(BOARD, KEY),
    ],
)
def test_a_list_that_was_altered_or_is_out_of_date_is_a_mistake(data):
    with pytest.raises(VerificationError):
        opened(data)


def test_what_is_no_list_is_a_mistake():
    with pytest.raises(MalformedError):
        opened(b"{}")
    with pytest.raises(MalformedError, match="trust-list"):
        opened(endorsement(ISSUER))


def test_only_what_was_chosen_is_asked():
    assert choosing.checks() == checks.DEFAULT_CHECKS
    assert {each.check for each in asked().findings}.isdisjoint({"trust", "entitlement", "domain", "holder"})


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"lists": [TrustList("Schools", {})]}, {"trust", "entitlement"}),
        ({"endorsements": [endorsement(ISSUER)]}, {"entitlement"}),
        ({"ask_domain": True}, {"domain"}),
        ({"holder": "ann@example.com"}, {"holder"}),
    ],
)
def test_each_choice_is_told_beside_the_rest(chosen, told):
    usual = {each.check for each in asked().findings}

    assert {each.check for each in asked(**chosen).findings} - usual == told


def test_endorsements_are_looked_at_by_both_questions():
    board = TrustList("Boards", {BOARD: Listing(accredits=True)})
    report = asked(lists=[board], endorsements=[endorsement(ISSUER)])

    assert report.finding("trust").details["accredited_by"] == BOARD


def test_the_callers_schemas_take_the_place_of_none():
    url = "https://harbour.example/schema.json"
    document = sample_credential().to_document()
    document["@context"].append("https://purl.imsglobal.org/spec/ob/v3p0/extensions.json")
    document["credentialSchema"] = [{"id": url, "type": "1EdTechJsonSchemaValidator2019"}]
    store = SchemaStore.of_files({"s.json": json.dumps({"$id": url}).encode()})

    def verdict(**chosen):
        return Verifier(FixedSources(), choosing.checks(**chosen)).examine(signed(document), at=NOON).verdict

    assert verdict() is Verdict.REMARKS
    assert verdict(schemas=store) is Verdict.VERIFIED
