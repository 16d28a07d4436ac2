# SPDX-License-Identifier: Apache-2.0
"""The calls of VC-API, in the shapes in which the W3C suites send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from cairn.canonical import to_json
from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.issuing import derive as derive_copy
from cairn.conformance.issuing import issue, issue_enveloped, refuse_unfit
from cairn.conformance.judging import judge_credential, judge_presentation, question_of
from cairn.conformance.resolving import resolve
from cairn.credential.shapes import as_list
from cairn.errors import MalformedError
from cairn.keys import Algorithm
from cairn.proof import data_integrity
from cairn_server.api import problems
from cairn_server.api.public import document
from cairn_server.api.vc_api import lists
from cairn_server.api.vc_api.instances import CURVES_BY_NAME, INSTANCES, JOSE, STATUS, Instance, find
from cairn_server.api.vc_api.requests import answer, body_of, call, judged, member, pointers

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from cairn.conformance.judging import Judgement

RESOLUTION = 'application/ld+json;profile="https://w3id.org/did-resolution"'


@call("GET")
def index(request: HttpRequest) -> HttpResponse:
    """Every instance with its issuer and its address, in the form of an entry of a suite's configuration."""
    tags = [
        *dict.fromkeys(tag for instance in INSTANCES for tag in instance.tags),
        data_integrity.ED25519_2020,
    ]
    return answer(
        {
            "name": "Cairn",
            "implementation": "Cairn",
            "policy": W3C_TEST_SUITE.name,
            "issuers": [_issuer(instance) for instance in INSTANCES],
            "verifiers": [_party("vc-api-verify", tags)],
            "vpVerifiers": [_party("vc-api-verify-presentation", tags)],
            "vcHolders": [_party("vc-api-derive", ["vcHolder", data_integrity.ECDSA_SD])],
            "didResolvers": [
                {**_party("vc-api", ["did-key"]), "endpoint": f"{_address('vc-api')}/identifiers"}
            ],
        },
        status=200,
    )


def _issuer(instance: Instance) -> dict[str, Any]:
    curve = instance.algorithm.value
    return {
        "id": instance.did,
        "endpoint": _address("vc-api-issue", instance.name),
        "tags": list(instance.tags),
        **({} if instance.algorithm is Algorithm.ED25519 else {"supportedEcdsaKeyTypes": [curve]}),
        # Neither tokens nor status entries of this kind have a place in VC 1.1.
        "supports": {
            "vc": ["2.0"] if instance.name in (JOSE, STATUS) else ["1.1", "2.0"],
            "keyTypes": [curve],
        },
    }


def _party(name: str, tags: list[str]) -> dict[str, Any]:
    """Whoever has no key of its own and takes every kind."""
    curves = [algorithm.value for algorithm in CURVES_BY_NAME.values()]
    return {
        "id": _address("vc-api"),
        "endpoint": _address(name),
        "tags": tags,
        "supportedEcdsaKeyTypes": curves,
        "supports": {"vc": ["1.1", "2.0"], "keyTypes": curves},
    }


def _address(name: str, *arguments: str) -> str:
    return str(settings.PUBLIC_URL) + reverse(name, args=arguments)


@call("POST")
def issue_credential(request: HttpRequest, name: str) -> HttpResponse:
    """201 with the secured credential; the issuer that was sent is kept, whoever it is."""
    instance = find(name)
    if instance is None:
        return problems.not_found()
    body = body_of(request)
    credential = member(body, "credential")
    mandatory = pointers(body.get("options"), "mandatoryPointers")
    at = timezone.now()
    if instance.cryptosuite is None:
        secured = issue_enveloped(
            credential, instance.key, kid=instance.verification_method, policy=W3C_TEST_SUITE
        )
        return answer({"verifiableCredential": secured}, status=201)
    if instance.name == STATUS:
        credential = _with_status(credential)
    secured = issue(
        credential,
        instance.key,
        verification_method=instance.verification_method,
        at=at,
        cryptosuite=instance.cryptosuite,
        mandatory_pointers=mandatory,
        policy=W3C_TEST_SUITE,
    )
    return answer({"verifiableCredential": secured}, status=201)


def _with_status(credential: dict[str, Any]) -> dict[str, Any]:
    """The credential with an entry of its own; one that cannot be signed takes none."""
    refuse_unfit(credential, policy=W3C_TEST_SUITE)
    identifier = credential.get("id")
    entry = lists.entry_for(identifier if isinstance(identifier, str) else None)
    if "credentialStatus" in credential:
        return {**credential, "credentialStatus": [*as_list(credential["credentialStatus"]), entry]}
    return {**credential, "credentialStatus": entry}


@call("POST")
def verify_credential(request: HttpRequest) -> HttpResponse:
    return _verified(request, "verifiableCredential", judge_credential)


@call("POST")
def verify_presentation(request: HttpRequest) -> HttpResponse:
    return _verified(request, "verifiablePresentation", judge_presentation)


def _verified(request: HttpRequest, name: str, judge: Callable[..., Judgement]) -> HttpResponse:
    body = body_of(request)
    judgement = judge(
        member(body, name),
        question_of(body.get("options")),
        sources=import_string(settings.SOURCES)(),
        at=timezone.now(),
        policy=W3C_TEST_SUITE,
    )
    return judged(judgement)


@call("POST")
def derive(request: HttpRequest) -> HttpResponse:
    """201 with the derived credential itself, in no wrapper."""
    body = body_of(request)
    copy = derive_copy(
        member(body, "verifiableCredential"),
        selective_pointers=pointers(body.get("options"), "selectivePointers"),
        policy=W3C_TEST_SUITE,
    )
    return answer(copy, status=201)


@call("POST")
def set_status(request: HttpRequest) -> HttpResponse:
    """VCALM "Update Status": 200, or 404 for a credential that this run has not issued."""
    body = body_of(request)
    identifier, entry = body.get("credentialId"), member(body, "credentialStatus")
    if not isinstance(identifier, str):
        raise MalformedError("options", "The body has no text 'credentialId'.")
    if entry.get("type") != "BitstringStatusListEntry" or entry.get("statusPurpose") != "revocation":
        raise MalformedError("status-purpose", "Only a BitstringStatusListEntry for revocation is kept here.")
    if not lists.register.revoke(identifier):
        return problems.not_found()
    return answer({}, status=200)


@call("GET")
def status_list(request: HttpRequest) -> HttpResponse:
    """The suites' own client reads JSON by its old name only, so whoever has no preference gets that."""
    body = to_json(lists.list_credential(at=timezone.now()))
    return document(request, body, media_types=("application/json", "application/vc"), max_age=0)


@call("GET")
def identifiers(request: HttpRequest, did: str) -> HttpResponse:
    """did:key resolution; the DID, or the URL of one of its methods, is percent-encoded in the path."""
    found = resolve(
        did,
        key_format=request.GET.get("publicKeyFormat", "Multikey"),
        experimental=request.GET.get("enableExperimentalPublicKeyTypes") == "true",
    )
    response = answer(found.body, status=400 if found.error else 200)
    response["Content-Type"] = RESOLUTION
    return response
