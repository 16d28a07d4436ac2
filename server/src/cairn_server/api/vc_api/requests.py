# SPDX-License-Identifier: Apache-2.0
"""What a suite sends and what it gets back: JSON both ways, and a refusal is 400 or 422, never 5xx.

400 is malformed, 422 is well formed and refused. Every problem has its type in the vocabulary of the W3C
texts (RFC 9457; VCDM 2.0 §7.2, Data Integrity §4.7, Bitstring Status List §3.5).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from cairn.canonical import parse_json, to_json
from cairn.errors import CairnError, MalformedError, UnavailableError, problem_type
from cairn_server.api import problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.checks import Finding
    from cairn.conformance.judging import Judgement

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

_TITLES = {400: "Malformed", 422: "Refused"}


def is_on() -> bool:
    """Whether this part of the server exists at all."""
    return bool(settings.DEVELOPMENT and settings.VC_API)


def call(method: str) -> Callable[[View[P]], View[P]]:
    """A call with this HTTP method. Each request asks again whether it exists; no cookie is looked at."""

    def decorate(view: View[P]) -> View[P]:
        @csrf_exempt
        @wraps(view)
        def serve(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not is_on():
                raise Http404
            if request.method != method:
                return problems.method_not_allowed(method)
            try:
                return view(request, *args, **kwargs)
            except CairnError as error:
                return refused(error)
            except (RequestDataTooBig, UnreadablePostError):
                return refused(MalformedError("limit-size", "The body is too large, or broke off."))

        return cast("View[P]", serve)

    return decorate


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The body as one JSON object, read as strictly as any credential (B1–B11)."""
    return parse_json(request.body)


def member(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A member of the body that must be an object."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise MalformedError("options", f"The body has no object {name!r}.")
    return value


def pointers(options: Any, name: str) -> list[str]:
    """The JSON pointers in ``options``; none when they are left out."""
    if options is not None and not isinstance(options, dict):
        raise MalformedError("options", "'options' is an object.")
    listed = (options or {}).get(name, [])
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise MalformedError("options", f"{name!r} is a list of JSON pointers.")
    return listed


def answer(value: Any, *, status: int) -> HttpResponse:
    response = HttpResponse(to_json(value), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


def judged(judgement: Judgement) -> HttpResponse:
    """200 without errors, or every error with its type; what does not decide is a warning."""
    warnings = [_problem(finding) for finding in judgement.warnings]
    if judgement.verified:
        return answer({"verified": True, "warnings": warnings}, status=200)
    status = 400 if any(finding.check == "structure" for finding in judgement.errors) else 422
    errors = [{**_problem(finding), "status": status} for finding in judgement.errors]
    return answer({"verified": False, "errors": errors, "warnings": warnings}, status=status)


def refused(error: CairnError) -> HttpResponse:
    """One problem. Whatever could not be had is no success either, and no fault of this server's."""
    status = 400 if isinstance(error, MalformedError) else 422
    check = "status" if isinstance(error, UnavailableError) else ""
    problem = {
        "type": problem_type(error.code, check=check),
        "title": _TITLES[status],
        "status": status,
        "detail": error.message,
        "code": error.code,
    }
    response = answer(problem, status=status)
    response["Content-Type"] = problems.MEDIA_TYPE
    return response


def _problem(finding: Finding) -> dict[str, Any]:
    return {
        "type": problem_type(finding.code, check=finding.check),
        "title": finding.check,
        "detail": finding.message,
        "code": finding.code,
    }
