# SPDX-License-Identifier: Apache-2.0
"""The list for tokens says what the Bitstring pair says, entry by entry, and is published with it."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY

from cairn.did import DidDocument
from cairn.errors import CairnError
from cairn.proof import status_token
from cairn.status import StatusList as Bits
from cairn.status.token_list import INVALID, SUSPENDED, VALID
from cairn_server.issuing import services, status_lists, token_lists
from cairn_server.issuing.models import STATUS_LIST_CAPACITY, Purpose, StatusList, StatusListVersion
from cairn_server.issuing.signing import OwnProductRefused, issuer_sources
from cairn_server.organisations import identity, key_changes


def published(status_list: StatusList) -> status_token.StatusToken:
    return status_token.split(
        status_lists.status_list_credential(status_list.public_id, Purpose.TOKEN, at=TUESDAY)
    )


def entries(credential, *, at=TUESDAY):
    """As a stranger reads it: with the key in the issuer's document."""
    organisation = credential.organisation
    organisation.refresh_from_db()
    token = published(credential.status_list)
    document = DidDocument.read(identity.did_document(organisation), expected_id=organisation.did)
    key = document.method(token.jws.header["kid"], "assertionMethod")
    return status_token.check(token, key, uri=f"{credential.status_list.address}/token", at=at)


def test_n18_every_entry_is_that_of_the_two_bitstrings():
    """Exhaustive at the real size, over bits that chance has set: also where both are."""
    chance = random.Random(18)
    revoked, suspended = (chance.randbytes(STATUS_LIST_CAPACITY // 8) for _ in range(2))

    listed = token_lists.values(revoked, suspended)

    assert len(listed) == STATUS_LIST_CAPACITY
    of_revoked, of_suspended = Bits.from_bits(revoked), Bits.from_bits(suspended)
    for index in range(STATUS_LIST_CAPACITY):
        expected = INVALID if of_revoked.get(index) else SUSPENDED if of_suspended.get(index) else VALID
        assert listed.get(index) == expected, index


def test_it_is_published_with_the_first_award(credential):
    token = published(credential.status_list)

    assert token.jws.header["typ"] == "statuslist+jwt"
    assert token.claims["sub"] == f"{PUBLIC_URL}/s/{credential.status_list.public_id}/token"
    assert token.claims["iat"] == int(MONDAY.timestamp())
    assert token.claims["exp"] == int((MONDAY + timedelta(days=7)).timestamp())
    assert token.claims["ttl"] == 60
    assert token.claims["status_list"]["bits"] == 2
    assert len(entries(credential)) == STATUS_LIST_CAPACITY


@pytest.mark.parametrize(("verb", "value"), [("revoke", INVALID), ("suspend", SUSPENDED)])
def test_one_index_is_one_credential_in_all_three(issuer, award, verb, value):
    other, credential = award(), award()

    getattr(services, verb)(credential, by=issuer, reason="x", at=TUESDAY)

    listed = entries(credential)
    assert listed.get(credential.status_index) == value
    assert listed.get(other.status_index) == VALID
    row = StatusList.objects.get()
    versions = StatusListVersion.objects.filter(version=row.published)
    assert {Purpose.REVOCATION, Purpose.SUSPENSION, Purpose.TOKEN} == {each.purpose for each in versions}


def test_who_is_reinstated_is_valid_again_and_who_is_revoked_stays_so(issuer, award):
    back, gone = award(), award()
    for each in (back, gone):
        services.suspend(each, by=issuer, reason="x", at=MONDAY)
    services.reinstate(back, by=issuer, reason="x", at=TUESDAY)
    services.revoke(gone, by=issuer, reason="x", at=TUESDAY)

    listed = entries(back)

    assert (listed.get(back.status_index), listed.get(gone.status_index)) == (VALID, INVALID)


def test_it_is_signed_anew_before_it_grows_old(credential):
    assert status_lists.renew_status_lists(at=MONDAY + timedelta(days=2)) == 1

    assert published(credential.status_list).claims["iat"] == int((MONDAY + timedelta(days=2)).timestamp())


def test_it_is_signed_with_the_key_that_counts_now(credential, owner):
    before = published(credential.status_list).jws.header["kid"]
    key_changes.propose_replacement(credential.organisation, by=owner, reason="x", at=TUESDAY)
    status_lists.sign_anew(credential.organisation, at=TUESDAY)

    after = published(credential.status_list).jws.header["kid"]

    assert before != after
    assert len(entries(credential)) == STATUS_LIST_CAPACITY


def test_what_a_release_before_had_published_gets_one(credential):
    """Soon, and at once when a wallet asks for a token that has to point to it."""
    StatusListVersion.objects.filter(purpose=Purpose.TOKEN).delete()

    status_lists.require_token_list(credential.status_list, at=MONDAY)

    assert len(entries(credential)) == STATUS_LIST_CAPACITY
    version = StatusList.objects.get().published
    status_lists.require_token_list(credential.status_list, at=MONDAY)
    assert StatusList.objects.get().published == version
    StatusListVersion.objects.filter(purpose=Purpose.TOKEN).delete()
    assert status_lists.renew_status_lists(at=MONDAY) == 1
    assert status_lists.renew_status_lists(at=MONDAY) == 0


def test_b79_b81_b82_what_is_not_ours_is_not_published(credential):
    """The list of another address, of another key, out of time, or no list: refused before it is kept."""
    status_list, organisation = credential.status_list, credential.organisation
    organisation.refresh_from_db()
    data = status_lists.status_list_credential(status_list.public_id, Purpose.TOKEN, at=MONDAY)
    method = published(status_list).jws.header["kid"]
    known = issuer_sources(organisation)

    token_lists.require_own(data, status_list, method=method, known=known, at=MONDAY)
    elsewhere = StatusList(address=f"{PUBLIC_URL}/s/elsewhere")
    head, body, signature = data.split(b".")
    for wrong, of, key, at in (
        (data, elsewhere, method, MONDAY),
        (data, status_list, f"{organisation.did}#no-such-key", MONDAY),
        (data, status_list, method, MONDAY + timedelta(days=8)),
        (data, status_list, method, MONDAY - timedelta(days=1)),
        (b".".join([head, body, signature[::-1]]), status_list, method, MONDAY),
        (credential.secured_in("vc+jwt").bytes(), status_list, method, MONDAY),
    ):
        with pytest.raises(OwnProductRefused):
            token_lists.require_own(wrong, of, method=key, known=known, at=at)


def test_b80_there_is_nothing_beyond_the_list(credential):
    with pytest.raises(CairnError, match="not in a status list"):
        entries(credential).get(STATUS_LIST_CAPACITY)
