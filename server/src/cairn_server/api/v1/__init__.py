# SPDX-License-Identifier: Apache-2.0
"""The REST interface, version 1: OpenAPI 3.1, bearer tokens with scopes, RFC 9457 problems.

Routers translate and call one service; every rule is in the services. Bodies go through the strict JSON
parser, fields and query parameters that are not declared are refused, and what belongs to another
organisation does not exist here (B135, B139, B155).
"""

from __future__ import annotations

import logging
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from cairn.canonical import parse_json
from cairn_server.api import problems
from cairn_server.api.v1 import (
    achievements,
    as_token,
    assessments,
    awards,
    batches,
    projects,
    reference,
    signals,
    standing,
    verification,
    webhooks,
)
from cairn_server.api.v1.tokens import Token, anonymous
from cairn_server.errors import Refusal
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.utils.datastructures import MultiValueDict
    from ninja.openapi.schema import OpenAPISchema

logger = logging.getLogger(__name__)

# RFC 6750 §3, with every answer to a token that is missing or no longer good.
CHALLENGE = 'Bearer realm="api"'

# Enough for any text that people write about an achievement; a credential to verify has its own limit.
MAX_BODY_BYTES = 256 * 1024


class StrictParser(Parser):
    """One JSON parser for everything that strangers send, and no repeated parameter (B15)."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        encoding = request.headers.get("Content-Encoding", "identity")
        if (request.content_type, charset, encoding) != ("application/json", "utf-8", "identity"):
            detail = _("Send JSON in UTF-8, without compression, as application/json.")
            raise Refusal("media-type", detail, status=415)
        if len(request.body) > MAX_BODY_BYTES:
            detail = _("The body may have at most %d bytes.") % MAX_BODY_BYTES
            raise Refusal("limit-size", detail, status=413)
        return parse_json(request.body)

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        repeated = sorted(name for name in data if len(data.getlist(name)) > 1 and name not in list_fields)
        if repeated:  # B15: two readers would take two different values
            detail = _("These parameters are given more than once: %s.") % ", ".join(repeated)
            raise Refusal("repeated-parameter", detail, status=400)
        return super().parse_querydict(data, list_fields, request)


PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Where this problem is explained"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people; it may change"},
        "code": {"type": "string", "description": "A word for programs; it does not change"},
        "errors": {
            "type": "array",
            "description": "Each wrong field, with its place",
            "items": {"type": "object"},
        },
    },
}


class Interface(NinjaAPI):
    """NinjaAPI whose document also says what it leaves out: scopes, and the one shape of a problem."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**options)
        document["components"]["schemas"]["Problem"] = PROBLEM
        for methods in document["paths"].values():
            for operation in methods.values():
                _complete(operation)
        return document


def _complete(operation: dict[str, Any]) -> None:
    operation["responses"]["default"] = {
        "description": "A problem (RFC 9457)",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if (scope := operation.pop("x-scope", None)) is not None:
        optional: list[dict[str, list[str]]] = [{}] if scope == Scope.VERIFY else []
        operation["security"] = [{"Token": [scope]}, *optional]


api = Interface(
    title="Cairn",
    version="1",
    description=(
        "Define achievements, award them, withdraw awards and verify credentials of any issuer. "
        "Send a token as “Authorization: Bearer …”; an organisation makes its tokens on its page “API”."
    ),
    urls_namespace="api-v1",
    docs=reference.Reference(),
    parser=StrictParser(),
    servers=[{"url": settings.PUBLIC_URL}],
)
api.add_router("", achievements.router, tags=["Achievements"])
api.add_router("", awards.router, tags=["Awards"])
api.add_router("", as_token.router, tags=["Awards"])
api.add_router("", batches.router, tags=["Batches"])
api.add_router("", assessments.router, tags=["Assessments"])
api.add_router("", projects.router, tags=["Projects"])
api.add_router("", signals.router, tags=["Signals"])
api.add_router("", standing.router, tags=["Standing"])
api.add_router("", webhooks.router, tags=["Webhooks"])
# Verification has its callers named here, because its module may not know of tokens and organisations.
api.add_router("", verification.router, tags=["Verification"], auth=[Token(Scope.VERIFY), anonymous])


def _answered(request: HttpRequest, error: Any) -> HttpResponse:
    response = problems.answer(error)
    assert response is not None, f"no problem stands for {type(error).__name__}"
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response


for _kind in problems.ANSWERED:
    api.add_exception_handler(_kind, _answered)


@api.exception_handler(AuthenticationError)
def _unauthorised(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.problem(
        401,
        "token-required",
        _("Send a token that is still in use as “Authorization: Bearer …”."),
        headers={"WWW-Authenticate": CHALLENGE},
    )


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    # Ninja says "400, cannot parse" of whatever its parser raised; the reason is behind it.
    reason = problems.answer(error.__cause__) if isinstance(error.__cause__, Exception) else None
    return reason or problems.problem(error.status_code, "bad-request", error.message)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    """Every mistake with its place, and never the value: it may be a secret in the wrong field."""
    mistakes = [
        {"in": found["loc"][0], "field": ".".join(map(str, found["loc"][1:])), "detail": found["msg"]}
        for found in error.errors
    ]
    return problems.problem(422, "invalid-fields", _("Some fields are missing or wrong."), errors=mistakes)


@api.exception_handler(Exception)
def _mistake_of_ours(request: HttpRequest, error: Any) -> HttpResponse:
    logger.error("unhandled error in %s %s", request.method, request.path, exc_info=error)
    return problems.server_error()


def problem_urls(ninja: NinjaAPI) -> tuple[list[URLPattern], str, str]:
    """The routes, with "method not allowed" as a problem too: that one answer has no hook."""
    patterns, app_name, namespace = ninja.urls
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        pattern.callback = _as_problem(pattern.callback)
    return patterns, app_name, namespace  # type: ignore[return-value]


def _as_problem(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404:  # from the bare prefix, which is no operation
            return problems.not_found()
        if isinstance(response, HttpResponseNotAllowed):
            return problems.method_not_allowed(response["Allow"])
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return serve
