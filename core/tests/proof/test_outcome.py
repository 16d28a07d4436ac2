# SPDX-License-Identifier: Apache-2.0
"""What an error while looking means, and when a key no longer counts."""

from datetime import timedelta

import pytest

from cairn.did import VerificationMethod
from cairn.errors import MalformedError, UnavailableError, UnsupportedError
from cairn.proof.outcome import CLOCK_SKEW, Answer, Outcome, refuse_key_out_of_use
from cairn.testing import NOON, demo_key

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (MalformedError("proof-value", "no"), Outcome.FAILED),
        (MalformedError("limit-rdf-work", "too much"), Outcome.UNDECIDED),
        (UnsupportedError("unknown-cryptosuite", "?"), Outcome.UNDECIDED),
        (UnavailableError("unreachable", "?"), Outcome.UNDECIDED),
    ],
)
def test_only_malformed_is_a_no(error, outcome):
    answer = Answer.of(error, methods=("urn:x:1",))

    assert (answer.outcome, answer.code, answer.document) == (outcome, error.code, None)
    assert answer.methods == ("urn:x:1",)


def method(**members):
    return VerificationMethod("did:x:1#k", "did:x:1", demo_key().public_key, **members)


def test_a_withdrawn_key_counts_for_nothing_whatever_date_it_wrote_s2():
    with pytest.raises(MalformedError) as refused:
        refuse_key_out_of_use(method(revoked=NOON), signed_at=NOON - DAY, at=NOON)

    assert refused.value.code == "key-revoked"


def test_a_key_that_will_be_withdrawn_still_counts():
    refuse_key_out_of_use(method(revoked=NOON + DAY), signed_at=NOON, at=NOON)


def test_a_key_signs_nothing_after_its_end():
    refuse_key_out_of_use(method(expires=NOON), signed_at=NOON, at=NOON + DAY)
    for signed_at in (NOON + DAY, None):
        with pytest.raises(MalformedError) as refused:
            refuse_key_out_of_use(method(expires=NOON), signed_at=signed_at, at=NOON + DAY)
        assert refused.value.code == "key-expired"


def test_a_key_signs_nothing_before_it_is_listed_b68():
    refuse_key_out_of_use(method(since=NOON), signed_at=NOON - CLOCK_SKEW, at=NOON)
    refuse_key_out_of_use(method(since=NOON), signed_at=None, at=NOON)
    with pytest.raises(MalformedError) as refused:
        refuse_key_out_of_use(method(since=NOON), signed_at=NOON - DAY, at=NOON)

    assert refused.value.code == "key-not-yet"


def test_a_key_that_is_no_longer_listed_is_a_doubt_or_by_its_own_words_a_no_s12():
    gone = method(since=NOON - 3 * DAY, retired=NOON - DAY)
    refuse_key_out_of_use(gone, signed_at=NOON - 2 * DAY, at=NOON - 2 * DAY)
    for signed_at in (NOON - 2 * DAY, NOON - DAY, NOON - DAY + CLOCK_SKEW, None):
        with pytest.raises(UnavailableError) as doubt:
            refuse_key_out_of_use(gone, signed_at=signed_at, at=NOON)
        assert doubt.value.code == "key-retired"
    with pytest.raises(MalformedError) as refused:
        refuse_key_out_of_use(gone, signed_at=NOON, at=NOON)
    assert refused.value.code == "key-retired"


def test_outcomes_have_the_names_that_reports_give_them():
    assert [outcome.value for outcome in Outcome] == ["passed", "failed", "undecided"]
