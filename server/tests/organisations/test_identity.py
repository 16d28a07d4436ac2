# SPDX-License-Identifier: Apache-2.0
"""The issuer's identity: fixed at the first award, served with its whole key history."""

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn.did import MAX_KEYS, DidDocument, did_web_url
from cairn.errors import MalformedError
from cairn_server.organisations import identity, key_changes, keys, services
from cairn_server.organisations.names import BadText
from cairn_server.organisations.roles import SecondFactorRequired

HTTPS = "https://cairn.example"


def fixed(organisation, public_url=HTTPS):
    answer = identity.identity(organisation, public_url=public_url, at=MONDAY)
    organisation.refresh_from_db()
    return answer


def test_under_https_it_is_a_did_web_below_the_public_address(organisation):
    did, method = fixed(organisation)

    assert did == f"did:web:cairn.example:i:{organisation.public_id}"
    assert method == f"{did}#key-1"
    assert did_web_url(did) == f"{HTTPS}/i/{organisation.public_id}/did.json"


def test_a_port_is_percent_encoded(organisation):
    """did:web, "Method-specific identifier"."""
    did, _ = fixed(organisation, "https://cairn.example:8443")

    assert did.startswith("did:web:cairn.example%3A8443:i:")


def test_without_https_it_is_the_key_itself(organisation):
    did, method = fixed(organisation, "http://127.0.0.1:8000")

    assert did == f"did:key:{keys.active_key(organisation).multikey}"
    assert method == f"{did}#{keys.active_key(organisation).multikey}"


def test_the_first_call_fixes_it(organisation):
    first = fixed(organisation)

    assert fixed(organisation, "http://127.0.0.1:8000") == first
    assert fixed(organisation, "https://moved.example") == first


def test_the_document_reads_as_ours_and_holds_the_key(organisation):
    did, method = fixed(organisation)

    document = DidDocument.read(identity.did_document(organisation), expected_id=did)

    assert document.method(method).public_key.multikey() == keys.active_key(organisation).multikey
    with pytest.raises(MalformedError):
        DidDocument.read(identity.did_document(organisation), expected_id="did:web:evil.example")


def test_a_retired_key_stays_usable_for_what_it_signed(organisation, owner):
    """S13."""
    did, old = fixed(organisation)

    key_changes.propose_replacement(organisation, by=owner, reason="yearly", at=TUESDAY)

    document = DidDocument.read(identity.did_document(organisation), expected_id=did)
    _, new = fixed(organisation)
    assert (old, new) == (f"{did}#key-1", f"{did}#key-2")
    assert document.method(old).revoked is None
    assert document.method(new).revoked is None


def test_a_compromised_key_is_marked_and_replaced(organisation, owner):
    did, old = fixed(organisation)

    key_changes.declare_compromised(
        organisation,
        by=owner,
        key=keys.active_key(organisation),
        reason="laptop stolen",
        since=TUESDAY,
        at=TUESDAY,
    )

    document = DidDocument.read(identity.did_document(organisation), expected_id=did)
    assert document.method(old).revoked == TUESDAY
    assert document.method(f"{did}#key-2").revoked is None
    assert fixed(organisation)[1] == f"{did}#key-2"


def test_a_key_is_revoked_once(organisation, owner):
    key = keys.active_key(organisation)
    key_changes.declare_compromised(organisation, by=owner, key=key, reason="x", since=TUESDAY, at=TUESDAY)

    with pytest.raises(keys.KeyAlreadyRevoked):
        key_changes.declare_compromised(
            organisation, by=owner, key=key, reason="x", since=TUESDAY, at=TUESDAY
        )


def test_a_did_key_cannot_be_rotated(organisation, owner):
    fixed(organisation, "http://127.0.0.1:8000")

    with pytest.raises(keys.IdentityIsTheKey):
        key_changes.propose_replacement(organisation, by=owner, reason="x", at=TUESDAY)


def test_a_did_key_has_a_document_too(organisation):
    did, method = fixed(organisation, "http://127.0.0.1:8000")

    document = DidDocument.read(identity.did_document(organisation), expected_id=did)
    assert document.method(method).public_key.multikey() == keys.active_key(organisation).multikey


def test_before_the_first_award_there_is_no_document(organisation):
    with pytest.raises(services.NotVisible):
        identity.did_document(organisation)


def test_two_organisations_never_share_an_identity(organisation, elsewhere):
    assert fixed(organisation)[0] != fixed(elsewhere)[0]


def test_an_organisation_has_no_more_keys_than_a_verifier_reads(organisation, owner):
    """``DidDocument.read`` refuses a longer list, and every credential with it."""
    did, _method = fixed(organisation)
    for _again in range(MAX_KEYS - 1):
        key_changes.propose_replacement(organisation, by=owner, reason="x", at=TUESDAY)
    DidDocument.read(identity.did_document(organisation), expected_id=did)

    with pytest.raises(keys.TooManyKeys):
        key_changes.propose_replacement(organisation, by=owner, reason="x", at=TUESDAY)


def test_the_last_key_of_all_can_be_declared_compromised(organisation, owner, monkeypatch):
    """Nothing can be signed then, which is better than somebody else signing."""
    monkeypatch.setattr(keys, "MAX_KEYS", 1)
    did, method = fixed(organisation)

    key_changes.declare_compromised(
        organisation, by=owner, key=keys.active_key(organisation), reason="x", since=TUESDAY, at=TUESDAY
    )

    document = DidDocument.read(identity.did_document(organisation), expected_id=did)
    assert document.method(method).revoked == TUESDAY
    with pytest.raises(keys.NoSigningKey):
        keys.active_key(organisation)


def test_a_compromised_did_key_cannot_be_withdrawn(organisation, owner):
    fixed(organisation, "http://127.0.0.1:8000")

    with pytest.raises(keys.IdentityIsTheKey):
        key_changes.declare_compromised(
            organisation, by=owner, key=keys.active_key(organisation), reason="x", since=TUESDAY, at=TUESDAY
        )


@pytest.mark.parametrize("reason", ["", " \n", "x" * 501, "a\u202eb"])
def test_a_change_of_keys_has_a_reason(organisation, owner, reason):
    with pytest.raises(BadText):
        key_changes.propose_replacement(organisation, by=owner, reason=reason, at=TUESDAY)
    with pytest.raises(BadText):
        key_changes.declare_compromised(
            organisation,
            by=owner,
            key=keys.active_key(organisation),
            reason=reason,
            since=TUESDAY,
            at=TUESDAY,
        )

    assert [key.state for key in keys.key_history(organisation)] == ["active"]


def test_keys_change_with_a_second_factor_where_one_is_asked_for(organisation, owner):
    type(organisation).objects.update(requires_second_factor=True)
    key = keys.active_key(organisation)

    with pytest.raises(SecondFactorRequired):
        key_changes.propose_replacement(organisation, by=owner, reason="x", at=TUESDAY)
    with pytest.raises(SecondFactorRequired):
        key_changes.declare_compromised(
            organisation, by=owner, key=key, reason="x", since=TUESDAY, at=TUESDAY
        )
