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
from ninja.openapi.docs import DocsBase

from cairn_server.api.problems import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse
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


def _fields(
    document: Mapping[str, Any],
    schema: Mapping[str, Any],
    prefix: str = "",
    within: frozenset[str] = frozenset(),
) -> Iterator[Field]:
    """Every field, and under it those of the objects it holds: ``recipient.email``, ``items[].id``.

    What can hold itself (a report has parts, a part a report) is listed once.
    """
    within |= {str(schema.get("$ref"))}
    schema = _resolved(document, schema)
    required = set(schema.get("required", ()))
    for name, about in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield Field(path, _kind(about), name in required, about.get("description", ""))
        inner, mark = (about.get("items", {}), "[]") if about.get("type") == "array" else (about, "")
        if "$ref" in inner and inner["$ref"] not in within:
            yield from _fields(document, inner, f"{path}{mark}.", within)


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
