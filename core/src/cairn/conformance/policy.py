# SPDX-License-Identifier: Apache-2.0
"""The one relaxed policy, by its name, and where it finds keys: in did:key and did:jwk, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cairn.canonical import SuiteContexts
from cairn.did import document_for
from cairn.errors import MalformedError, UnavailableError
from cairn.keys import PublicKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cairn.canonical import Context
    from cairn.did import VerificationMethod


@dataclass(frozen=True, slots=True)
class Policy:
    """What a run is less strict about than every verdict: whose key it is, when it was, what words mean."""

    name: str
    contexts: Mapping[str, Context]


W3C_TEST_SUITE: Final = Policy("w3c-test-suite", SuiteContexts())
"""The issuer need not own the key, times are not judged, contexts of examples and inline ones are known."""


def resolver(relationship: str) -> Callable[[str | PublicKey], VerificationMethod]:
    """Keys that are listed for this relationship in a document that nobody has to be asked for."""

    def resolve(wanted: str | PublicKey) -> VerificationMethod:
        if isinstance(wanted, PublicKey):
            raise UnavailableError("key-unknown", "A key by itself does not say whose it is.")
        controller = wanted.partition("#")[0]
        if not controller.startswith(("did:key:", "did:jwk:")):
            raise UnavailableError("key-unknown", "The key is not one that can be looked up here.")
        document = document_for(controller)
        # A bare DID names its only key.
        url = document.methods[0].id if wanted == controller else wanted
        method = document.method(url, relationship)
        if method is None:
            raise MalformedError(
                "verification-method", "The proof names a key that its document does not have."
            )
        return method

    return resolve
