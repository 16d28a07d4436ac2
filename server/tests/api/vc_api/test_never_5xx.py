# SPDX-License-Identifier: Apache-2.0
"""Whatever a suite puts where, the answer is a yes or a refusal, and an altered document is never a yes."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5,
    "",
    "x",
    "did:key:z",
    [],
    [[]],
    [None],
    {},
    {"id": 7},
    {"type": []},
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member and item of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def spoilt(document: Any, path: tuple[Any, ...], odd: Any) -> Any:
    changed = copy.deepcopy(document)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    if holder[path[-1]] == odd:
        return None
    holder[path[-1]] = odd
    return changed


def variants(document: Any) -> Iterator[Any]:
    for path in places(document):
        for odd in ODD:
            changed = spoilt(document, path, odd)
            if changed is not None:
                yield changed


@pytest.mark.parametrize("instance", ["eddsa-rdfc-2022", "ecdsa-jcs-2019/p256", "ecdsa-sd-2023", "jose"])
def test_the_verifier_says_no_to_every_alteration(suite, credential, instance):
    secured = suite.issue(instance, {**credential, "name": "A", "validFrom": "2026-01-01T00:00:00Z"})
    if "-sd-" in instance:
        secured = suite.derive(secured, "/credentialSubject")

    for changed in variants(secured):
        assert not suite.verifies(changed), changed


def test_the_verifier_says_no_to_every_altered_presentation(suite, credential, presentation, presented):
    inside = suite.issue("eddsa-rdfc-2022", credential)
    document = presented(
        {**presentation, "verifiableCredential": [inside]}, challenge="1", domain="d.example"
    )

    for changed in variants(document):
        assert not suite.verifies_presentation(changed), changed


@pytest.mark.parametrize("instance", ["eddsa-rdfc-2022", "ecdsa-sd-2023", "jose", "status"])
def test_the_issuer_answers_whatever_is_sent(suite, credential, instance):
    rich = {
        **credential,
        "id": "urn:uuid:1",
        "name": {"@value": "A", "@language": "en"},
        "credentialStatus": {"type": "BitstringStatusListEntry", "statusListIndex": "1"},
        "credentialSchema": [{"type": "JsonSchema", "id": "https://schemas.example/1"}],
        "relatedResource": [{"id": "https://a.example/", "digestSRI": "sha256-AA=="}],
        "termsOfUse": {"type": "https://example.org/#T"},
    }

    for changed in variants({"credential": rich, "options": {"mandatoryPointers": ["/issuer"]}}):
        answer = suite.post(f"/vc-api/{instance}/credentials/issue", changed)
        assert answer.status_code in (201, 400, 422), changed


def test_the_holder_answers_whatever_is_sent(suite, credential):
    base = suite.issue("ecdsa-sd-2023", credential)
    body = {"verifiableCredential": base, "options": {"selectivePointers": ["/credentialSubject"]}}

    for changed in variants(body):
        answer = suite.post("/vc-api/credentials/derive", changed)
        assert answer.status_code in (201, 400, 422), changed


def test_the_options_are_read_whatever_they_are(suite, credential):
    secured = suite.issue("eddsa-rdfc-2022", credential)
    options = {"checks": ["proof"], "domain": "a", "challenge": "b", "expectedProofPurpose": "c"}

    for changed in variants({"verifiableCredential": secured, "options": options}):
        for path in ("/vc-api/credentials/verify", "/vc-api/presentations/verify"):
            assert suite.post(path, changed).status_code in (200, 400, 422), changed
