# SPDX-License-Identifier: Apache-2.0
"""Nothing of VC-API exists unless it is switched on in development, and no other door has its policy (N1)."""

import json

import pytest
from django.core import checks
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, get_resolver, resolve, reverse
from server.tests.api.vc_api.conftest import EMBEDDED, Suite

from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.issuing import issue
from cairn.testing import NOON, demo_key, key_method
from cairn_server.api.vc_api.instances import INSTANCES, find
from cairn_server.api.vc_api.requests import is_on
from cairn_server.config.checks import SERVE
from cairn_server.organisations.models import SigningKey

PATHS = (
    "/vc-api",
    "/vc-api/credentials/verify",
    "/vc-api/presentations/verify",
    "/vc-api/credentials/derive",
    "/vc-api/credentials/status",
    "/vc-api/status/list",
    "/vc-api/jose/credentials/issue",
    "/vc-api/identifiers/did:key:z6Mk",
    *(f"/vc-api/{name}/credentials/issue" for name in EMBEDDED),
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_switch_there_is_nothing(db, path, method):
    client = Client(headers={"host": "cairn.example"})

    assert getattr(client, method)(path, {}).status_code in (403, 404)
    with pytest.raises(Resolver404):
        resolve(path)


def test_without_the_switch_no_name_leads_there():
    named = [name for name in get_resolver().reverse_dict if "vc-api" in str(name)]

    assert named == []
    with pytest.raises(NoReverseMatch):
        reverse("vc-api")


@pytest.mark.parametrize(("development", "vc_api"), [(False, True), (True, False), (False, False)])
@pytest.mark.parametrize("path", PATHS)
def test_every_call_asks_again_whether_it_exists(suite, settings, development, vc_api, path):
    settings.DEVELOPMENT, settings.VC_API = development, vc_api

    assert not is_on()
    assert suite.get(path).status_code == suite.post(path, {}).status_code == 404


@pytest.mark.django_db
def test_production_does_not_start_with_it(settings):
    settings.VC_API = True

    found = {problem.id for problem in checks.run_checks(tags=[SERVE], include_deployment_checks=True)}

    assert "cairn.E010" in found


def test_n1_no_other_address_accepts_what_only_the_relaxed_policy_accepts(db, suite):
    """A credential in somebody else's name: a yes below /vc-api, a no at every public verifier."""
    key = demo_key()
    forged = issue(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "issuer": "did:web:university.example",
            "credentialSubject": {"id": "did:example:subject"},
        },
        key,
        verification_method=key_method(key.public_key),
        at=NOON,
        cryptosuite="eddsa-rdfc-2022",
        policy=W3C_TEST_SUITE,
    )
    # Words that might ask for it, should somebody ever listen to one.
    asking = {**forged, "policy": "w3c-test-suite"}
    client = Client(headers={"host": "cairn.example"})

    assert suite.verifies(forged)
    for document in (forged, asking):
        for path in ("/api/v1/verify", "/api/v1/verify?policy=w3c-test-suite"):
            body = json.dumps(document).encode()
            answer = client.generic("POST", path, body, "application/json")
            assert answer.status_code != 200 or answer.json()["accepted"] is False


def test_the_instances_are_those_of_the_documentation():
    assert [instance.name for instance in INSTANCES] == [*EMBEDDED[:-1], "jose", "status"]
    assert find("ecdsa-sd-2023/p256") is find("ecdsa-sd-2023")
    assert find("ecdsa-rdfc-2019") is find("ecdsa-rdfc-2019/p256")
    assert find("ecdsa-jcs-2019") is find("ecdsa-jcs-2019/p256")
    assert find("rsa") is None


def test_every_instance_has_a_key_of_its_own_that_stays(settings):
    dids = [instance.did for instance in INSTANCES]
    assert len(set(dids)) == len(dids)
    assert dids == [instance.did for instance in INSTANCES]

    settings.SECRET_KEY = "another installation"
    assert not set(dids) & {instance.did for instance in INSTANCES}


def test_no_key_of_an_organisation_is_one_of_them(db, organisation):
    ours = {instance.key.public_key.multikey() for instance in INSTANCES}
    theirs = {key.multikey for key in SigningKey.objects.all()}

    assert theirs
    assert not ours & theirs


def test_the_index_lists_every_instance_with_its_issuer(suite):
    found = suite.get("/vc-api").json()

    assert found["policy"] == "w3c-test-suite"
    assert [(issuer["id"], issuer["endpoint"]) for issuer in found["issuers"]] == [
        (instance.did, f"https://cairn.example/vc-api/{instance.name}/credentials/issue")
        for instance in INSTANCES
    ]
    curves = [issuer.get("supportedEcdsaKeyTypes") for issuer in found["issuers"]]
    assert curves == [None, None, ["P-256"], ["P-384"], ["P-256"], ["P-384"], ["P-256"], ["P-256"], None]
    for parties in ("issuers", "verifiers", "vpVerifiers", "vcHolders", "didResolvers"):
        assert all(party.keys() >= {"id", "endpoint", "tags", "supports"} for party in found[parties])
    [verifier], [holder] = found["verifiers"], found["vcHolders"]
    assert verifier["endpoint"] == "https://cairn.example/vc-api/credentials/verify"
    assert "Ed25519Signature2020" in verifier["tags"]
    assert holder["tags"] == ["vcHolder", "ecdsa-sd-2023"]
    assert found["didResolvers"][0]["endpoint"] == "https://cairn.example/vc-api/identifiers"


@pytest.mark.parametrize("path", PATHS)
def test_the_other_method_is_refused(suite, path):
    reads = path == "/vc-api" or "/status/list" in path or "identifiers" in path

    response = suite.post(path, {}) if reads else suite.get(path)

    assert response.status_code == 405


def test_an_instance_that_is_none_is_not_there(suite, credential):
    for name in ("rsa", "ecdsa-rdfc-2019/p521", "eddsa-rdfc-2022/p256", "x/y/z"):
        response = suite.post(f"/vc-api/{name}/credentials/issue", {"credential": credential})
        assert response.status_code == 404


BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a name twice": b'{"credential": {}, "credential": {}}',
    "not a number": b'{"credential": NaN}',
    "too deep": b'{"credential":' + b"[" * 40 + b"]" * 40 + b"}",
    "no credential": b"{}",
    "a text": b'{"credential": "x", "verifiableCredential": "x", "verifiablePresentation": 1}',
    "null": b'{"credential": null, "verifiableCredential": null, "verifiablePresentation": null}',
    "options that are none": (
        b'{"credential": {}, "verifiableCredential": {}, "verifiablePresentation": {}, "options": 7}'
    ),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith(("issue", "verify", "derive"))])
def test_b11_a_body_that_is_none_is_malformed(suite: Suite, path, body):
    response = suite.post(path, body)

    assert response.status_code == 400
    assert response.json().get("type") or response.json()["errors"][0]["type"]


def test_a_body_that_is_too_large_is_malformed(suite, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    response = suite.post("/vc-api/credentials/verify", b'{"a": "' + b"x" * 200 + b'"}')

    assert (response.status_code, response.json()["code"]) == (400, "limit-size")
