# SPDX-License-Identifier: Apache-2.0
"""The composition root: what domain code must be given, it is given here, once, at start."""

from __future__ import annotations

from functools import cache

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "cairn_server.config"
    label = "config"

    def ready(self) -> None:
        from django.conf import settings

        from cairn_server.config import checks  # noqa: F401  registers the system checks
        from cairn_server.organisations import keys, watermark

        keys.install(_key_store)
        watermark.install(watermark.Watermark(settings.WATERMARK_PATH))


@cache
def _key_store():  # type: ignore[no-untyped-def]
    """The KEK, read when the first key is opened: a command that signs nothing needs none."""
    from django.conf import settings

    from cairn.errors import UnavailableError
    from cairn_server.config import first_start
    from cairn_server.organisations.keys import KeyStore

    if settings.KEY_ENCRYPTION_KEY:
        return KeyStore(first_start.kek_from(settings.KEY_ENCRYPTION_KEY))
    path = settings.KEY_ENCRYPTION_KEY_PATH
    if not path.exists():
        raise UnavailableError("key-encryption-key", f"there is no key encryption key at {path}")
    return KeyStore(first_start.kek_from(first_start.read(path)))
