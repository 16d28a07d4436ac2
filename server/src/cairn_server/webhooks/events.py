# SPDX-License-Identifier: Apache-2.0
"""What can be told: entries of the journal, as messages of Standard Webhooks.

A message says what happened to which object, and where to read more with a token; no name, no address, no
reason: whoever reads along learns nothing about a person, and nothing has to be erased at the receiver.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

    from cairn_server.journal.models import Entry

MOST_BYTES = 20_000
TEST = "endpoint.test"


@dataclass(frozen=True, slots=True)
class Event:
    """``verb`` of the journal, what is told of its object, and which of its details."""

    verb: str
    label: _StrOrPromise
    about: str
    details: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        return self.verb.replace(" ", ".")


# Where the interface answers for an object (api/v1).
_PLACES = {
    "credential": "awards/{}",
    "batch": "batches/{}",
    "achievement": "achievements/{}",
    "change": "standing-changes/{}",
}
_COUNTS = ("awarded", "already", "failed", "mended", "cancelled", "total")

EVENTS = (
    Event("credential awarded", _("A credential was awarded"), "credential", ("version",)),
    Event(
        "credential replaced", _("A mended credential took the place of another"), "credential", ("version",)
    ),
    Event("credential renewed", _("A credential was renewed"), "credential", ("version",)),
    Event("credential accepted", _("A credential was accepted"), "credential"),
    Event("credential declined", _("A credential was declined"), "credential"),
    Event("credentials awarded", _("A part of a list was awarded"), "batch", ("version", "chunk", "awarded")),
    Event("batch finished", _("A list is done"), "batch", _COUNTS),
    Event("credential revoked", _("A credential was revoked"), "credential"),
    Event("credential suspended", _("A credential was suspended"), "credential"),
    Event("credential reinstated", _("A credential was reinstated"), "credential"),
    Event("credentials revoked", _("Several credentials were revoked"), "change", ("credentials",)),
    Event("credentials suspended", _("Several credentials were suspended"), "change", ("credentials",)),
    Event("credentials reinstated", _("Several credentials were reinstated"), "change", ("credentials",)),
    Event("achievement published", _("An achievement was published"), "achievement", ("version", "number")),
    Event("achievement archived", _("An achievement was archived"), "achievement"),
)
BY_TYPE = {event.type: event for event in EVENTS}
BY_VERB = {event.verb: event for event in EVENTS}


def body_of(entry: Entry, *, public_url: str) -> str:
    """The message of an entry; the same text whenever it is made."""
    event = BY_VERB[entry.verb]
    data: dict[str, Any] = {
        "organisation": entry.organisation_id,
        "journal": entry.number,
        event.about: {
            "id": entry.object_id,
            "href": f"{public_url}/api/v1/{_PLACES[event.about].format(entry.object_id)}",
        },
    }
    data |= {name: entry.details[name] for name in event.details if name in entry.details}
    return _message(event.type, entry.at, data)


def body_of_test(organisation_id: str, *, at: datetime) -> str:
    return _message(TEST, at, {"organisation": organisation_id})


def _message(type: str, at: datetime, data: dict[str, Any]) -> str:
    timestamp = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = json.dumps({"type": type, "timestamp": timestamp, "data": data}, separators=(",", ":"))
    if len(text) > MOST_BYTES:
        raise ValueError(f"{type}: a message has at most {MOST_BYTES} bytes, this one {len(text)}")
    return text
