# SPDX-License-Identifier: Apache-2.0
"""The two ways in which we issue, and what we refuse to put a signature under."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn import OpenBadgeCredential, Verifier, sign, sign_jwt
from cairn.canonical import parse_json
from cairn.errors import MalformedError
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential

KEY = demo_key()
METHOD = key_method(KEY.public_key)


def both(document):
    return (
        lambda: sign(document, KEY, verification_method=METHOD, at=NOON),
        lambda: sign_jwt(document, KEY, verification_method=METHOD),
    )


def test_the_record_is_compact_json_with_one_proof():
    signed = sign(sample_credential().to_document(), KEY, verification_method=METHOD, at=NOON)

    document = parse_json(signed)
    assert list(document)[-1] == "proof"
    assert document["proof"]["cryptosuite"] == "eddsa-rdfc-2022"
    assert b'": ' not in signed


def test_the_document_given_is_left_as_it_was():
    document = sample_credential().to_document()

    sign(document, KEY, verification_method=METHOD, at=NOON, cryptosuite="eddsa-jcs-2022")
    sign_jwt(document, KEY, verification_method=METHOD)

    assert document == sample_credential().to_document()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda document: document.update(proof={}), "already-signed"),
        (lambda document: document.pop("issuer"), "structure"),
        (lambda document: document.update(name="Knots\x07"), "control-character"),
        (lambda document: document.update(name="Knots\r\nSplices"), "control-character"),
        (lambda document: document.update(name="Knots\x7f"), "control-character"),
        (lambda document: document["credentialSubject"].update(id="relative"), "structure"),
    ],
)
def test_what_should_not_be_signed_is_not(change, code):
    document = sample_credential().to_document()
    change(document)

    for attempt in both(document):
        with pytest.raises(MalformedError) as refused:
            attempt()
        assert refused.value.code == code


def test_lines_and_tabs_may_be_signed():
    document = sample_credential().to_document()
    document["credentialSubject"]["achievement"]["criteria"]["narrative"] = "One.\n\tTwo."

    for attempt in both(document):
        assert attempt()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1))
def test_any_text_that_is_signed_is_shown_as_it_was_b13_b39(text):
    """Quotes, escapes, other scripts, combining marks: signed as given, in every form."""
    document = sample_credential().to_document()
    document["credentialSubject"]["achievement"]["name"] = text
    written = OpenBadgeCredential.from_document(document)

    for suite in ("eddsa-rdfc-2022", "eddsa-jcs-2022"):
        data = sign(document, KEY, verification_method=METHOD, at=NOON, cryptosuite=suite)
        shown = Verifier(FixedSources()).verify(data, at=NOON).document
        assert OpenBadgeCredential.from_document(shown) == written
    token = sign_jwt(document, KEY, verification_method=METHOD)
    shown = Verifier(FixedSources()).verify(token.encode(), at=NOON).document
    assert OpenBadgeCredential.from_document(shown) == written
