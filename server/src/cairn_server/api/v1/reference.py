# SPDX-License-Identifier: Apache-2.0
"""The reference page of the interface, drawn from its own OpenAPI document.

Plain HTML of ours instead of a viewer from elsewhere: nothing inline, nothing loaded, readable without
JavaScript, and therefore inside the strict Content-Security-Policy of every other page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from ninja.openapi.docs import DocsBase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import _StrPromise as StrPromise
    from ninja import NinjaAPI

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    open: bool
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    body_types: tuple[str, ...]
    answers: tuple[tuple[str, tuple[Field, ...]], ...]


@dataclass(frozen=True, slots=True)
class Explained:
    code: str
    status: int
    meaning: StrPromise


# What this layer itself refuses. Codes of the verbs behind it are listed with the verbs, in the reference
# of errors; codes of the verifier are findings, not problems.
PROBLEMS = (
    Explained("bad-request", 400, _("The request cannot be read.")),
    Explained("form-parts", 400, _("A form must have exactly one part, named “file”.")),
    Explained("idempotency-key", 400, _("An Idempotency-Key has 1 to 80 visible ASCII characters.")),
    Explained("repeated-parameter", 400, _("A query parameter is given more than once.")),
    Explained("invalid-field", 400, _("A field says what cannot be; “errors” names it.")),
    Explained("unknown-cursor", 400, _("The cursor does not come from this list.")),
    Explained("token-required", 401, _("This operation needs a token.")),
    Explained("bad-token", 401, _("The token is unknown, revoked, or its person has lost the right to it.")),
    Explained("insufficient-scope", 403, _("The token lacks the scope that this operation needs.")),
    Explained("not-allowed", 403, _("The person behind the token may not do this any more.")),
    Explained("not-found", 404, _("There is nothing here, or it belongs to somebody else.")),
    Explained("method-not-allowed", 405, _("This address takes other methods; “Allow” lists them.")),
    Explained("limit-size", 413, _("The body is too large.")),
    Explained("media-type", 415, _("The content type is not a listed one, or the body is not of it.")),
    Explained("invalid-fields", 422, _("Some fields are missing or wrong; “errors” names each.")),
    Explained("idempotency-key-reused", 422, _("The Idempotency-Key was used for another award.")),
    Explained("unknown-achievement", 422, _("There is no such achievement version in this organisation.")),
    Explained("server-error", 500, _("Something went wrong on our side.")),
)


class Reference(DocsBase):
    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        document = api.get_openapi_schema(path_params=kwargs)
        return render(
            request,
            "api/reference.html",
            {
                "areas": areas(document),
                "problems": PROBLEMS,
                "openapi_url": self.get_openapi_url(api, kwargs),
            },
        )


def areas(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """The operations by their first tag, in the order of the document."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = _operation(document, path, method, methods[method])
                found.setdefault(methods[method]["tags"][0], []).append(operation)
    return found


def _operation(document: Mapping[str, Any], path: str, method: str, raw: Mapping[str, Any]) -> Operation:
    security = raw.get("security", ())
    content = raw.get("requestBody", {}).get("content", {})
    first_body: Mapping[str, Any] = next(iter(content.values()), {"schema": {}})["schema"]
    return Operation(
        id=raw["operationId"],
        method=method.upper(),
        path=path,
        summary=raw["summary"],
        description=raw.get("description", ""),
        scopes=tuple(scope for need in security for scopes in need.values() for scope in scopes),
        open={} in security,
        parameters=tuple(_parameters(raw)),
        body=tuple(_fields(document, first_body)),
        body_types=tuple(content),
        answers=tuple(
            (status, tuple(_fields(document, _schema_of(answer))))
            for status, answer in sorted(raw["responses"].items(), key=lambda item: str(item[0]))
            if status != "default"  # a problem, told once for all
        ),
    )


def _parameters(raw: Mapping[str, Any]) -> Iterator[Field]:
    for parameter in raw.get("parameters", ()):
        schema = parameter["schema"]
        yield Field(
            name=parameter["name"],
            kind=f"{parameter['in']}, {_kind(schema)}",
            required=parameter.get("required", False),
            description=parameter.get("description") or schema.get("description", ""),
        )


def _schema_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = next(iter(answer.get("content", {}).values()), {"schema": {}})
    return cast(Mapping[str, Any], content["schema"])


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "") -> Iterator[Field]:
    """Every field, and under it those of the objects it holds: ``recipient.email``, ``items[].id``."""
    schema = _resolved(document, schema)
    required = set(schema.get("required", ()))
    for name, about in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield Field(path, _kind(about), name in required, about.get("description", ""))
        inner, mark = (about.get("items", {}), "[]") if about.get("type") == "array" else (about, "")
        if "$ref" in inner:
            yield from _fields(document, inner, f"{path}{mark}.")


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    return cast(Mapping[str, Any], document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words: "text", "list of objects", "one of draft, published"."""
    if "$ref" in schema:
        return "object"
    if "anyOf" in schema:
        kinds = [_kind(option) for option in schema["anyOf"] if option.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return {"object": "list of objects", "text": "list of texts"}.get(
            _kind(schema.get("items", {})), "list"
        )
    if "format" in schema:
        return str(schema["format"])
    return {"string": "text", "object": "object"}.get(schema.get("type", ""), str(schema.get("type", "any")))
