# SPDX-License-Identifier: Apache-2.0
"""What is true of every request: one address, safe headers, limits, and one shape for every refusal."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpResponse, StreamingHttpResponse, UnreadablePostError
from django.middleware.locale import LocaleMiddleware
from django.template.loader import select_template
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn_server.accounts import limits
from cairn_server.api import problems, refused
from cairn_server.config import addresses
from cairn_server.errors import Refusal
from cairn_server.web import language

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    Answer = Callable[[HttpRequest], HttpResponse]

logger = logging.getLogger(__name__)

WALLETS = ("/oid4vci/", "/openid4vp/", "/exchanges/")
# Where codes are typed in: of a room, of a place.
CODES = ("/attend", "/earn/start/")
# Programs of other sites that a learner let in.
SITES = "/ims/"
OAUTH = ("/oauth/register", "/oauth/token", "/oauth/revoke")
# Whoever asks below these gets a problem document and no page.
FOR_MACHINES = ("/api/", SITES, *OAUTH, *WALLETS)


class NoBodyForHead:
    """HEAD is answered with the headers that GET would get, and not one byte more (RFC 9110 section 9.3.2).

    Outermost, so that it holds for every answer: pages, files, problems and refusals alike. On a connection
    that is kept open, the bytes of a body would be read as the next answer.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "HEAD":
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = iter(())
            else:
                response.headers.setdefault("Content-Length", str(len(response.content)))
                response.content = b""
        return response


class PublicAddress:
    """This server has one public address, and its scheme is known (B152).

    Behind a proxy that ends TLS, requests arrive as http. What a header says about it could be a
    stranger's claim; what PUBLIC_URL says is the operator's word.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META["wsgi.url_scheme"] = urlsplit(settings.PUBLIC_URL).scheme or "http"
        return self.get_response(request)


class SecurityHeaders:
    """Headers that tell a browser what this page will never do, and a cache what it may keep (H14)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        response.headers.setdefault("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        if settings.PUBLIC_URL.startswith("https:"):
            response.headers.setdefault(
                "Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}"
            )
        self._decide_caching(request, response)
        return response

    def _decide_caching(self, request: HttpRequest, response: HttpResponse) -> None:
        """Private unless a view says otherwise, and a view that looked at the session may not (B151)."""
        response.headers.setdefault("Cache-Control", "no-store")
        if "public" not in response.headers["Cache-Control"]:
            return
        if getattr(request, "session", None) is not None and request.session.accessed:
            response.headers["Cache-Control"] = "no-store"
            return
        # A cookie on a page that caches may keep would be handed to the next reader.
        response.cookies.clear()


class Language(LocaleMiddleware):
    """The reader's language; what is not written for readers has none, and does not vary by it.

    A signed document is the same for everybody. A cache told otherwise would keep a copy for each browser.
    """

    WRITTEN_FOR_READERS = ("text/html", problems.MEDIA_TYPE)

    def process_view(self, request: HttpRequest, view: Callable, args: object, kwargs: object) -> None:
        """A page that is not translated is English from top to bottom, and remembers what was asked for."""
        if request.resolver_match is not None and request.resolver_match.route.startswith(
            language.IN_ENGLISH
        ):
            request.asked_language = translation.get_language()  # type: ignore[attr-defined]
            translation.activate("en")
            request.LANGUAGE_CODE = "en"

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith(self.WRITTEN_FOR_READERS):
            return super().process_response(request, response)
        return response


class RateLimits:
    """How often a stranger may try to sign in, have something verified, or call the API (B149)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            for name, who in limited(request):
                limit = settings.RATE_LIMITS[name]
                limits.Limit(name, limit["burst"], limit["per_minute"]).take(who, at=timezone.now())
        except (limits.TooMany, UnreadablePostError, OperationalError) as error:
            return answer(request, error) or HttpResponse(status=400)
        return self.get_response(request)


def limited(request: HttpRequest) -> list[tuple[str, str]]:
    """Which limits count this request, and in whose bucket."""
    path = request.path_info
    network = limits.network_of(
        limits.client_address(
            peer=request.META.get("REMOTE_ADDR", ""),
            forwarded_for=request.headers.get("X-Forwarded-For", ""),
            trusted_proxies=settings.TRUSTED_PROXIES,
        )
    )
    if path.startswith(WALLETS):
        return [("wallets", network)] if request.method == "POST" else []
    if path == "/oauth/register":
        return [("register", network), ("register-all", "")]
    if path.startswith(OAUTH):
        return [("api-network", network)]
    if path.startswith(("/api/", SITES)):
        # A caller with a token is counted by it; a made-up token only makes a bucket of one's own, so
        # the network is counted too, ten times as generously.
        token = request.headers.get("Authorization", "")
        return [("api", token or network), *([("api-network", network)] if token else [])]
    if path in ("/verify", "/verify/report") or (path.startswith("/c/") and path.endswith("/check")):
        return [("verify", network)] if request.method == "POST" or request.GET else []
    if path.startswith(("/p/", "/c/")) and path.endswith(".pdf"):
        # Setting a page costs as much as a check.
        return [("verify", network)]
    if path.startswith("/claim/"):
        return [("claim", network)] if request.method == "POST" else []
    if path.startswith(CODES):
        return [("codes", network)] if request.method == "POST" else []
    if path.startswith("/account/") and request.method == "POST":
        address = (request.POST.get("login") or request.POST.get("email") or "").strip().lower()
        return [("sign-in", network), *([("sign-in-address", address)] if address else [])]
    return []


class Refusals:
    """The one place where what cannot be done becomes a page or a problem document."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", ""):
            # No word has one, and PostgreSQL takes none: an address must not become a mistake of ours (B155).
            raise SuspiciousOperation("a NUL in the query")
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return answer(request, error)


def answer(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The response to an error somebody can act on; None for a mistake of ours, which becomes a 500."""
    if request.path_info.startswith(SITES):
        return refused.by_path(request.path_info, error)
    machine = request.path_info.startswith(FOR_MACHINES)
    response = problems.answer(error) if machine else _page_for(request, error)
    if response is not None and isinstance(error, limits.TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _page_for(request: HttpRequest, error: Exception) -> HttpResponse | None:
    match error:
        case Refusal():
            return error_page(request, error.status, error.code, str(error.message))
        case MalformedError() | UnsupportedError():
            status = 413 if error.code == "limit-size" else 415 if error.code == "media-type" else 400
            return error_page(request, status, error.code, error.message)
        case UnavailableError():
            response = error_page(request, 503, error.code, error.message)
            response.headers["Retry-After"] = str(problems.RETRY_AFTER_SECONDS)
            return response
        case OperationalError():
            return _database_page(request, problems.database_away(error))
        case CairnError():
            return error_page(request, 422, error.code, error.message)
        case Http404():
            return error_page(request, 404, "not-found", _("There is nothing here."))
        case PermissionDenied():
            return error_page(request, 403, "not-allowed", _("You may not do this."))
        case RequestDataTooBig():
            return error_page(request, 413, "limit-size", _("This is more than we take at once."))
        case SuspiciousOperation() | UnreadablePostError():
            return error_page(request, 400, "bad-request", _("This request cannot be read."))
    return None


def error_page(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """A page for people. ``errors/<status>.html`` if there is one, ``errors/error.html`` otherwise."""
    template = select_template([f"errors/{status}.html", "errors/error.html"])
    context: dict[str, Any] = {
        "status": status,
        "code": code,
        "message": message,
        "title": HTTPStatus(status).phrase,
    }
    # A page that says no is never kept by a cache: it is about this reader and this moment.
    return HttpResponse(
        template.render(context, request), status=status, headers={"Cache-Control": "no-store"}
    )


def _database_page(request: HttpRequest, message: str) -> HttpResponse:
    try:
        response = error_page(request, 503, "database-unavailable", message)
    except OperationalError:  # the frame of the page asks it too
        response = HttpResponse(message, status=503, content_type="text/plain; charset=utf-8")
        response.headers["Cache-Control"] = "no-store"
    response.headers["Retry-After"] = str(problems.RETRY_AFTER_SECONDS)
    return response


# Django calls these for what happens outside the views.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, SuspiciousOperation()) or HttpResponse(status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, PermissionDenied()) or HttpResponse(status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(
        request,
        403,
        "csrf",
        _("This form was open for too long, or came from another site. Please try again."),
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return addresses.the_way(request) or answer(request, Http404()) or HttpResponse(status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something of ours is broken, perhaps the templates too: so this page needs none of it to work."""
    if request.path_info.startswith(FOR_MACHINES):
        return problems.server_error()
    try:
        return error_page(
            request, 500, "server-error", _("Something went wrong on our side. It has been logged.")
        )
    except Exception:
        logger.exception("the error page cannot be drawn")
        return HttpResponse("Something went wrong on our side.", status=500, content_type="text/plain")
