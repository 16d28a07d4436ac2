# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class PresentingConfig(AppConfig):
    name = "cairn_server.presenting"
    label = "presenting"
