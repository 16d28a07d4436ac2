# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class AchievementsConfig(AppConfig):
    name = "cairn_server.achievements"
    label = "achievements"
