# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "cairn_server.journal"
    label = "journal"
