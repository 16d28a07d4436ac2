# SPDX-License-Identifier: Apache-2.0
"""What was typed, compared with how a credential names its holder."""

from hashlib import md5, sha256

import pytest

from cairn.credential.identity import MAX_TYPED, Holder, Match, same_email
from cairn.errors import MalformedError

# The example of Open Badges 3.0 (§B, IdentityObject).
EXAMPLE = "sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399"


def entry(identity, *, hashed=True, kind="emailAddress", **members):
    return {
        "type": "IdentityObject",
        "hashed": hashed,
        "identityHash": identity,
        "identityType": kind,
        **members,
    }


def hashed(text, name="sha256"):
    return f"{name}${(sha256 if name == 'sha256' else md5)(text.encode()).hexdigest()}"


def compare(typed, *entries, **subject):
    return Holder.read(typed).compare({"credentialSubject": {"identifier": list(entries), **subject}})


def test_the_example_of_the_standard_matches():
    assert compare("a@example.com", entry(EXAMPLE, salt="Kosher")) is Match.SAME
    assert compare("b@example.com", entry(EXAMPLE, salt="Kosher")) is Match.OTHER
    assert compare("a@example.com", entry(EXAMPLE, salt="kosher")) is Match.OTHER
    assert compare("a@example.com", entry(EXAMPLE)) is Match.OTHER


@pytest.mark.parametrize(
    "typed", ["a@example.com", " a@example.com ", "mailto:a@example.com", "A@Example.com"]
)
def test_an_address_is_typed_in_several_ways(typed):
    assert compare(typed, entry(hashed("a@example.com"))) is Match.SAME
    assert compare(typed, entry("A@example.COM", hashed=False)) is Match.SAME
    assert compare(typed, id="mailto:a@example.com") is Match.SAME


def test_a_hash_is_tried_as_typed_and_in_lower_case():
    of_upper = hashed("Ann@example.com")

    assert compare("Ann@example.com", entry(of_upper)) is Match.SAME
    assert compare("ann@example.com", entry(of_upper)) is Match.OTHER  # no rule says how it was written
    assert compare("Ann@example.com", entry(hashed("ann@example.com"))) is Match.SAME


def test_hex_digits_have_no_case_and_accents_have_one_form_b13():
    composed, decomposed = "z\u00e9@example.com", "ze\u0301@example.com"

    assert compare("a@example.com", entry(EXAMPLE.replace("b58", "B58"), salt="Kosher")) is Match.SAME
    assert compare(decomposed, entry(hashed(composed))) is Match.SAME
    assert compare(decomposed, entry(hashed(decomposed))) is Match.SAME
    assert compare(decomposed, entry(composed, hashed=False)) is Match.SAME
    assert compare(decomposed.upper(), entry(hashed(composed))) is Match.SAME


def test_md5_is_believed_less():
    weak, strong = entry(hashed("a@example.com", "md5")), entry(hashed("a@example.com"))

    assert compare("a@example.com", weak) is Match.WEAKLY
    assert compare("a@example.com", weak, strong) is Match.SAME
    assert compare("b@example.com", weak) is Match.OTHER


def test_every_entry_is_tried():
    others = [entry(hashed(f"{name}@example.com")) for name in "bcd"]

    assert compare("d@example.com", *others) is Match.SAME
    assert compare("e@example.com", *others) is Match.OTHER
    assert compare("a@example.com", entry("a@example.com", hashed=False, kind="email")) is Match.SAME  # N19


@pytest.mark.parametrize(
    "broken",
    [
        entry("a@example.com"),  # it says that it is a hash, and is none
        entry(EXAMPLE[:-1], salt="Kosher"),
        entry(EXAMPLE.replace("sha256", "sha1"), salt="Kosher"),
        entry(EXAMPLE.replace("sha256", "md5"), salt="Kosher"),
        entry(EXAMPLE, hashed="true", salt="Kosher"),
        entry(EXAMPLE, hashed=None, salt="Kosher"),
        entry(EXAMPLE, hashed=False, salt="Kosher"),
        entry(EXAMPLE, salt=7),
        entry("", hashed=False),
        entry(7, hashed=False),
        entry("a@example.com", hashed=False, kind="userName"),
        entry("a@example.com", hashed=False, kind="name"),
        entry("a@example.com", hashed=False, kind={}),
        entry("a@example.com", hashed=False, kind=["emailAddress"]),
        entry("a@example.com", hashed=False) | {"type": "Something"},
        "a@example.com",
    ],
)
def test_a_badge_passes_for_nobody_by_being_built_badly(broken):
    assert compare("a@example.com", broken) is Match.NOTHING


@pytest.mark.parametrize("typed", ["a@example.com", "did:key:z6MkAnn"])
def test_a_badge_that_names_no_holder_passes_for_nobody(typed):
    assert compare(typed) is Match.NOTHING
    assert compare(typed, id="urn:uuid:1") is Match.NOTHING
    assert Holder.read(typed).compare({}) is Match.NOTHING
    assert Holder.read(typed).compare({"credentialSubject": "x"}) is Match.NOTHING
    two = [{"id": "did:key:z6MkAnn"}, {"id": "mailto:a@example.com"}]
    assert Holder.read(typed).compare({"credentialSubject": two}) is Match.NOTHING
    assert Holder.read(typed).compare({"credentialSubject": two[:1]}) is (
        Match.SAME if typed.startswith("did:") else Match.NOTHING
    )


def test_a_did_is_compared_with_the_subject_itself():
    assert compare("did:key:z6MkAnn", id="did:key:z6MkAnn") is Match.SAME
    assert compare("did:key:z6MkAnn", id="did:key:z6MkBob") is Match.OTHER
    assert compare("did:key:z6MkAnn", entry("did:key:z6MkAnn", hashed=False)) is Match.NOTHING
    assert compare("a@example.com", id="did:key:z6MkAnn") is Match.NOTHING


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "Ann",
        "@",
        "a@",
        "@example.com",
        "a b@example.com",
        "a@b@example.com",
        "a\x00@example.com",
        "https://example.com",
        "did:key:z6Mk#1",
        "did:web:a.example/path",
        "did:web:a.example?x=1",
        "did:",
        f"{'a' * MAX_TYPED}@example.com",
    ],
)
def test_only_addresses_and_dids_are_compared_s10(typed):
    with pytest.raises(MalformedError, match="holder-typed"):
        Holder.read(typed)


def test_one_comparison_by_itself():
    assert same_email("a@example.com", EXAMPLE, hashed=True, salt="Kosher") is Match.SAME
    assert same_email("a@example.com", "a@example.com", hashed=False) is Match.SAME
    assert same_email("a@example.com", "Ann", hashed=False) is Match.NOTHING


def test_the_longest_address_has_320_characters():
    longest = "a" * (320 - len("@example.com")) + "@example.com"

    assert len(longest) == MAX_TYPED
    assert Holder.read(longest).email == longest
    with pytest.raises(MalformedError, match="holder-typed"):
        Holder.read("a" + longest)
