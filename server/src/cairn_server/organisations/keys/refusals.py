# SPDX-License-Identifier: Apache-2.0
"""Why something is not signed, or a key is not made: what callers can be told, and do something about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cairn.did import MAX_KEYS
from cairn.errors import UnavailableError
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class KeyUnavailable(UnavailableError):  # noqa: N818  named for what happened, like every refusal
    """A private half cannot be had: another KEK, a moved row, a flipped bit, another key in its place.

    Nothing is signed. Waiting does not mend it; somebody has to look.
    """


class SignerUnavailable(UnavailableError):  # noqa: N818
    """The signer, or who keeps the key for it, does not answer now. Intents wait, and nothing is lost."""

    def __init__(self, message: str) -> None:
        super().__init__("signer-unavailable", message)


class SigningRefused(Refusal):
    """The signer has looked and will not sign."""

    def __init__(self, code: str, message: _StrOrPromise = "", status: int = 409) -> None:
        super().__init__(code, message or REFUSED[code], status)


REFUSED = {
    "no-such-intent": _("Nothing was signed, because it is not on record that this was to be signed."),
    "key-cannot-sign": _("This key does not sign, or does not sign any more."),
    "signing-too-fast": _("More is asked of this key than it signs in a minute. Try again soon."),
    "order-out-of-bounds": _("This is more than the signer takes at once."),
}


class IdentityIsTheKey(Refusal):
    """With did:key the name of the issuer is its key, so a new key would be another issuer."""

    def __init__(self) -> None:
        super().__init__(
            "identity-is-the-key",
            _("This organisation is named by its key (did:key), so the key cannot be changed."),
        )


class TooManyKeys(Refusal):
    """A DID document lists every key there ever was, and no verifier reads an endless one (``cairn.did``)."""

    def __init__(self) -> None:
        super().__init__(
            "too-many-keys",
            _("An organisation has at most %(most)s keys in its life, and this one has had them.")
            % {"most": MAX_KEYS},
        )


class NoSigningKey(Refusal):
    def __init__(self) -> None:
        super().__init__("no-signing-key", _("This organisation has no key to sign with."))


class KeyAlreadyRevoked(Refusal):
    def __init__(self) -> None:
        super().__init__("key-already-revoked", _("This key has been revoked already."))


class KeyHeld(Refusal):
    """Somebody has said that it may be stolen, and the second person has not decided yet."""

    def __init__(self) -> None:
        super().__init__(
            "key-held",
            _("This key may be stolen, and signs nothing until a second owner has decided about that."),
        )
