# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "cairn_server.webhooks"
    label = "webhooks"
