# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "cairn_server.organisations"
    label = "organisations"
