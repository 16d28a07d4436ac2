# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "cairn_server.api"
    label = "api"
    verbose_name = "Interfaces for machines"
