# SPDX-License-Identifier: Apache-2.0
"""The addresses below ``/vc-api``, mounted by ``api.urls`` when the switch is on."""

from __future__ import annotations

from django.urls import path, re_path

from cairn_server.api.vc_api import views

urlpatterns = [
    path("vc-api", views.index, name="vc-api"),
    path("vc-api/credentials/verify", views.verify_credential, name="vc-api-verify"),
    path("vc-api/presentations/verify", views.verify_presentation, name="vc-api-verify-presentation"),
    path("vc-api/credentials/derive", views.derive, name="vc-api-derive"),
    path("vc-api/credentials/status", views.set_status, name="vc-api-set-status"),
    path("vc-api/status/list", views.status_list, name="vc-api-status-list"),
    path("vc-api/<path:name>/credentials/issue", views.issue_credential, name="vc-api-issue"),
    # Everything behind the word, as it was percent-encoded: a DID URL has slashes of its own.
    re_path(r"^vc-api/identifiers/(?P<did>.+)\Z", views.identifiers, name="vc-api-identifiers"),
]
