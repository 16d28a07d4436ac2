# SPDX-License-Identifier: Apache-2.0
"""The addresses of the server, and beside them the least that a Django view can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import path

from cairn_server.config.urls import handler400, handler403, handler404, handler500
from cairn_server.config.urls import urlpatterns as served

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def trivial(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<!doctype html><title>Hello</title><p>Hello.")


urlpatterns = [path("bench/trivial", trivial), *served]
