# SPDX-License-Identifier: Apache-2.0
"""English as it is written in Europe: 3 August 2026."""

from __future__ import annotations

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y, H:i"
