# SPDX-License-Identifier: Apache-2.0
"""Presentations: what a holder puts together from credentials, and signs for one reader and one question.

Nobody else's signature is touched. A credential with an embedded proof goes in as it is, any other in an
envelope, a ``data:`` URL of its media type (VCDM 2.0 §4.13.1).
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import parse_json, to_json
from cairn.errors import MalformedError
from cairn.proof import cose, data_integrity, jose, sd_jwt
from cairn.proof.fitness import refuse_unfit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cairn.keys import Signer

_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"


def sign_presentation(
    credentials: Iterable[bytes],
    signer: Signer,
    *,
    verification_method: str,
    at: datetime,
    challenge: str | None = None,
    domain: str | None = None,
    cryptosuite: str = data_integrity.RDFC,
) -> bytes:
    """Signed credentials in a presentation with an embedded proof of their holder.

    ``challenge`` is the reader's question and ``domain`` the reader: without them, whoever is shown the
    presentation can show it to the next.
    """
    document = presentation(credentials, holder=verification_method.partition("#")[0])
    signed = data_integrity.sign(
        document,
        signer,
        verification_method=verification_method,
        created=at,
        cryptosuite=cryptosuite,
        purpose=data_integrity.PRESENTING,
        challenge=challenge,
        domain=domain,
    )
    return to_json(signed)


def sign_presentation_jwt(
    credentials: Iterable[bytes],
    signer: Signer,
    *,
    verification_method: str,
    nonce: str | None = None,
    audience: str | None = None,
) -> str:
    """The same as a ``vp+jwt`` token, which calls the question ``nonce`` and the reader ``aud``."""
    document = presentation(credentials, holder=verification_method.partition("#")[0])
    return jose.sign_presentation(document, signer, kid=verification_method, audience=audience, nonce=nonce)


def presentation(credentials: Iterable[bytes], *, holder: str) -> dict[str, Any]:
    """The presentation before it is signed; ``MalformedError`` when it would break a rule."""
    document = {
        "@context": [_CONTEXT],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": [_contained(credential) for credential in credentials],
    }
    refuse_unfit(document)
    return document


def _contained(credential: bytes) -> dict[str, Any]:
    """A credential as it stands in a presentation."""
    if credential[:1] == b"{":
        return parse_json(credential)
    if cose.looks_like_cose(credential):
        # Base64 without padding (VC-JOSE-COSE §3.3).
        return _envelope("vc+cose;base64", b64encode(credential).decode().rstrip("="))
    text = credential.strip().decode("ascii", "replace")
    if sd_jwt.looks_like_sd_jwt(text):
        return _envelope("vc+sd-jwt", text)
    if jose.looks_like_token(text):
        return _envelope("vc+jwt", text)
    raise MalformedError("not-a-credential", "This is not a credential that can be presented.")


def _envelope(media_type: str, text: str) -> dict[str, Any]:
    return {
        "@context": _CONTEXT,
        "id": f"data:application/{media_type},{text}",
        "type": "EnvelopedVerifiableCredential",
    }
