# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class WalletsConfig(AppConfig):
    name = "cairn_server.wallets"
    label = "wallets"
