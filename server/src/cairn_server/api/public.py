# SPDX-License-Identifier: Apache-2.0
"""How a public machine document is served: the same for every caller, cacheable, readable across origins.

No cookie and no token is looked at, so an answer can be kept by any cache and tells nobody who asked (B87,
B88). ``Cache-Control`` says the truth about the bytes; ``ETag`` is their digest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

ALLOWED = ("GET", "HEAD", "OPTIONS")


def public_document(view: View[P]) -> View[P]:
    """GET and HEAD for everyone, and the CORS answers that let a web wallet read it."""

    @wraps(view)
    def serve(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "OPTIONS":
            response = HttpResponse(status=204, headers={"Access-Control-Max-Age": "86400"})
        elif request.method in ("GET", "HEAD"):
            response = view(request, *args, **kwargs)
        else:
            response = HttpResponseNotAllowed(ALLOWED)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = ", ".join(ALLOWED)
        response["Access-Control-Allow-Headers"] = "Accept, If-None-Match, Cache-Control, Pragma"
        response["Access-Control-Expose-Headers"] = "ETag, Last-Modified"
        return response

    # A wrong method is answered with 405 before anybody asks for a token (B142): no cookie is looked at.
    return cast(View[P], csrf_exempt(serve))


def document(
    request: HttpRequest, body: bytes, *, media_types: tuple[str, ...], max_age: int
) -> HttpResponse:
    """The bytes as they are, under the name the caller prefers among those that mean the same.

    The first media type is what somebody without a preference gets. An ``Accept`` that names none of them
    still gets the document: a stranger's verifier that asks wrongly is better served than refused.
    """
    response = HttpResponse(body, content_type=_preferred(request, media_types))
    response["ETag"] = f'"{sha256(body).hexdigest()}"'
    response["Cache-Control"] = f"public, max-age={max_age}"
    response["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ["Accept"])
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _preferred(request: HttpRequest, media_types: tuple[str, ...]) -> str:
    if "Accept" not in request.headers:
        return media_types[0]
    return request.get_preferred_type(media_types) or media_types[0]
