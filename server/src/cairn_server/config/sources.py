# SPDX-License-Identifier: Apache-2.0
"""Where the server's verifier looks things up: the world through ``cairn.fetch``, and itself.

What stands under PUBLIC_URL is answered by our own public views, in this process, as the bytes that a
stranger would get: the same address, no session, no token, no shortcut to the database. So our own
credentials are judged by the same road as anybody's, and a server that cannot reach its own public
address (a container, a laptop) can still judge them.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.urls import Resolver404, resolve
from django.utils import translation

from cairn.errors import UnavailableError
from cairn.fetch import Answered, HttpPoster, HttpSources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn import Sources

# The machine views that a judgement may need. Nothing else of ours can be asked for from inside.
PUBLIC_MACHINE_VIEWS = frozenset(
    {
        "did-document",
        "installation-did-document",
        "status-list",
        "suspension-list",
        "token-status-list",
        "presentation-request-object",  # somebody here answers somebody here
        "vc-api-status-list",  # in development alone
    }
)
# …and those that somebody may paste as an address into /verify.
PUBLIC_CREDENTIAL_VIEWS = frozenset({"credential", "credential-file", "credential-newest"})


class OwnViews:
    """``Sources`` for the addresses of this installation."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        request = self._request(url, accept)
        if _name_of(request) not in PUBLIC_MACHINE_VIEWS | PUBLIC_CREDENTIAL_VIEWS:
            # The same words as for an address that cannot be reached: asking tells nothing (B98).
            raise _unreachable()
        # The view may switch the language of this thread; the page that asks must not change with it.
        with translation.override(translation.get_language()):
            response = _handler().get_response(request)
        if response.status_code != 200:
            raise _unreachable()
        body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        if len(body) > limit:
            raise UnavailableError("limit-size", f"the answer is longer than {limit} bytes")
        return bytes(body)

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answered:
        """The same for the one thing that is posted here: an answer to somebody's request."""
        kind = headers.get("Content-Type", "")
        request = self._request(url, headers.get("Accept", "*/*"), method="POST", body=body, kind=kind)
        if _name_of(request) != "presentation-response":
            raise _unreachable()
        with translation.override(translation.get_language()):
            return Answered(_handler().get_response(request).status_code)

    def _request(
        self, url: str, accept: str, *, method: str = "GET", body: bytes = b"", kind: str = ""
    ) -> WSGIRequest:
        address = urlsplit(url)
        own = urlsplit(self.origin)
        return WSGIRequest(
            {
                "REQUEST_METHOD": method,
                "CONTENT_TYPE": kind,
                "CONTENT_LENGTH": str(len(body)),
                "SCRIPT_NAME": "",
                # WSGI hands over the decoded path as Latin-1 (PEP 3333).
                "PATH_INFO": unquote(address.path).encode().decode("latin-1"),
                "QUERY_STRING": address.query,
                "SERVER_NAME": own.hostname or "",
                "SERVER_PORT": str(own.port or (443 if own.scheme == "https" else 80)),
                "SERVER_PROTOCOL": "HTTP/1.1",
                "HTTP_HOST": own.netloc,
                "HTTP_ACCEPT": accept,
                "REMOTE_ADDR": "127.0.0.1",
                "wsgi.url_scheme": own.scheme,
                "wsgi.input": BytesIO(body),
            }
        )


class ServerSources:
    """Own addresses by our own views, all others through the guard of ``cairn.fetch``."""

    def __init__(self, own: OwnViews, others: Sources) -> None:
        self.own = own
        self.others = others

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        # Compared as a whole origin: https://cairn.example.evil.test only begins like ours.
        if _origin(url) == self.own.origin:
            return self.own.fetch(url, accept=accept, limit=limit)
        return self.others.fetch(url, accept=accept, limit=limit)


class ServerPoster:
    """The same for what is posted: the answer of a wallet here to whoever asked, here or elsewhere."""

    def __init__(self, own: OwnViews, others: HttpPoster) -> None:
        self.own = own
        self.others = others

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answered:
        if _origin(url) == self.own.origin:
            return self.own.post(url, body=body, headers=headers)
        return self.others.post(url, body=body, headers=headers)


def poster() -> ServerPoster:
    """The one way on which answers to requests go; settings.ANSWER_POSTER names it for web."""
    return ServerPoster(OwnViews(_origin(settings.PUBLIC_URL)), HttpPoster())


def build() -> Sources:
    """The one ``Sources`` of this server; settings.SOURCES names it for web and api."""
    return ServerSources(OwnViews(_origin(settings.PUBLIC_URL)), HttpSources())


def _origin(url: str) -> str:
    """``scheme://host[:port]``; empty for what is no plain address, so that it equals no origin of ours."""
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError:
        return ""
    if not address.hostname or "@" in address.netloc or "\\" in url:
        return ""
    usual = {"https": 443, "http": 80}.get(address.scheme)
    host = address.hostname if ":" not in address.hostname else f"[{address.hostname}]"
    return f"{address.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")


def _name_of(request: WSGIRequest) -> str | None:
    try:
        return resolve(request.path_info).url_name
    except Resolver404:
        return None


@cache
def _handler() -> WSGIHandler:
    # ``get_response`` and not the WSGI call: the request signals that belong to a real request would
    # close the database connection that the page around us is using.
    return WSGIHandler()


def _unreachable() -> UnavailableError:
    return UnavailableError("unreachable", "the address could not be read")
