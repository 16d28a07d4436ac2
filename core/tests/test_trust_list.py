# SPDX-License-Identifier: Apache-2.0
"""Lists of issuers: every form that they come in, and everything that is refused."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn import Verifier
from cairn.canonical import to_json
from cairn.errors import MalformedError, VerificationError
from cairn.proof import sign
from cairn.testing import NOON, FixedSources, demo_key, key_method
from cairn.trust_list import (
    MAX_ISSUERS,
    MAX_LIST,
    Listing,
    TrustList,
    is_signed,
    of_verified,
    open_list,
    read_list,
)

KEY = demo_key("board")
BOARD = key_method(KEY.public_key).partition("#")[0]
SCHOOL = "did:web:school.example"
CONTEXTS = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]


def own(*issuers, **members):
    document = {"type": "CairnTrustList", "version": 1, "issuers": list(issuers), **members}
    return to_json({name: value for name, value in document.items() if value is not ...})


def signed_list(**members):
    """The Profiles of the recognised issuers as the subjects of a credential by their board."""
    document = {
        "@context": CONTEXTS,
        "id": "urn:uuid:4d4b1c1e-8f1c-4f0b-9a54-26a9a4b5c0de",
        "type": ["VerifiableCredential"],
        "name": "Schools of the harbour",
        "issuer": {"id": BOARD, "type": ["Profile"], "name": "Harbour Board"},
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "credentialSubject": [
            {"id": SCHOOL, "type": ["Profile"], "name": "Harbour School"},
            {"id": "https://yard.example/i", "type": ["Profile"], "name": "Boat Yard"},
        ],
        **members,
    }
    return sign(document, KEY, verification_method=key_method(KEY.public_key), at=NOON)


def verify(data):
    return Verifier(FixedSources()).verify(data, at=NOON).document


def refused(data):
    with pytest.raises(MalformedError) as caught:
        read_list(data, name="a list")
    return caught.value.code


def test_our_own_form_says_everything_that_a_list_can_say():
    entry = {
        "id": SCHOOL,
        "name": "Harbour School",
        "since": "2026-01-01",
        "until": "2026-12-31",
        "recognisedFor": ["MicroCredential", "https://harbour.example/a/knots"],
        "accredits": True,
    }
    members = {
        "name": "Schools",
        "publisher": {"id": BOARD, "name": "Harbour Board"},
        "url": "https://board.example/list",
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01",
    }

    found = read_list(own(entry, {"domain": "Yard.example:8443"}, **members), name="a list")

    assert found == TrustList(
        "Schools",
        {
            SCHOOL: Listing(
                "Harbour School",
                datetime(2026, 1, 1, tzinfo=UTC),
                datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),  # the whole last day
                ("MicroCredential", "https://harbour.example/a/knots"),
                accredits=True,
            ),
            "yard.example:8443": Listing(),
        },
        "Harbour Board",
        BOARD,
        "https://board.example/list",
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 1, 23, 59, 59, tzinfo=UTC),
    )


def test_the_name_and_the_publisher_may_be_left_out():
    found = read_list(own({"id": SCHOOL}), name="schools.json")

    assert (found.name, found.publisher, found.publisher_id) == ("schools.json", "", "")
    assert read_list(own(publisher="Harbour Board"), name="x").publisher == "Harbour Board"


@pytest.mark.parametrize(
    "data",
    [
        own(version=2),
        own(issuers={}),
        own(issuers=...),
        own(untill="2026-01-01"),
        own(publisher=["x"]),
        own(publisher={"id": BOARD, "key": "x"}),
        b"[1] , 2",
        b'["did:web:a.example"], "x": []',
        b'{"type": "SomethingElse"}',
        b'{"registry": []}',
        b"\xff\xfe",
        b"",
        b"name,url\na,b\n",
        b"issuer,colour\ndid:web:a.example,red\n",
        b"issuer,issuer\ndid:web:a.example,did:web:b.example\n",
        b'issuer\n"did:web:a.example\n',
    ],
)
def test_what_is_no_list_is_refused(data):
    assert refused(data) in ("trust-list", "json-syntax")


@pytest.mark.parametrize(
    "entry",
    [
        "did:web:a.example",
        {},
        {"id": SCHOOL, "domain": "school.example"},
        {"id": SCHOOL, "recognizedFor": []},  # a limit with a spelling mistake is a limit
        {"id": "school.example"},
        {"id": "data:text/plain,x"},
        {"id": "ftp://school.example"},
        {"id": 1},
        {"domain": "https://school.example"},
        {"domain": "*.school.example"},
        {"domain": "127.0.0.1"},
        {"domain": "schoöl.example"},
        {"domain": "school.example:0"},
        {"domain": "-a.example"},
        {"domain": f"{'a' * 64}.example"},
        {"domain": f"{'a.' * 130}example"},
        {"domain": None},
        {"id": SCHOOL, "name": 1},
        {"id": SCHOOL, "name": "x" * 301},
        {"id": SCHOOL, "since": 2026},
        {"id": SCHOOL, "recognisedFor": "MicroCredential"},
        {"id": SCHOOL, "recognisedFor": [1]},
        {"id": SCHOOL, "recognisedFor": [""]},
        {"id": SCHOOL, "accredits": "no"},
    ],
)
def test_an_entry_that_could_mean_something_else_is_refused(entry):
    assert refused(own(entry)) == "trust-list-entry"


@pytest.mark.parametrize("date", ["2026-1-1", "2026-02-30", "01/02/2026", "2026-01-01T00:00:00"])
def test_a_date_is_a_day_or_a_moment_b16(date):
    assert refused(own({"id": SCHOOL, "until": date})) == "date-time"


def test_nobody_is_on_a_list_twice():
    assert refused(own({"id": SCHOOL}, {"id": SCHOOL, "until": "2020-01-01"})) == "trust-list-entry"
    assert refused(own({"domain": "a.example"}, {"domain": "A.example"})) == "trust-list-entry"


def test_the_registries_of_the_dcc_are_read():
    registry = {
        "meta": {"created": "2022-10-27T17:57:31+00:00", "updated": "2025-05-09T18:17:57+00:00"},
        "registry": {
            BOARD: {"name": "Harbour Board", "location": "Pier 3", "url": "https://board.example"},
            SCHOOL: {"name": "Harbour School"},
        },
    }

    found = read_list(to_json(registry), name="Known issuers")

    assert found.issuers == {BOARD: Listing("Harbour Board"), SCHOOL: Listing("Harbour School")}
    # The url of an entry is for people: whoever is on that domain is not recognised by it.
    assert found.listing("did:web:board.example", "board.example") is None
    assert refused(to_json({"registry": {SCHOOL: "Harbour School"}})) == "trust-list-entry"
    assert refused(to_json({"registry": {"school": {}}})) == "trust-list-entry"


def test_arrays_of_identifiers_and_of_profiles_are_read():
    data = b' ["https://a.example/i", {"id": "did:web:b.example", "type": ["Profile"], "name": "B"}]\n'

    found = open_list(data, verify, name="Federation")

    assert found.issuers == {"https://a.example/i": Listing(), "did:web:b.example": Listing("B")}
    assert refused(b"[1]") == "trust-list-entry"
    assert refused(b'[{"name": "no id"}]') == "trust-list-entry"
    assert refused(b'[{"id": "did:web:b.example", "name": ["B"]}]') == "trust-list-entry"


def test_a_spreadsheet_is_read_b117():
    data = (
        "\ufeffIssuer,Name,Since,Until,Recognised_for,Accredits\r\n"
        'did:web:school.example,"School, Harbour",2026-01-01,,MicroCredential; Course,no\r\n'
        "\r\n"
        "yard.example,,,2026-12-31,,yes\r\n"
    ).encode()

    found = read_list(data, name="schools.csv")

    assert found.issuers == {
        SCHOOL: Listing(
            "School, Harbour",
            datetime(2026, 1, 1, tzinfo=UTC),
            recognised_for=("MicroCredential", "Course"),
        ),
        "yard.example": Listing(until=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), accredits=True),
    }


@pytest.mark.parametrize(
    "row", ["did:web:a.example", "did:web:a.example,maybe,x", "=cmd|' /C calc'!A0,yes", ",yes", "did:web:a,x"]
)
def test_a_row_that_could_mean_something_else_is_refused_b117(row):
    assert refused(f"issuer,accredits\n{row}\n".encode()) == "trust-list-entry"


def test_lists_have_limits():
    many = [f"did:web:i{number}.example" for number in range(MAX_ISSUERS + 1)]

    assert refused(b" " * (MAX_LIST + 1)) == "limit-size"
    assert refused(to_json({"x": many})[5:-1]) == "limit-count"
    assert len(read_list(to_json({"x": many[1:]})[5:-1], name="x").issuers) == MAX_ISSUERS
    assert refused(own({"id": SCHOOL, "recognisedFor": [f"x{n}" for n in range(101)]})) == "limit-count"
    with pytest.raises(MalformedError, match="limit-size"):
        open_list(b" " * (MAX_LIST + 1), verify, name="x")


def test_a_signed_list_is_a_credential_about_profiles():
    found = open_list(signed_list(), verify, name="a list")

    assert found.name == "Schools of the harbour"
    assert (found.publisher, found.publisher_id) == ("Harbour Board", BOARD)
    assert found.valid_until == datetime(2027, 1, 1, tzinfo=UTC)
    assert found.issuers == {
        SCHOOL: Listing("Harbour School"),
        "https://yard.example/i": Listing("Boat Yard"),
    }


def test_a_list_that_was_changed_after_signing_is_not_opened():
    altered = signed_list().replace(b"did:web:school.example", b"did:web:skool.example")

    with pytest.raises(VerificationError, match="signature-mismatch"):
        open_list(altered, verify, name="a list")


def test_a_signed_list_is_never_read_as_an_unsigned_one():
    token = b"eyJhbGciOiJub25lIn0.e30."

    assert is_signed(signed_list())
    assert is_signed(token)
    assert is_signed(to_json({"type": "VerifiableCredential"}))
    assert is_signed(to_json({"type": "CairnTrustList", "proof": {}}))
    assert not is_signed(own())
    assert not is_signed(b"issuer\n")
    with pytest.raises(VerificationError):
        open_list(token, verify, name="x")


@pytest.mark.parametrize("subject", [{"id": SCHOOL}, [{"id": SCHOOL, "type": ["Person"]}], None])
def test_a_credential_about_something_else_is_no_list(subject):
    with pytest.raises(MalformedError, match="trust-list"):
        of_verified({"issuer": BOARD, "credentialSubject": subject}, name="x")


def test_a_signed_list_needs_no_name():
    document = {"issuer": BOARD, "name": {"@value": "Schools"}, "credentialSubject": {"id": SCHOOL}}
    document["credentialSubject"]["type"] = "Profile"

    found = of_verified(document, name="schools.json")

    assert (found.name, found.publisher, found.publisher_id) == ("schools.json", "", BOARD)


def test_an_issuer_is_found_by_its_identifier_and_then_by_its_domain():
    found = read_list(own({"id": SCHOOL, "name": "by id"}, {"domain": "school.example"}), name="x")

    assert found.listing(SCHOOL, "school.example") == Listing("by id")
    assert found.listing("did:web:school.example:staff", "School.Example") == Listing()
    assert found.listing("did:web:other.example", "other.example") is None
    assert found.listing("did:web:a.school.example", "a.school.example") is None
    assert found.listing(BOARD) is None


ROWS = st.from_regex(rb"issuer(,[a-z_]+)*\n[ -~\n]*", fullmatch=True)


@given(st.one_of(st.binary(), st.text().map(str.encode), ROWS))
def test_whatever_is_brought_is_a_list_or_refused(data):
    for read_it in (lambda: read_list(data, name="x"), lambda: is_signed(data)):
        with contextlib.suppress(MalformedError):
            read_it()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5) | st.just("did:web:a.example"),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "domain", "name", "since", "until", "recognisedFor", "accredits", "x"]),
            inside,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=3), JSON, JSON)
def test_whatever_stands_in_a_list_is_read_or_refused(entries, publisher, date):
    with contextlib.suppress(MalformedError):
        read_list(own(*entries, publisher=publisher, validUntil=date), name="x")
    with contextlib.suppress(MalformedError):
        read_list(to_json({"registry": {str(n): each for n, each in enumerate(entries)}}), name="x")
    with contextlib.suppress(MalformedError):
        of_verified({"credentialSubject": entries, "issuer": publisher, "validFrom": date}, name="x")


def test_a_token_of_another_kind_has_no_publisher():
    """In an SD-JWT VC ``issuer`` is a claim like any other: its signer could be anybody."""
    claims = {"iss": "did:web:mallory.example", "vct": "urn:x", "issuer": BOARD}
    with pytest.raises(MalformedError) as refused:
        of_verified({**claims, "credentialSubject": {"id": SCHOOL, "type": ["Profile"]}}, name="x")
    assert refused.value.code == "trust-list"
