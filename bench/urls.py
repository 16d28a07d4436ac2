# SPDX-License-Identifier: Apache-2.0
"""The addresses of the server, and beside them the least that a Django view can do."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.template import Template, engines
from django.urls import path

from cairn_server.config.urls import handler400, handler403, handler404, handler500
from cairn_server.config.urls import urlpatterns as served
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def trivial(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<!doctype html><title>Hello</title><p>Hello.")


@cache
def _page() -> Template:
    return engines["django"].from_string(
        "<!doctype html><title>Portfolio</title><ul>{% for each in held %}<li>{{ each.name }}: "
        "{{ each.issuer_name }}, {{ each.awarded_at|date:'DATE_FORMAT' }}</li>{% endfor %}</ul>"
        "<p>{{ filling }}</p>"
    )


def portfolio(request: HttpRequest) -> HttpResponse:
    held = HeldCredential.objects.filter(shown_at__portfolio__handle="hanna-holder").order_by("pk")
    filling = "x" * int(request.GET["filling"])
    return HttpResponse(_page().render({"held": list(held), "filling": filling}))


urlpatterns = [path("bench/trivial", trivial), path("bench/portfolio", portfolio), *served]
