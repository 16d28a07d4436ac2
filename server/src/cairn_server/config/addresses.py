# SPDX-License-Identifier: Apache-2.0
"""Each page has one address (B142); somebody who types a slash too many or too few is shown the way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponsePermanentRedirect
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path, iri_to_uri

if TYPE_CHECKING:
    from django.http import HttpRequest


def the_way(request: HttpRequest) -> HttpResponsePermanentRedirect | None:
    """To the page whose address differs by the last slash alone, for people; None where there is none.

    What is for programs alone (the API, status lists, key documents, files) is right to the letter or a 404.
    What the address names is not looked up, so nothing is learned from being sent on (B144).
    """
    if request.method not in ("GET", "HEAD"):
        return None
    twin = _twin(request.path_info)
    try:
        view = resolve(twin).func
    except Resolver404:
        return None
    if not _for_people(view.__module__) or "." in twin.rpartition("/")[2]:
        return None
    query = request.META.get("QUERY_STRING", "")
    # Every address of ours begins with one slash and a letter, so this can only be a path on this server.
    return HttpResponsePermanentRedirect(
        escape_uri_path(_twin(request.path)) + (f"?{iri_to_uri(query)}" if query else "")
    )


def _twin(path: str) -> str:
    return path[:-1] if path.endswith("/") else f"{path}/"


def _for_people(module: str) -> bool:
    return module.startswith(("cairn_server.web.", "allauth."))
