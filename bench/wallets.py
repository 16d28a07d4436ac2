# SPDX-License-Identifier: Apache-2.0
"""What it costs the server that a wallet takes a credential over OpenID4VCI: three requests through the whole
WSGI application (token, nonce, credential), with its limits, two signatures checked, one made and verified,
and all of it written down; against three calls of a view that returns one line through the same stack.

The wallet's own signature is in our time as well: it is a thousandth of it.
"""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench import installation, pages
from bench.measure import Comparison, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("wallet.ldp", "wallet.jwt")
# More than one run takes; each is for one wallet.
OFFERS = 3_000


def comparisons(only: str) -> Iterator[Comparison]:
    if not any(name.startswith(only) for name in NAMES):
        return
    secrets, issuer = _offers()
    visit = pages.visitor()

    from django.utils import timezone

    from cairn.did import did_key
    from cairn.keys import Algorithm, PrivateKey
    from cairn.proof import jws
    from cairn_server.issuing import offering
    from cairn_server.issuing.invitations import PRE_AUTHORIZED

    path = issuer.removeprefix(installation.PUBLIC_URL)

    def take(number: int, configuration: str) -> pages.Answer:
        secret = secrets.pop()
        # Neighbours, so that nobody is over the limit.
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        form = {
            "grant_type": PRE_AUTHORIZED,
            "pre-authorized_code": offering.code_of(secret),
            "tx_code": offering.transaction_code_of(secret),
        }
        token = json.loads(
            visit(
                f"{path}/token",
                urlencode(form).encode(),
                address=address,
                CONTENT_TYPE="application/x-www-form-urlencoded",
            )[1]
        )["access_token"]
        nonce = json.loads(visit(f"{path}/nonce", b"", address=address)[1])["c_nonce"]
        key = PrivateKey.generate(Algorithm.ED25519)
        did = did_key(key.public_key)
        claims = {"aud": issuer, "iat": int(timezone.now().timestamp()), "nonce": nonce}
        proof = jws.sign({"typ": "openid4vci-proof+jwt", "kid": f"{did}#{did[8:]}"}, claims, key)
        body = {"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}}
        return visit(
            f"{path}/credential",
            json.dumps(body).encode(),
            address=address,
            CONTENT_TYPE="application/json",
            HTTP_AUTHORIZATION=f"Bearer {token}",
        )

    def is_handed_over(_number: int, answer: pages.Answer) -> bool:
        return answer[0] == "200 OK" and b'"credentials":[{"credential":' in answer[1]

    trivial = Side(
        "a trivial Django view, same stack, three times",
        lambda _number: [visit("/bench/trivial") for _ in range(3)],
        lambda _number, answers: all(answer[1].endswith(b"<p>Hello.") for answer in answers),
    )
    for name, configuration in zip(NAMES, ("ob3-ldp", "ob3-jwt"), strict=True):
        ours = Side("Cairn", lambda number, form=configuration: take(number, form), is_handed_over)
        yield Comparison(name, ours, trivial)


def _offers() -> tuple[list[str], str]:
    """Secrets of offers that are open for an hour, and the credential issuer that they are of."""
    version = installation.start()

    from django.utils import timezone

    from cairn_server.accounts.models import Person, random_id
    from cairn_server.issuing import invitations, offering, services
    from cairn_server.issuing.models import CredentialOffer

    at, owner = timezone.now(), Person.objects.get()
    credential = services.award(
        by=owner,
        version=version,
        recipient=services.Recipient("Learner", "wallets@bench.example"),
        request_key="bench:wallets",
        at=at,
    )
    secrets = [random_id() for _ in range(OFFERS)]
    CredentialOffer.objects.bulk_create(
        CredentialOffer(
            credential=credential,
            person=owner,
            secret_sha256=sha256(secret.encode()).hexdigest(),
            code_sha256=sha256(offering.code_of(secret).encode()).hexdigest(),
            created_at=at,
            expires_at=at + timedelta(hours=1),
        )
        for secret in secrets
    )
    return secrets, invitations.credential_issuer(credential.organisation, installation.PUBLIC_URL)
