# SPDX-License-Identifier: Apache-2.0
"""The two tables of addresses: machines first, then people. Sign-in is in the table for people."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from cairn_server.config import development, metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("metrics", metrics.metrics, name="metrics"),
    path("", include("cairn_server.api.urls")),
    path("", include("cairn_server.web.urls")),
]
if settings.DEVELOPMENT:
    urlpatterns.append(path("development/sign-in/<str:token>", development.sign_in, name="dev-sign-in"))

# Errors that no middleware of ours has seen, because they happen outside it.
handler400 = "cairn_server.config.middleware.bad_request"
handler403 = "cairn_server.config.middleware.permission_denied"
handler404 = "cairn_server.config.middleware.page_not_found"
handler500 = "cairn_server.config.middleware.server_error"
