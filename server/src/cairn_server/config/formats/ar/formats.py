# SPDX-License-Identifier: Apache-2.0
"""Arabic, whose moments Django leaves open."""

from __future__ import annotations

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y، H:i"
