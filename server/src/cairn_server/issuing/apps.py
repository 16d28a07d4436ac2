# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class IssuingConfig(AppConfig):
    name = "cairn_server.issuing"
    label = "issuing"
