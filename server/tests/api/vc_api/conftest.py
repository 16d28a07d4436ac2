# SPDX-License-Identifier: Apache-2.0
"""A suite at the door: it sends JSON, and a refusal is 400 or 422, never anything else."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import resolve
from server.tests.conftest import MONDAY

from cairn.canonical import SuiteContexts
from cairn.proof import data_integrity
from cairn.testing import demo_key, key_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

V2 = "https://www.w3.org/ns/credentials/v2"
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
EMBEDDED = (
    "eddsa-rdfc-2022",
    "eddsa-jcs-2022",
    "ecdsa-rdfc-2019/p256",
    "ecdsa-rdfc-2019/p384",
    "ecdsa-jcs-2019/p256",
    "ecdsa-jcs-2019/p384",
    "ecdsa-sd-2023",
    "status",
)
Document = dict[str, Any]


class Suite:
    """Sends what a conformance suite sends."""

    def __init__(self) -> None:
        self.client = Client(headers={"host": "cairn.example"})

    def get(self, path: str, **query: str) -> HttpResponse:
        return self.client.get(path, query)  # type: ignore[return-value]

    def post(self, path: str, body: Any) -> HttpResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.generic("POST", path, data, "application/json")  # type: ignore[return-value]

    def issue(self, instance: str, credential: Any, **options: Any) -> Document:
        """The secured credential of an instance."""
        body = {"credential": credential, "options": options}
        response = self.post(f"/vc-api/{instance}/credentials/issue", body)
        assert response.status_code == 201, response.content
        found: Document = response.json()["verifiableCredential"]
        return found

    def derive(self, credential: Document, *pointers: str) -> Document:
        body = {"verifiableCredential": credential, "options": {"selectivePointers": list(pointers)}}
        response = self.post("/vc-api/credentials/derive", body)
        assert response.status_code == 201, response.content
        found: Document = response.json()
        return found

    def refuses_to_issue(
        self, credential: Any, instance: str = "eddsa-rdfc-2022", **options: Any
    ) -> Document:
        """The problem of a refusal, which names its type in the vocabulary of the W3C."""
        body = {"credential": credential, "options": options}
        response = self.post(f"/vc-api/{instance}/credentials/issue", body)
        assert response.status_code in (400, 422), response.content
        assert response["Content-Type"] == "application/problem+json"
        problem: Document = response.json()
        assert problem["type"].startswith(("https://www.w3.org/", "https://w3id.org/security#"))
        return problem

    def verifies(self, credential: Any, **options: Any) -> bool:
        return self._verified("credentials", "verifiableCredential", credential, options)

    def verifies_presentation(self, presentation: Any, **options: Any) -> bool:
        return self._verified("presentations", "verifiablePresentation", presentation, options)

    def _verified(self, what: str, name: str, document: Any, options: Document) -> bool:
        response = self.post(f"/vc-api/{what}/verify", {name: document, "options": options})
        assert response.status_code in (200, 400, 422), response.content
        found = response.json()
        if response.status_code == 200:
            assert found["verified"] is True
            assert "errors" not in found
            return True
        for problem in found.get("errors", [found]):
            assert problem["type"].startswith(("https://www.w3.org/", "https://w3id.org/security#")), problem
        return False


@pytest.fixture
def switched_on(settings: Any) -> None:
    resolve("/")  # the usual table is made before the switch is turned, and stays without these addresses
    settings.DEVELOPMENT = settings.VC_API = True
    settings.ROOT_URLCONF = "server.tests.api.vc_api.addresses"


@pytest.fixture
def suite(switched_on: None) -> Suite:
    return Suite()


@pytest.fixture
def credential() -> Document:
    return {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "credentialSubject": {"id": "did:example:subject"},
    }


@pytest.fixture
def presentation() -> Document:
    return {"@context": [V2], "type": ["VerifiablePresentation"]}


@pytest.fixture
def presented() -> Callable[..., Document]:
    """Signs a presentation as its holder, whose DID is that of the demo key "holder"."""

    def sign(document: Document, **asked: str) -> Document:
        key = demo_key("holder")
        return data_integrity.sign(
            copy.deepcopy(document),
            key,
            verification_method=key_method(key.public_key),
            created=MONDAY,
            contexts=SuiteContexts(),
            purpose=data_integrity.PRESENTING,
            **asked,
        )

    return sign
