# SPDX-License-Identifier: Apache-2.0
"""Who keeps private halves: one protocol, and as many keepers as there are places.

    sealed    ciphertext in the database, opened in the signer's memory      (sealing.py, the default)
    pkcs11    inside a hardware module or a token; never comes out           (pkcs11.py)
    remote    inside another service, which is asked over HTTP               (remote.py)

A keeper is known only to the signer process. Each is held to the same tests
(server/tests/organisations/keys/test_custody.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cairn import Signer
    from cairn_server.organisations.keys.orders import Made, Making
    from cairn_server.organisations.models import SigningKey

SEALED = "sealed"
PKCS11 = "pkcs11"
REMOTE = "remote"


class Custody(Protocol):
    """Makes key pairs, gives whoever asks a signer, and forgets. Trouble is one of two kinds:

    ``SignerUnavailable``   now and perhaps not later: no answer, too much asked, a locked or missing token
    ``KeyUnavailable``      the private half is not there, or is another one than the row says
    """

    def make(self, making: Making) -> Made:
        """A new pair. ``Made.sealed`` is what ``open`` will need to find the private half."""
        ...

    def open(self, key: SigningKey) -> Signer:
        """The row's private half, ready to sign, after proof that it belongs to the row's public key."""
        ...

    def destroy(self, key: SigningKey) -> None:
        """Make sure that nobody signs with it again. A key that is gone already is no error."""
        ...
