# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class TransparencyLogConfig(AppConfig):
    name = "cairn_server.tlog"
    label = "tlog"
