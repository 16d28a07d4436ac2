# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class EarningConfig(AppConfig):
    name = "cairn_server.earning"
    label = "earning"
