# SPDX-License-Identifier: Apache-2.0
"""The visitor's language: a cookie that holds a language tag and nothing else."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

A_YEAR = 365 * 24 * 60 * 60
# Where these paths begin, pages are in English so far: the desk of issuers, and what developers look at.
# Half a page in another language would be worse than one that says so (middleware.Language, base.html).
IN_ENGLISH = ("organisations/", "invitation/", "styleguide/", "dev/")


# Exempt, because public pages carry no cookie and thus no token. The worst that another site can do with it
# is to show somebody our pages in another language.
@csrf_exempt
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = "/"  # B131
    response = HttpResponseRedirect(back, status=303)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=A_YEAR,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response
