# SPDX-License-Identifier: Apache-2.0
"""``Imsx_StatusInfo``: the words of the specification for every way of saying no."""

from __future__ import annotations

import json

import pytest

from cairn_server.api.ob3.statuses import status_info
from cairn_server.api.sites import No


@pytest.mark.parametrize(
    ("status", "word"),
    [(400, "invalid_data"), (401, "unauthorizedrequest"), (403, "forbidden"), (405, "not_allowed"),
     (429, "server_busy"), (503, "server_busy"), (418, "internal_server_error")],
)  # fmt: skip
def test_each_refusal_has_its_word(status, word):
    response = status_info(No(status, "no", {"Retry-After": "3"}))

    told = json.loads(response.content)
    assert (response.status_code, response["Retry-After"]) == (status, "3")
    assert (told["imsx_codeMajor"], told["imsx_severity"], told["imsx_description"]) == (
        "failure", "error", "no",
    )  # fmt: skip
    assert told["imsx_codeMinor"]["imsx_codeMinorField"] == [
        {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": word}
    ]
