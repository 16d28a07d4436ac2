# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, one class per decision the caller can take.

    CairnError                 code, and a sentence for people
    ├── MalformedError          the bytes cannot be read       → ask for another file
    ├── UnsupportedError        well formed, not known to us   → say which suite or method
    ├── UnavailableError        could not look (network, key)  → try again later
    └── VerificationError       looked, and it is not so       → reject; .report says why

``code`` is stable, kebab-case and documented in docs/reference/errors.md; the sentence may change.
Codes that begin with ``limit-`` say that the input asks for more work than we do for strangers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cairn.verifier import Report


class CairnError(Exception):
    """The root: a stable ``code`` for programs and a ``message`` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class MalformedError(CairnError):
    """The bytes cannot be read as what they claim to be."""


class UnsupportedError(CairnError):
    """Well formed, but of a kind that this library does not know."""


class UnavailableError(CairnError):
    """Something outside could not be reached, which says nothing about the credential."""


class VerificationError(CairnError):
    """The credential was examined and is not accepted; ``report`` holds every finding."""

    def __init__(self, code: str, message: str, *, report: Report) -> None:
        super().__init__(code, message)
        self.report = report


_DATA_MODEL = "https://www.w3.org/TR/vc-data-model#"
_SECURITY = "https://w3id.org/security#"
_STATUS_LIST = "https://www.w3.org/ns/credentials/status-list#"

_PARSING = f"{_DATA_MODEL}PARSING_ERROR"
_CRYPTOGRAPHIC = f"{_DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR"
_VALUE = f"{_DATA_MODEL}MALFORMED_VALUE_ERROR"
_RANGE = f"{_DATA_MODEL}RANGE_ERROR"
_PROOF = f"{_SECURITY}PROOF_VERIFICATION_ERROR"
_TRANSFORMATION = f"{_SECURITY}PROOF_TRANSFORMATION_ERROR"
# Demanded by Data Integrity, missing from its own list of types (N31).
_DATA_LOSS = f"{_SECURITY}DATA_LOSS_DETECTION_ERROR"
_METHOD_URL = f"{_SECURITY}INVALID_VERIFICATION_METHOD_URL"
_METHOD = f"{_SECURITY}INVALID_VERIFICATION_METHOD"
_CONTROLLER = f"{_SECURITY}INVALID_CONTROLLED_IDENTIFIER_DOCUMENT"
_CONTROLLER_ID = f"{_SECURITY}INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID"
_RELATIONSHIP = f"{_SECURITY}INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"
_STATUS_RETRIEVAL = f"{_STATUS_LIST}STATUS_RETRIEVAL_ERROR"
_STATUS_VERIFICATION = f"{_STATUS_LIST}STATUS_VERIFICATION_ERROR"
_STATUS_LENGTH = f"{_STATUS_LIST}STATUS_LIST_LENGTH_ERROR"

# Ours to the left, the problem types of VCDM 2.0, Data Integrity, Controlled Identifiers and Bitstring Status
# List to the right. A test keeps the table complete.
_PROBLEM_TYPES = {
    "signature-mismatch": _CRYPTOGRAPHIC,
    "symmetric-algorithm": _CRYPTOGRAPHIC,
    "wrapper-altered": _CRYPTOGRAPHIC,
    "key-expired": _CRYPTOGRAPHIC,
    "key-not-yet": _CRYPTOGRAPHIC,
    "key-retired": _CRYPTOGRAPHIC,
    "key-revoked": _CRYPTOGRAPHIC,
    "key-weak": _CRYPTOGRAPHIC,
    "token-unsigned": _CRYPTOGRAPHIC,
    "unknown-key": _CRYPTOGRAPHIC,
    "claims-disagree": _VALUE,
    "control-character": _VALUE,
    "date-time": _VALUE,
    "expired": _VALUE,
    "materials": _VALUE,
    "endorses-another": _VALUE,
    "missing-member": _VALUE,
    "no-holder": _VALUE,
    "not-an-endorsement": _VALUE,
    "not-refreshed": _VALUE,
    "refreshed": _VALUE,
    "no-dates": _VALUE,
    "no-issuer": _VALUE,
    "not-yet-valid": _VALUE,
    "repeated-subject": _VALUE,
    "slot": _VALUE,
    "holder-not-issuer": _VALUE,
    "options": _VALUE,
    "revoked": _VALUE,
    "structure": _VALUE,
    "suspended": _VALUE,
    "unknown-schema": _VALUE,
    "unrecognised-issuer": _VALUE,
    "url": _VALUE,
    "wrong-type": _VALUE,
    "badge-page": _PROOF,
    "already-signed": f"{_SECURITY}PROOF_GENERATION_ERROR",
    "binding-audience": f"{_SECURITY}INVALID_DOMAIN_ERROR",
    "binding-nonce": f"{_SECURITY}INVALID_CHALLENGE_ERROR",
    "sd-jwt-pointer": f"{_SECURITY}PROOF_GENERATION_ERROR",
    "created-in-future": _PROOF,
    "no-created": _PROOF,
    "not-signed-by-holder": _PROOF,
    "not-vouched-for": _PROOF,
    "partial-copy": _PROOF,
    "nothing-shown": _VALUE,
    "no-proof": _PROOF,
    "previous-proof": _PROOF,
    "too-many-proofs": _PROOF,
    "wrapped-token": _PROOF,
    "context-altered": _TRANSFORMATION,
    "inline-context": _TRANSFORMATION,
    "n-quads": _TRANSFORMATION,
    "unknown-algorithm": _TRANSFORMATION,
    "unknown-context": _TRANSFORMATION,
    "unknown-cryptosuite": _TRANSFORMATION,
    "unknown-proof-type": _TRANSFORMATION,
    "data-loss": _DATA_LOSS,
    "no-key": _METHOD_URL,
    "token-key": _METHOD_URL,
    "verification-method": _METHOD_URL,
    "key-unknown": _METHOD,
    "unknown-did-method": _METHOD,
    "did-document-id": _CONTROLLER_ID,
    "issuer-document": _CONTROLLER,
    "issuer-document-changed": _CONTROLLER,
    "key-not-of-holder": _RELATIONSHIP,
    "key-not-of-issuer": _RELATIONSHIP,
    "status-index-range": _RANGE,
    "status-list-length": _STATUS_LENGTH,
    "encrypted-token": _PARSING,
    "envelope": _PARSING,
    "image-type": _PARSING,
    "not-a-credential": _PARSING,
    "nothing-baked-in": _PARSING,
}
_PROBLEM_FAMILIES = {
    "json-": _PARSING,
    "base": _PARSING,  # base64url, base58btc
    "baked-": _PARSING,
    "multibase": _PARSING,
    "png-": _PARSING,
    "pdf-": _PARSING,
    "svg-": _PARSING,
    "token-": _PARSING,
    "unsupported-": _PARSING,
    "limit-": _RANGE,
    "pointer-": f"{_SECURITY}PROOF_GENERATION_ERROR",
    "proof-": _PROOF,
    "binding-": _PROOF,
    "sd-jwt-": _PARSING,
    "cose-": _PARSING,
    "jwk": _METHOD,
    "key-": _METHOD,
    "multikey": _METHOD,
    "did-": _CONTROLLER,
    "webvh-": _CONTROLLER,
    "status-": _STATUS_VERIFICATION,
    "hosted": _PROOF,
    "merkle-": _CRYPTOGRAPHIC,
    "chain-": _PROOF,
    # What the caller chose to ask beside validity has no type of its own.
    "domain-": _VALUE,
    "entitlement-": _VALUE,
    "holder-": _VALUE,
    "resource-": _VALUE,
    "recognised-": _VALUE,
    "recognition-": _VALUE,
    "schema-": _VALUE,
    "trust-list": _VALUE,
}
# Not being able to look is a problem of whatever was looked for.
_NOT_REACHED = frozenset({"gone", "unreachable", "fetch-blocked", "not-gathered", "offline"})


def problem_type(code: str, *, check: str = "") -> str:
    """The problem type (RFC 9457) that the W3C texts have for our ``code``, found by the given check."""
    if code in _NOT_REACHED:
        return _STATUS_RETRIEVAL if check == "status" else _CONTROLLER
    named = _PROBLEM_TYPES.get(code)
    if named is not None:
        return named
    for family, type_ in _PROBLEM_FAMILIES.items():
        if code.startswith(family):
            return type_
    # Sources and checks that others wrote have codes of their own; a report must be writable all the same.
    return _VALUE
