# SPDX-License-Identifier: Apache-2.0
"""A wallet of our own, for the tests of what goes wrong: it does everything right, but for what is said.

What goes right is tested with wallets that others wrote (``test_wallet_peers``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client
from django.utils import timezone
from server.tests.conftest import PUBLIC_URL

import cairn
from cairn.did import did_key
from cairn.keys import Algorithm, PrivateKey
from cairn.proof import jws
from cairn_server.issuing import invitations, offering

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse

    from cairn_server.issuing.models import CredentialOffer


def new_key(algorithm: Algorithm = Algorithm.ED25519) -> PrivateKey:
    return PrivateKey.generate(algorithm)


@dataclass
class Wallet:
    """One key, and a client without cookies at the public address."""

    key: PrivateKey = field(default_factory=new_key)
    client: Client = field(default_factory=lambda: Client(headers={"host": "cairn.example"}))

    @property
    def did(self) -> str:
        return did_key(self.key.public_key)

    @property
    def method(self) -> str:
        return f"{self.did}#{self.did.removeprefix('did:key:')}"

    # OpenID4VCI

    def offer(self, secret: str) -> dict[str, Any]:
        link = invitations.by_reference(secret, PUBLIC_URL)
        where = parse_qs(urlsplit(link).query)["credential_offer_uri"][0]
        return self.client.get(where.removeprefix(PUBLIC_URL)).json()

    def token(self, offer: dict[str, Any], code: str | None, **more: str) -> HttpResponse:
        [(grant, inside)] = offer["grants"].items()
        form = {"grant_type": grant, "pre-authorized_code": inside["pre-authorized_code"]}
        if code is not None:
            form["tx_code"] = code
        return self.client.post(path_of(offer["credential_issuer"]) + "/token", form | more)

    def nonce(self, offer: dict[str, Any]) -> str:
        return self.client.post(path_of(offer["credential_issuer"]) + "/nonce").json()["c_nonce"]

    def proof(self, offer: dict[str, Any], signed: str, *, header: Any = None, **claims: Any) -> str:
        said = {"aud": offer["credential_issuer"], "iat": int(timezone.now().timestamp()), "nonce": signed}
        said = {name: value for name, value in (said | claims).items() if value is not None}
        wanted = {"typ": "openid4vci-proof+jwt", "kid": self.method} if header is None else header
        return jws.sign(wanted, said, self.key)

    def ask(self, offer: dict[str, Any], token: str, body: Any) -> HttpResponse:
        return self.client.post(
            path_of(offer["credential_issuer"]) + "/credential",
            body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers={"authorization": f"Bearer {token}"},
        )

    def credential(
        self, offer: dict[str, Any], token: str, *, configuration: str = "ob3-ldp", proof: str | None = None
    ) -> HttpResponse:
        proof = proof or self.proof(offer, self.nonce(offer))
        body = {"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}}
        return self.ask(offer, token, body)

    def take(self, secret: str, *, configuration: str = "ob3-ldp") -> Any:
        """The whole flow, with the code that its holder reads on the page."""
        offer = self.offer(secret)
        token = self.token(offer, offering.transaction_code_of(secret)).json()["access_token"]
        return self.credential(offer, token, configuration=configuration).json()["credentials"][0][
            "credential"
        ]

    # VC-API

    def exchange(self, secret: str, body: Any) -> HttpResponse:
        return self.client.post(f"/exchanges/{secret}", json.dumps(body), content_type="application/json")

    def presentation(
        self, *, challenge: str, domain: str | None, at: datetime | None = None
    ) -> dict[str, Any]:
        signed = cairn.sign_presentation(
            [],
            self.key,
            verification_method=self.method,
            at=at or timezone.now(),
            challenge=challenge,
            domain=domain,
        )
        return json.loads(signed)


def path_of(url: str) -> str:
    return url.removeprefix(PUBLIC_URL)


@dataclass
class Offered:
    """An offer with its secret, as its holder's page has it."""

    offer: CredentialOffer
    secret: str

    @property
    def code(self) -> str:
        return offering.transaction_code_of(self.secret)
