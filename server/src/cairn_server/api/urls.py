# SPDX-License-Identifier: Apache-2.0
"""Every address for machines. Included at the root, before the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from cairn_server.api import (
    badge_connect,
    exchanges,
    health,
    mail_reports,
    oauth,
    openid4vp,
    problems,
    status,
    vct,
    well_known,
)
from cairn_server.api.ob3 import discovery
from cairn_server.api.ob3 import views as ob3
from cairn_server.api.v1 import api as v1
from cairn_server.api.v1 import problem_urls

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    """Whatever else is asked for below ``/api/``, by any method: a machine gets a problem, not a page."""
    return problems.not_found()


urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("favicon.ico", well_known.favicon, name="favicon"),
    path("robots.txt", well_known.robots_txt, name="robots"),
    path(".well-known/security.txt", well_known.security_txt, name="security-txt"),
    path(".well-known/did.json", well_known.installation_did_document, name="installation-did-document"),
    path("i/<random_id:organisation_id>/did.json", well_known.did_document, name="did-document"),
    path("s/<random_id:list_id>", status.status_list, name="status-list"),
    path("s/<random_id:list_id>/suspension", status.suspension_list, name="suspension-list"),
    path("s/<random_id:list_id>/token", status.token_list, name="token-status-list"),
    path("vct/open-badge", vct.open_badge, name="vct-open-badge"),
    path("", include("cairn_server.api.openid4vci.urls")),
    path("exchanges/<random_id:secret>", exchanges.exchange, name="exchange"),
    path("exchanges/<random_id:secret>/bare-vp", exchanges.bare, name="exchange-bare"),
    path(
        "openid4vp/<random_id:secret>/request",
        openid4vp.request_object,
        name="presentation-request-object",
    ),
    path("openid4vp/<random_id:secret>/response", openid4vp.response, name="presentation-response"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-metadata"),
    path("oauth/register", oauth.register, name="oauth-register"),
    path("oauth/token", oauth.token, name="oauth-token"),
    path("oauth/revoke", oauth.revoke, name="oauth-revoke"),
    path("ims/ob/v3p0/discovery", discovery.discovery, name="ob3-discovery"),
    path("ims/ob/v3p0/credentials", ob3.credentials, name="ob3-credentials"),
    path("ims/ob/v3p0/profile", ob3.profile, name="ob3-profile"),
    path(".well-known/badgeconnect.json", badge_connect.manifest, name="badge-connect"),
    path("ims/ob/v2p1/assertions", badge_connect.assertions, name="badge-connect-assertions"),
    path("ims/ob/v2p1/profile", badge_connect.profile, name="badge-connect-profile"),
    path("api/v1/", problem_urls(v1)),
    path("api/mail-reports", mail_reports.mail_reports, name="mail-reports"),
    re_path(r"^api(?:/.*)?$", nothing_here, name="api-nothing-here"),
]
# For outside conformance suites, in development alone; its addresses do not exist otherwise (N1).
if settings.DEVELOPMENT and settings.VC_API:
    urlpatterns.append(path("", include("cairn_server.api.vc_api.urls")))
