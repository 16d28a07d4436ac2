# SPDX-License-Identifier: Apache-2.0
"""The issuer's identity: fixed at the first award, served with its whole key history."""

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn.did import DidDocument, did_web_url
from cairn.errors import MalformedError
from cairn_server.organisations import keys, services

HTTPS = "https://cairn.example"


def identity(organisation, public_url=HTTPS):
    answer = services.identity(organisation, public_url=public_url, at=MONDAY)
    organisation.refresh_from_db()
    return answer


def test_under_https_it_is_a_did_web_below_the_public_address(organisation):
    did, method = identity(organisation)

    assert did == f"did:web:cairn.example:i:{organisation.public_id}"
    assert method == f"{did}#key-1"
    assert did_web_url(did) == f"{HTTPS}/i/{organisation.public_id}/did.json"


def test_a_port_is_percent_encoded(organisation):
    """did:web, "Method-specific identifier"."""
    did, _ = identity(organisation, "https://cairn.example:8443")

    assert did.startswith("did:web:cairn.example%3A8443:i:")


def test_without_https_it_is_the_key_itself(organisation):
    did, method = identity(organisation, "http://127.0.0.1:8000")

    assert did == f"did:key:{keys.active_key(organisation).multikey}"
    assert method == f"{did}#{keys.active_key(organisation).multikey}"


def test_the_first_call_fixes_it(organisation):
    first = identity(organisation)

    assert identity(organisation, "http://127.0.0.1:8000") == first
    assert identity(organisation, "https://moved.example") == first


def test_the_document_reads_as_ours_and_holds_the_key(organisation):
    did, method = identity(organisation)

    document = DidDocument.read(services.did_document(organisation), expected_id=did)

    assert document.method(method).public_key.multikey() == keys.active_key(organisation).multikey
    with pytest.raises(MalformedError):
        DidDocument.read(services.did_document(organisation), expected_id="did:web:evil.example")


def test_a_retired_key_stays_usable_for_what_it_signed(organisation, owner):
    """security.md section 7, point 4; S13."""
    did, old = identity(organisation)

    services.rotate_key(organisation, by=owner, reason="yearly", at=TUESDAY)

    document = DidDocument.read(services.did_document(organisation), expected_id=did)
    _, new = identity(organisation)
    assert (old, new) == (f"{did}#key-1", f"{did}#key-2")
    assert document.method(old).revoked is None
    assert document.method(new).revoked is None


def test_a_compromised_key_is_marked_and_replaced(organisation, owner):
    did, old = identity(organisation)

    services.revoke_key(
        organisation, by=owner, key=keys.active_key(organisation), reason="laptop stolen", at=TUESDAY
    )

    document = DidDocument.read(services.did_document(organisation), expected_id=did)
    assert document.method(old).revoked == TUESDAY
    assert document.method(f"{did}#key-2").revoked is None
    assert identity(organisation)[1] == f"{did}#key-2"


def test_a_key_is_revoked_once(organisation, owner):
    key = keys.active_key(organisation)
    services.revoke_key(organisation, by=owner, key=key, reason="x", at=TUESDAY)

    with pytest.raises(keys.KeyAlreadyRevoked):
        services.revoke_key(organisation, by=owner, key=key, reason="x", at=TUESDAY)


def test_a_did_key_cannot_be_rotated(organisation, owner):
    identity(organisation, "http://127.0.0.1:8000")

    with pytest.raises(keys.IdentityIsTheKey):
        services.rotate_key(organisation, by=owner, reason="x", at=TUESDAY)


def test_a_did_key_has_a_document_too(organisation):
    did, method = identity(organisation, "http://127.0.0.1:8000")

    document = DidDocument.read(services.did_document(organisation), expected_id=did)
    assert document.method(method).public_key.multikey() == keys.active_key(organisation).multikey


def test_before_the_first_award_there_is_no_document(organisation):
    with pytest.raises(services.NotVisible):
        services.did_document(organisation)


def test_two_organisations_never_share_an_identity(organisation, elsewhere):
    assert identity(organisation)[0] != identity(elsewhere)[0]
