# SPDX-License-Identifier: Apache-2.0
"""The sign-in link that ``cairn-server run`` prints, so that a newcomer is the demo owner in one click.

Routed only while ``settings.DEVELOPMENT``. A link works once: it names the moment of the last sign-in,
and using it changes that moment. It ends after an hour, and every start prints a new one.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from cairn_server.accounts.models import Person

LIFETIME_SECONDS = 3600
SALT = "cairn.development.sign-in"


def sign_in_link(person: Person) -> str:
    token = signing.dumps([person.public_id, _last_sign_in(person)], salt=SALT)
    return f"{settings.PUBLIC_URL}/development/sign-in/{token}"


@require_safe
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    if not settings.DEVELOPMENT:
        raise Http404
    try:
        public_id, last_sign_in = signing.loads(token, salt=SALT, max_age=LIFETIME_SECONDS)
    except signing.BadSignature as error:
        raise Http404 from error
    person = Person.objects.filter(public_id=public_id, is_active=True).first()
    if person is None or _last_sign_in(person) != last_sign_in:
        raise Http404
    login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return redirect("organisations")


def _last_sign_in(person: Person) -> str:
    return person.last_login.isoformat() if person.last_login else ""
