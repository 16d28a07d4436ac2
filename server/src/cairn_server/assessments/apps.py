# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "cairn_server.assessments"
    label = "assessments"
