# SPDX-License-Identifier: Apache-2.0
"""The service description: enough for a program that knows nothing of this host to begin."""

from __future__ import annotations

import json

import pytest
from server.tests.portability.conftest import program

from cairn_server.portability.scopes import OB3

pytestmark = pytest.mark.django_db


def test_it_names_every_address_and_every_scope():
    response = program().get("/ims/ob/v3p0/discovery")

    told = json.loads(response.content)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    scheme = told["components"]["securitySchemes"]["OAuth2ACG"]
    flow = scheme["flows"]["authorizationCode"]
    assert scheme["x-imssf-registrationUrl"] == "https://cairn.example/oauth/register"
    assert flow["authorizationUrl"] == "https://cairn.example/oauth/authorize"
    assert flow["tokenUrl"] == flow["refreshUrl"] == "https://cairn.example/oauth/token"
    assert {OB3 + "credential.readonly", "offline_access"} < set(flow["scopes"])
    assert told["servers"] == [{"url": "https://cairn.example/ims/ob/v3p0"}]
    # The text and its example put these in different places.
    assert told["info"]["x-imssf-privacyPolicyUrl"] == scheme["x-imssf-privacyPolicyUrl"]
    assert told["info"]["termsOfService"] == scheme["x-imssf-termsOfServiceUrl"]


def test_every_address_in_it_answers():
    browser = program()
    told = json.loads(browser.get("/ims/ob/v3p0/discovery").content)
    base = told["servers"][0]["url"].removeprefix("https://cairn.example")

    for path, operations in told["paths"].items():
        for method in operations:
            response = getattr(browser, method)(base + path)
            assert response.status_code == (200 if path == "/discovery" else 401), (method, path)
