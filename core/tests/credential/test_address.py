# SPDX-License-Identifier: Apache-2.0
"""One grammar of identifiers (B18, B30)."""

import pytest

from cairn.credential.address import MAX_LENGTH, is_absolute, is_identifier, is_web


@pytest.mark.parametrize(
    "text",
    [
        "https://harbour.example/c/1",
        "http://127.0.0.1:8000/c/1?x=1#y",
        "https://[2001:db8::1]/a",
        "did:web:harbour.example:i:1",
        "did:key:z6Mk#z6Mk",
        "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d",
        "mailto:someone@example.org",
        "https://example.org/caf%C3%A9",
    ],
)
def test_absolute_urls_are_identifiers(text):
    assert is_absolute(text)
    assert is_identifier(text)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "relative",
        "/rooted",
        "//host/path",
        "#fragment",
        "_:b0",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "file:///etc/passwd",
        "https://example.org/a b",
        "https://example.org/\n",
        "https://example.org/\\@good",
        "https://exämple.org/",
        "https://example.org/%zz",
        "https:",
        'https://example.org/"',
        "https://example.org/" + "a" * MAX_LENGTH,
        None,
        1,
        True,
        ["https://example.org/"],
    ],
)
def test_anything_else_is_no_identifier_b18_b30(value):
    assert not is_absolute(value)
    assert not is_identifier(value)


def test_a_data_url_carries_content_and_names_nothing():
    assert is_absolute("data:text/plain,hello")
    assert not is_identifier("data:text/plain,hello")
    assert not is_identifier("DATA:text/plain,hello")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://harbour.example", True),
        ("http://harbour.example:8000/x", True),
        ("https://user@harbour.example/", False),
        ("https:///path", False),
        ("https://[2001:db8::1]:8443/x", True),
        ("https://[", False),
        ("https://[::1", False),
        ("https://[harbour]/", False),
        ("https://[127.0.0.1]/", False),
        ("https://a]b/", False),
        ("https://harbour.example:port/", False),
        ("https://harbour.example:99999/", False),
        ("urn:uuid:1", False),
        ("did:web:harbour.example", False),
        (None, False),
    ],
)
def test_web_addresses_have_a_host_and_no_user(text, expected):
    assert is_web(text) is expected
