# SPDX-License-Identifier: Apache-2.0
"""The composition root: what domain code must be given, it is given here, once, at start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.utils.module_loading import import_string

# Its module needs the queue's own app to be ready, which may come after this one.
WAKE = "cairn_server.config.work.wake"


if TYPE_CHECKING:
    from cairn_server.organisations.keys.orders import Signing


def _signing() -> Signing:
    # Not at start: the signer starts with these apps too, and has no use for figures about itself.
    from cairn_server.config import metrics, signer

    return metrics.MeasuredSigning(signer.ask())


class ConfigConfig(AppConfig):
    name = "cairn_server.config"
    label = "config"

    def ready(self) -> None:
        from django.conf import settings

        from cairn_server.config import checks, signer  # noqa: F401  registers the system checks
        from cairn_server.issuing import batches
        from cairn_server.organisations import keys, watermark

        keys.install(_signing, custody=settings.KEY_CUSTODY)
        watermark.install(
            watermark.SharedWatermark(settings.WATERMARK_URL)
            if settings.WATERMARK_URL
            else watermark.FileWatermark(settings.WATERMARK_PATH)
        )
        if "procrastinate.contrib.django" in settings.INSTALLED_APPS:
            batches.install_wake(lambda batch_id, free: import_string(WAKE)(batch_id, free))
