# SPDX-License-Identifier: Apache-2.0
"""The front door: what this is, and the box to check a credential with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from cairn_server.web.brought import VerifyForm
from cairn_server.web.publication import page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@csrf_exempt
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return page(render(request, "home/home.html", {"form": VerifyForm()}))
