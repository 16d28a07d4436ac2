# SPDX-License-Identifier: Apache-2.0
"""Somebody who asks, somebody who holds, and a wallet elsewhere that answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import award, credential, sources_of, version
from server.tests.wallet_app import Wallet
from server.tests.wallets.conftest import KEY, METHOD, document_of, keep

import cairn
from cairn import checks
from cairn.testing import FixedSources
from cairn_server.issuing import claiming, copies
from cairn_server.issuing.signing import Format
from cairn_server.presenting import dcql, services
from cairn_server.wallets.models import HeldCredential
from cairn_server.wallets.possession import Holder

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential
    from cairn_server.presenting.models import PresentationRequest

__all__ = ["award", "credential", "keep", "version"]

CHECKS = checks.DEFAULT_CHECKS


@dataclass
class Asked:
    """A request as a wallet has it, and what a wallet may do with it."""

    row: PresentationRequest
    wallet: Wallet
    sources: Any

    @property
    def secret(self) -> str:
        return services.secret_of(self.row)

    @property
    def request(self) -> Any:
        return services.request_of(self.row, self.secret, PUBLIC_URL, signed=True)

    def present(self, secured: bytes, **changes: Any) -> dict[str, Any]:
        """A presentation that answers the question, but for what is said otherwise."""
        usual = {"challenge": self.request.nonce, "domain": self.request.client_id}
        key, method = changes.pop("key", self.wallet.key), changes.pop("method", self.wallet.method)
        return json.loads(
            cairn.sign_presentation([secured], key, verification_method=method, at=MONDAY, **usual | changes)
        )

    def answer(self, *presentations: Any, wanted: str = "badge", **changes: Any) -> PresentationRequest:
        said = {"vp_token": json.dumps({wanted: list(presentations)}), "state": self.request.state}
        said = {name: value for name, value in (said | changes).items() if value is not None}
        return services.receive(self.secret, said, PUBLIC_URL, sources=self.sources, checks=CHECKS, at=MONDAY)


@pytest.fixture
def wallet() -> Wallet:
    return Wallet()


@pytest.fixture
def copy(credential: Credential, wallet: Wallet) -> bytes:
    """Lena's award as her wallet elsewhere has it."""
    holder = Holder(wallet.did, wallet.key.public_key)
    return copies.copy_for(credential, holder, format=Format.JSON, at=MONDAY)


@pytest.fixture
def emma(person: Callable[..., Person]) -> Person:
    """Somebody who hires."""
    return person("Emma")


@pytest.fixture
def ask(emma: Person, credential: Credential, wallet: Wallet) -> Callable[..., Asked]:
    """Emma asks for a badge."""

    def make(**changes: Any) -> Asked:
        usual: dict[str, Any] = {
            "by": emma,
            "asker": "Kiln & Co.",
            "purpose": "You applied as a kiln operator.",
            "query": dcql.for_badges(),
            "until": TUESDAY,
            "at": MONDAY,
        }
        return Asked(services.ask(**usual | changes), wallet, sources_of(credential))

    return make


@pytest.fixture
def held(credential: Credential, learner: Person) -> HeldCredential:
    """The award in Lena's wallet here."""
    claiming.accept_waiting(learner, at=MONDAY)
    return HeldCredential.objects.get(person=learner)


CLAIMS = {
    "iss": METHOD.partition("#")[0],
    "vct": "https://lakeside.example/types/first-firing",
    "given_name": "Lena",
    "birthdate": "1999-04-02",
    "level": 3,
}


@pytest.fixture
def held_sd_jwt(learner: Person) -> HeldCredential:
    """An SD-JWT VC that Lena has brought, of which she may keep back her name and her birthday."""
    return keep_sd_jwt(learner)


def keep_sd_jwt(holder: Person) -> HeldCredential:
    from cairn_server.wallets import services as wallets

    secured = cairn.sign_sd_jwt_vc(
        CLAIMS,
        KEY,
        kid=METHOD,
        disclose=["/given_name", "/birthdate"],
        at=MONDAY,
    ).encode()
    report = cairn.Verifier(FixedSources(), (checks.structure, checks.proof)).verify(secured, at=MONDAY)
    examined = cairn.Verifier(FixedSources()).examine(secured, at=MONDAY)
    return wallets.keep(report, holder=holder, secured=secured, at=MONDAY, checked=examined).held


__all__ += ["document_of"]
