# SPDX-License-Identifier: Apache-2.0
"""The tree of errors, and that every code has a problem type."""

import ast
from pathlib import Path

import pytest

from cairn import errors
from cairn.errors import problem_type

SOURCE = Path(errors.__file__).parent
# Where the code stands among the arguments of what is called.
CARRIERS = {
    "MalformedError": 0,
    "UnsupportedError": 0,
    "UnavailableError": 0,
    "Unavailable": 0,
    "Answer": 1,
    "Finding": 2,
    "undecided": 1,
}


def codes_in_the_source():
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", None))
            position = CARRIERS.get(name)
            if position is None or len(node.args) <= position:
                continue
            argument = node.args[position]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.add(argument.value)
    return found - {"ok", "no-status"}


def test_every_code_has_a_problem_type():
    codes = codes_in_the_source()

    assert len(codes) > 80
    assert {code for code in codes if not is_in_the_table(code)} == set()


def is_in_the_table(code):
    """By itself or by its family; what is not has the type that codes of others have."""
    families = tuple(errors._PROBLEM_FAMILIES)
    return code in errors._PROBLEM_TYPES or code in errors._NOT_REACHED or code.startswith(families)


def test_codes_are_kebab_case():
    for code in codes_in_the_source():
        assert code == code.lower().replace("_", "-").replace(" ", "-")


@pytest.mark.parametrize(
    ("code", "check", "ending"),
    [
        ("json-syntax", "", "vc-data-model#PARSING_ERROR"),
        ("signature-mismatch", "signature", "vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR"),
        ("structure", "structure", "vc-data-model#MALFORMED_VALUE_ERROR"),
        ("status-index-range", "status", "vc-data-model#RANGE_ERROR"),
        ("proof-purpose", "signature", "security#PROOF_VERIFICATION_ERROR"),
        ("unknown-cryptosuite", "signature", "security#PROOF_TRANSFORMATION_ERROR"),
        ("data-loss", "signature", "security#DATA_LOSS_DETECTION_ERROR"),
        ("verification-method", "signature", "security#INVALID_VERIFICATION_METHOD_URL"),
        ("key-length", "issuer", "security#INVALID_VERIFICATION_METHOD"),
        ("issuer-document", "issuer", "security#INVALID_CONTROLLED_IDENTIFIER_DOCUMENT"),
        ("did-document-id", "issuer", "security#INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID"),
        ("key-not-of-issuer", "issuer", "security#INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"),
        ("unreachable", "issuer", "security#INVALID_CONTROLLED_IDENTIFIER_DOCUMENT"),
        ("unreachable", "status", "status-list#STATUS_RETRIEVAL_ERROR"),
        ("status-list-unverified", "status", "status-list#STATUS_VERIFICATION_ERROR"),
        ("status-list-length", "status", "status-list#STATUS_LIST_LENGTH_ERROR"),
        ("a-code-of-somebody-else", "", "vc-data-model#MALFORMED_VALUE_ERROR"),
    ],
)
def test_the_types_are_those_of_the_w3c(code, check, ending):
    assert problem_type(code, check=check).endswith(ending)


def test_an_error_tells_its_sentence_and_its_code():
    error = errors.UnavailableError("unreachable", "The address could not be reached.")

    assert str(error) == "The address could not be reached. [unreachable]"
    assert isinstance(error, errors.CairnError)
