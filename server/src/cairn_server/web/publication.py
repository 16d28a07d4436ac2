# SPDX-License-Identifier: Apache-2.0
"""One public address, several forms: which one was asked for, and the headers each is sent with.

A form for machines is the same for every caller: readable across origins, cacheable, without cookies. The
page for people says what is true this moment, so no cache may keep it (B151).
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

HTML = "text/html"
# Four names of one thing (VCDM 2.0 appendix C; the older ones are what wallets of today send).
CREDENTIAL_TYPES = ("application/vc", "application/vc+ld+json", "application/ld+json", "application/json")
# An achievement or a profile is JSON-LD, but not a credential.
JSON_LD_TYPES = ("application/ld+json", "application/json")
ALLOWED = ("GET", "HEAD", "OPTIONS")


def for_everyone(view: View[P]) -> View[P]:
    """GET, HEAD, and the CORS answers that let a web wallet read what it got."""

    @wraps(view)
    def serve(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "OPTIONS":
            response = HttpResponse(status=204, headers={"Access-Control-Max-Age": "86400"})
        elif request.method in ("GET", "HEAD"):
            response = view(request, *args, **kwargs)
        else:
            return HttpResponseNotAllowed(ALLOWED)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = ", ".join(ALLOWED)
        response["Access-Control-Allow-Headers"] = "Accept, If-None-Match"
        response["Access-Control-Expose-Headers"] = "ETag"
        return response

    # A wrong method is answered with 405 before anybody asks for a token (B142): no cookie is looked at.
    return cast("View[P]", csrf_exempt(serve))


def wanted(request: HttpRequest, offered: tuple[str, ...]) -> str:
    """The media type the caller likes best. Who has no preference, or none of ours, gets the first."""
    return request.get_preferred_type(offered) or offered[0]


def machine(
    request: HttpRequest, body: bytes, *, media_type: str, max_age: int, name: str = ""
) -> HttpResponse:
    """Bytes exactly as they are. ``name`` makes a browser save them (B109: they are never run as a page)."""
    response = HttpResponse(body, content_type=media_type)
    response["ETag"] = f'"{sha256(body).hexdigest()}"'
    response["Cache-Control"] = f"public, max-age={max_age}" + (
        ", immutable" if max_age >= 31_536_000 else ""
    )
    response["X-Content-Type-Options"] = "nosniff"
    if name:
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    response = get_conditional_response(request, etag=response["ETag"], response=response) or response
    if media_type == "image/svg+xml":
        # An SVG opened on its own is a document: it may draw and nothing else. "Not modified" says so too,
        # because a cache puts the headers of that answer in the place of those it has kept.
        response["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        )
    return response


def page(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Accept", "Accept-Language", "Cookie"])
    return response


def private(response: HttpResponse) -> HttpResponse:
    """Kept out of search engines, and its address out of other servers' logs."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


def varied(response: HttpResponse) -> HttpResponse:
    """For an address that answers in several forms: a cache must keep them apart (B151)."""
    patch_vary_headers(response, ["Accept"])
    return response
