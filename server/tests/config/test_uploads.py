# SPDX-License-Identifier: Apache-2.0
"""How much may be uploaded at all, on any page that takes a form."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig

from cairn_server.config.uploads import Bounded


def test_a_body_that_says_it_is_too_large_is_refused_unread(settings: Any) -> None:
    settings.LIST_MAX_MB = 1

    with pytest.raises(RequestDataTooBig):
        Bounded().handle_raw_input(io.BytesIO(), {}, 4_000_001, "x")
    assert Bounded().handle_raw_input(io.BytesIO(), {}, 4_000_000, "x") is None


def test_a_body_that_is_larger_than_it_says_is_refused_while_it_comes(settings: Any) -> None:
    settings.LIST_MAX_MB = 1
    bounded = Bounded()

    assert bounded.receive_data_chunk(b"x" * 3_900_000, 0) is not None
    with pytest.raises(RequestDataTooBig):
        bounded.receive_data_chunk(b"x" * 200_000, 0)


def test_the_limit_is_in_force(settings: Any) -> None:
    assert settings.FILE_UPLOAD_HANDLERS[0] == "cairn_server.config.uploads.Bounded"
