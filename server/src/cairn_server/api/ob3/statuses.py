# SPDX-License-Identifier: Apache-2.0
"""How the Open Badges 3.0 API says no: ``Imsx_StatusInfo`` (OB 3.0, "Imsx_StatusInfo")."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.http import HttpResponse

if TYPE_CHECKING:
    from cairn_server.api.sites import No

# The specification's words for what went wrong.
_BY_STATUS = {
    400: "invalid_data",
    401: "unauthorizedrequest",
    403: "forbidden",
    404: "not_found",
    405: "not_allowed",
    413: "invalid_data",
    429: "server_busy",
    503: "server_busy",
}


def status_info(no: No) -> HttpResponse:
    body = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": no.description,
        "imsx_codeMinor": {
            "imsx_codeMinorField": [
                {
                    "imsx_codeMinorFieldName": "TargetEndSystem",
                    "imsx_codeMinorFieldValue": _BY_STATUS.get(no.status, "internal_server_error"),
                }
            ]
        },
    }
    return HttpResponse(
        json.dumps(body, ensure_ascii=False),
        status=no.status,
        content_type="application/json",
        headers=no.headers,
    )
