# SPDX-License-Identifier: Apache-2.0
"""What the APIs for other sites have in common: every error somebody can act on has an answer."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404

from cairn.errors import MalformedError, UnavailableError
from cairn_server.accounts.limits import TooMany
from cairn_server.api import refused
from cairn_server.api.sites import why_not
from cairn_server.errors import Refusal


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedError("json-depth", "too deep"), 400),
        (Refusal("x", "no", 409), 400),
        (Refusal("x", "no", 422), 400),
        (Http404(), 404),
        (PermissionDenied(), 403),
        (RequestDataTooBig(), 413),
        (SuspiciousOperation(), 400),
        (UnavailableError("unreachable", "x"), 503),
        (OperationalError(), 503),
        (TooMany(7), 429),
    ],
)
def test_each_error_has_its_answer(error, status):
    no = why_not(error)

    assert no is not None
    assert no.status == status
    assert ("Retry-After" in no.headers) == (status in (429, 503))


def test_a_mistake_of_ours_is_no_refusal():
    assert why_not(KeyError("x")) is None
    assert refused.by_path("/ims/ob/v3p0/credentials", KeyError("x")) is None


def test_each_version_is_told_in_its_own_words():
    assert b"imsx_codeMajor" in refused.by_path("/ims/ob/v3p0/profile", TooMany(1)).content
    assert b'"statusCode":429' in refused.by_path("/ims/ob/v2p1/profile", TooMany(1)).content
