# SPDX-License-Identifier: Apache-2.0
"""Where wallets of every year look for who issues what (standards: N17)."""

from __future__ import annotations

import pytest
from server.tests.conftest import PUBLIC_URL

from cairn_server.issuing import invitations, offering

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
