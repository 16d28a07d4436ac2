# SPDX-License-Identifier: Apache-2.0
"""The table of addresses of a server that was started with CAIRN_VC_API=1."""

from django.urls import include, path

from cairn_server.config import urls
from cairn_server.config.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [path("", include("cairn_server.api.vc_api.urls")), *urls.urlpatterns]
