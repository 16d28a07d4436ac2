# SPDX-License-Identifier: Apache-2.0
"""``/api/mail-reports``: a mail provider tells what it could not deliver, and who complained.

With the operator's own token and no other: it is about the post of the whole installation. The body is the
report as it was mailed (``message/rfc822``), or JSON with ``message_id``, ``kind`` and ``status``.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cairn.canonical import parse_json
from cairn.errors import MalformedError
from cairn_server.api import problems
from cairn_server.earning import notices
from cairn_server.issuing import returned

if TYPE_CHECKING:
    from django.http import HttpRequest


@csrf_exempt
@require_POST
def mail_reports(request: HttpRequest) -> HttpResponse:
    if not settings.MAIL_REPORTS_TOKEN:
        return problems.not_found()
    said = request.headers.get("Authorization", "")
    if not hmac.compare_digest(said.encode(), f"Bearer {settings.MAIL_REPORTS_TOKEN}".encode()):
        return problems.problem(
            401,
            "bad-token",
            _("This token is not valid."),
            headers={"WWW-Authenticate": 'Bearer realm="mail"'},
        )
    if len(request.body) > returned.MOST_BYTES:
        return problems.problem(
            413, "limit-size", _("The body may have at most %d bytes.") % returned.MOST_BYTES
        )
    if request.content_type == "application/json":
        report = _from_json(request.body)
    elif request.content_type == "message/rfc822":
        report = returned.read(request.body)
    else:
        return problems.problem(415, "media-type", _("Send message/rfc822 or application/json."))
    # The same answer for a message that is not ours: what was sent to whom is not for asking.
    at = timezone.now()
    if report is not None and returned.note(report, at=at) is None:
        notices.note_return(report, at=at)
    return HttpResponse(status=204)


def _from_json(body: bytes) -> returned.Report | None:
    found = parse_json(body)
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise MalformedError("mail-report", "message_id, kind and status are texts")
    kind, status = found.get("kind"), found.get("status", "")
    token = returned.token_in(found.get("message_id", ""))
    if kind not in ("bounce", "complaint") or (status and returned.status_in(status) != status):
        raise MalformedError("mail-report", "kind is bounce or complaint, status a code as 5.1.1")
    if not token:
        return None
    return returned.Report(token, complaint=kind == "complaint", status=status or "5.0.0")
