# SPDX-License-Identifier: Apache-2.0
"""The fakes that ship do what they say and no more."""

import pytest

from cairn import UnavailableError, Verifier
from cairn.credential import structure_problems
from cairn.testing import (
    NOON,
    FixedSources,
    demo_key,
    did_document,
    key_method,
    sample_credential,
    signed_sample,
    signed_status_list,
)


def test_fixed_sources_answer_what_they_were_given_and_remember_the_rest():
    sources = FixedSources({"https://harbour.example/": b"here"})

    assert sources.fetch("https://harbour.example/", accept="*/*", limit=10) == b"here"
    with pytest.raises(UnavailableError):
        sources.fetch("https://other.example/", accept="*/*", limit=10)
    assert sources.asked == ["https://harbour.example/", "https://other.example/"]


def test_demo_keys_are_the_same_everywhere_and_differ_by_name():
    assert demo_key("a").public_key == demo_key("a").public_key
    assert demo_key("a").public_key != demo_key("b").public_key
    assert key_method(demo_key().public_key).startswith("did:key:z6Mk")


def test_the_sample_is_a_good_badge():
    assert structure_problems(sample_credential().to_document()) == ()
    assert Verifier(FixedSources()).verify(signed_sample(), at=NOON)


def test_a_status_list_and_a_key_document_are_documents():
    assert b"BitstringStatusList" in signed_status_list("https://harbour.example/s/1")
    assert b"assertionMethod" in did_document("did:web:harbour.example", demo_key().public_key)
