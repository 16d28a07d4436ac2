# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class PortabilityConfig(AppConfig):
    name = "cairn_server.portability"
    label = "portability"
