# SPDX-License-Identifier: Apache-2.0
"""The plain list of Open Badges: who is on it, and what is not such a list."""

import pytest

from cairn.errors import MalformedError
from cairn.status.revocation_list import is_revocation_list, read_revocation_list

URL = "https://harbour.example/s/1"
ISSUER = "did:web:harbour.example"


def read(**members):
    document = {"id": URL, "issuer": ISSUER, **members}
    return read_revocation_list(document, url=URL, issuer=ISSUER)


@pytest.mark.parametrize("name", ["revokedCredential", "revokedCredentials"])
def test_left_out_means_revoked_n10(name):
    listed = read(
        **{name: [{"id": "urn:a"}, {"id": "urn:b", "revoked": False}, {"id": "urn:c", "revoked": True}]}
    )

    assert [listed.reason(f"urn:{each}") for each in "abcd"] == ["", None, "", None]


def test_both_names_count_and_one_entry_may_stand_alone_n10():
    listed = read(revokedCredential={"id": "urn:a"}, revokedCredentials=[{"id": "urn:b"}])

    assert listed.reason("urn:a") == listed.reason("urn:b") == ""


def test_the_reason_is_told_and_never_decides():
    listed = read(
        revokedCredential=[
            {"id": "urn:a", "revocationReason": "Lost."},
            {"id": "urn:b", "revocationReason": 1},
        ]
    )

    assert listed.reason("urn:a") == "Lost."
    assert listed.reason("urn:b") == ""


def test_ids_are_compared_decoded_and_trimmed():
    assert read(revokedCredential=[{"id": "https://x.example/%61 "}]).reason("https://x.example/a") == ""


def test_an_issuer_may_be_an_object():
    assert read(issuer={"id": ISSUER}, revokedCredential=[]).reason("urn:a") is None


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"id": URL + "/", "revokedCredential": []}, "status-list-id"),
        ({"issuer": "did:web:evil.example", "revokedCredential": []}, "status-list-issuer"),
        ({"issuer": None, "revokedCredential": []}, "status-list-issuer"),
        ({}, "status-list-type"),
        ({"revokedCredential": [{"id": 1}]}, "status-list-entry"),
        ({"revokedCredential": [{"id": "urn:a", "revoked": 0}]}, "status-list-entry"),
        ({"revokedCredential": ["urn:a"]}, "status-list-entry"),
        ({"revokedCredential": None}, "status-list-entry"),
    ],
)
def test_another_list_or_an_unreadable_one_is_refused_b81(members, code):
    with pytest.raises(MalformedError) as refused:
        read(**members)

    assert refused.value.code == code


def test_which_pointers_are_ours():
    assert is_revocation_list({"type": "1EdTechRevocationList"})
    assert is_revocation_list({"type": ["1EdTechRevocationList"]})
    assert not is_revocation_list({"type": "BitstringStatusListEntry"})
    assert not is_revocation_list({})
