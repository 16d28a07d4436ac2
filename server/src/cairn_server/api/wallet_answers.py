# SPDX-License-Identifier: Apache-2.0
"""How wallets are answered: readable for scripts of any origin, never kept, and refused in OAuth's words.

No cookie is looked at: what counts is a code, a token or a signature in the request itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from cairn.canonical import parse_json
from cairn.errors import CairnError
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# A presentation, or a token; nobody has more to say to us.
LONGEST_BODY = 64 * 1024


class Unreadable(Refusal):
    """The body is no JSON object, or not of the size that is read here."""

    def __init__(self) -> None:
        super().__init__("bad-request", "Send a JSON object.", status=400)


def for_wallets(*methods: str) -> Callable[[View[P]], View[P]]:
    """These methods for everyone, with the CORS answers that let a wallet in a browser read what it got."""
    allowed = (*methods, "OPTIONS")

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def serve(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method == "OPTIONS":
                response = HttpResponse(status=204, headers={"Access-Control-Max-Age": "86400"})
            elif request.method in methods:
                response = view(request, *args, **kwargs)
            else:
                response = HttpResponseNotAllowed(allowed)
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Allow-Methods"] = ", ".join(allowed)
            response["Access-Control-Allow-Headers"] = "Accept, Authorization, Content-Type"
            response["Access-Control-Expose-Headers"] = "WWW-Authenticate"
            response["Cache-Control"] = "no-store"
            response["Referrer-Policy"] = "no-referrer"
            response["X-Robots-Tag"] = "noindex, nofollow"
            return response

        return cast("View[P]", csrf_exempt(serve))

    return decorate


def answer(body: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type="application/json")


def refuse(error: str, description: str = "", *, status: int = 400, **more: Any) -> HttpResponse:
    """An error as OAuth has it (RFC 6749 section 5.2): a word for programs, a sentence for their authors."""
    body = {"error": error}
    if description:
        # The grammar allows no quotes, backslashes or letters beyond ASCII.
        plain = description.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")
        body["error_description"] = plain
    return answer(body | more, status=status)


def read(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty object."""
    if len(request.body) > LONGEST_BODY:
        raise Unreadable
    try:
        found = parse_json(request.body) if request.body.strip() else {}
    except CairnError:
        raise Unreadable from None
    if not isinstance(found, dict):
        raise Unreadable
    return found
