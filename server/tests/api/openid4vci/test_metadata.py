# SPDX-License-Identifier: Apache-2.0
"""Where wallets of every year look for who issues what (standards: N17)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL

from cairn.keys import base64url_decode
from cairn.proof import sd_jwt
from cairn_server.issuing import copies, invitations, offering
from cairn_server.issuing.invitations import JWT, LDP, SD_JWT
from cairn_server.issuing.services import Recipient
from cairn_server.issuing.signing import Format
from cairn_server.organisations.models import Organisation
from cairn_server.wallets.possession import holder_of

ISSUER = [
    "/.well-known/openid-credential-issuer/oid4vci/{}",
    "/oid4vci/{}/.well-known/openid-credential-issuer",
]
SERVER = [
    "/.well-known/oauth-authorization-server/oid4vci/{}",
    "/.well-known/oauth-authorization-server/oid4vci/{}/",
    "/oid4vci/{}/.well-known/oauth-authorization-server",
]


@pytest.mark.parametrize("where", ISSUER)
def test_the_issuer_is_named_byte_for_byte_as_in_the_offer(client, offered, wallet, organisation, where):
    offer = wallet.offer(offered().secret)

    found = wallet.client.get(where.format(organisation.public_id))

    metadata = found.json()
    assert offer["credential_issuer"] == metadata["credential_issuer"] == metadata["issuer"]
    assert set(offer["credential_configuration_ids"]) == set(metadata["credential_configurations_supported"])
    assert found["Access-Control-Allow-Origin"] == "*"
    assert "public" in found["Cache-Control"]


@pytest.mark.parametrize("where", SERVER)
def test_the_token_is_fetched_where_both_documents_say(wallet, organisation, where):
    server = wallet.client.get(where.format(organisation.public_id)).json()
    issuer = wallet.client.get(ISSUER[0].format(organisation.public_id)).json()

    assert issuer["token_endpoint"] == server["token_endpoint"]
    assert f"{PUBLIC_URL}/oid4vci/{organisation.public_id}" == server["issuer"]
    assert server["pre-authorized_grant_anonymous_access_supported"] is True


def test_keys_are_asked_for_with_their_proof_or_not_at_all(wallet, organisation):
    """OpenID4VCI 1.0 section 12.2.4: the two stand together."""
    found = wallet.client.get(ISSUER[0].format(organisation.public_id)).json()

    for each in found["credential_configurations_supported"].values():
        assert {"proof_types_supported", "cryptographic_binding_methods_supported"} <= set(each)


def test_a_wallet_is_told_what_people_call_what_is_in_it(wallet, award):
    """Held against what is signed: every path is there in each form, and what is mandatory always is."""
    credential = award(
        narrative="Fired it.", grade="A", evidence_url="https://portfolio.example/1",
        valid_until=MONDAY + timedelta(days=1),
    )  # fmt: skip
    plain, holder = award(recipient=Recipient("Noor", "noor@else.example")), holder_of(wallet.did)
    found = wallet.client.get(ISSUER[0].format(credential.organisation.public_id)).json()

    for name, format in ((LDP, Format.JSON), (JWT, Format.JWT), (SD_JWT, Format.SD_JWT)):
        told = found["credential_configurations_supported"][name]["credential_metadata"]["claims"]
        full, least = (
            content(copies.copy_for(each, holder, format=format, at=MONDAY)) for each in (credential, plain)
        )
        lacking = {tuple(each["path"]) for each in told if at(full, each["path"]) is None}
        assert lacking <= {("credentialSubject", "licenseNumber"), ("credentialSubject", "identifier")}
        assert [each["path"] for each in told if each.get("mandatory")] == [
            ["credentialSubject", "achievement", "name"],
            ["credentialSubject", "achievement", "description"],
            ["issuer", "name"],
        ]
        assert all(at(least, each["path"]) for each in told if each.get("mandatory"))
        for each in told:
            words = {shown["locale"]: shown["name"] for shown in each["display"]}
            assert list(words) == ["en", "ar", "de", "es", "fr", "nl"]
            assert len(set(words.values())) > 1, "it is not translated"


def content(secured):
    if secured.startswith(b"{"):
        return json.loads(secured)
    text = secured.decode()
    return sd_jwt.read(text).payload if "~" in text else json.loads(base64url_decode(text.split(".")[1]))


def at(value, path):
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


@pytest.mark.parametrize(("colour", "words"), [("#1f5a78", "#ffffff"), ("#ffd54a", "#000000")])
def test_the_card_in_a_wallet_has_the_issuers_colour_and_words_that_can_be_read_on_it(
    wallet, organisation, colour, words
):
    Organisation.objects.update(certificate_colour=colour)

    found = wallet.client.get(ISSUER[0].format(organisation.public_id)).json()

    for each in found["credential_configurations_supported"].values():
        shown = each["credential_metadata"]["display"]
        assert {(one["background_color"], one["text_color"]) for one in shown} == {(colour, words)}
        assert [one["locale"] for one in shown] == ["en", "ar", "de", "es", "fr", "nl"]
        assert shown[2]["name"] == f"Open Badge · {organisation.name}"
        assert len({one["description"] for one in shown}) == 6


@pytest.mark.parametrize("where", [*ISSUER, *SERVER])
def test_there_is_none_of_an_organisation_that_is_not_there(wallet, db, where):
    assert wallet.client.get(where.format("A" * 22)).status_code == 404


def test_both_spellings_of_a_protocol_have_the_same_bytes(offered):
    there = offered()

    found = invitations.protocols(there.offer, there.secret, PUBLIC_URL)

    assert found["OID4VCI"] == found["oid4vci-1.0"]


def test_no_link_has_the_transaction_code_in_it(offered):
    """B148: it is read elsewhere and typed in."""
    there = offered()

    links = [
        *invitations.protocols(there.offer, there.secret, PUBLIC_URL).values(),
        invitations.by_value(there.offer, there.secret, PUBLIC_URL),
        invitations.dcc_request(there.offer, there.secret, PUBLIC_URL),
    ]

    assert not [link for link in links if offering.transaction_code_of(there.secret) in link]
