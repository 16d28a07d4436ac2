# SPDX-License-Identifier: Apache-2.0
"""The status list of the status instance: kept in memory, because a suite's credentials live for one run."""

from __future__ import annotations

import secrets
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse

from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.issuing import issue
from cairn.status import REVOCATION, StatusEntry, StatusList, status_list_document
from cairn_server.api.vc_api.instances import STATUS, find

if TYPE_CHECKING:
    from datetime import datetime

_TTL_MS = 60_000


class _Register:
    """Which entry each credential has, and which entries are set."""

    def __init__(self) -> None:
        self.bits = StatusList()
        self.entries: dict[str, int] = {}
        self._taken: set[int] = set()
        self._lock = Lock()

    def allocate(self, credential_id: str | None) -> int:
        """An entry of its own, at random, so that its number tells nothing."""
        with self._lock:
            index = secrets.randbelow(len(self.bits))
            while index in self._taken:
                index = secrets.randbelow(len(self.bits))
            self._taken.add(index)
            if credential_id is not None:
                self.entries[credential_id] = index
            return index

    def revoke(self, credential_id: str) -> bool:
        """Set the entry of a credential; false when it has none."""
        with self._lock:
            index = self.entries.get(credential_id)
            if index is not None:
                self.bits.set(index, True)
            return index is not None


register = _Register()


def entry_for(credential_id: str | None) -> dict[str, Any]:
    """A new ``credentialStatus``, of one bit and without messages (Bitstring Status List §2.1)."""
    return StatusEntry(REVOCATION, register.allocate(credential_id), list_url()).to_document()


def list_url() -> str:
    return settings.PUBLIC_URL + reverse("vc-api-status-list")


def list_credential(*, at: datetime) -> dict[str, Any]:
    """The list as it is now, signed by the issuer of the credentials that point to it (S11)."""
    instance = find(STATUS)
    assert instance is not None
    assert instance.cryptosuite is not None
    document = status_list_document(
        url=list_url(),
        issuer=instance.did,
        purpose=REVOCATION,
        bits=register.bits,
        valid_from=at,
        valid_until=at + timedelta(hours=1),
        ttl_ms=_TTL_MS,
        subject_id=f"{list_url()}#list",
    )
    return issue(
        document,
        instance.key,
        verification_method=instance.verification_method,
        at=at,
        cryptosuite=instance.cryptosuite,
        policy=W3C_TEST_SUITE,
    )
