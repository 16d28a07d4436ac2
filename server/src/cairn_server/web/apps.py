# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "cairn_server.web"
    label = "web"
    verbose_name = "Pages"
