# SPDX-License-Identifier: Apache-2.0
"""Does an endorsement endorse what it stands beside?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn.checks.finding import Check, Finding
from cairn.credential.shapes import as_list
from cairn.credential.structure import ENDORSEMENT
from cairn.proof import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from cairn.materials import Materials


def endorses(beside: str | None) -> Check:
    """A check that it is an endorsement, and one of the thing with the id ``beside`` (OB 3.0 §5).

    A good word about something else is genuine and still says nothing here.
    """

    def endorsement(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        credential = materials.credential
        if credential.unverified_kind != ENDORSEMENT:
            message = "It stands where an endorsement should, and is none."
            return (Finding("endorsement", Outcome.FAILED, "not-an-endorsement", message),)
        subjects = as_list(credential.unverified_document.get("credentialSubject"))
        ids = [subject.get("id") for subject in subjects if isinstance(subject, dict)]
        if beside is None or ids != [beside]:
            message = "It endorses something else than what it stands beside."
            details = {"endorses": ", ".join(str(each) for each in ids)}
            return (Finding("endorsement", Outcome.FAILED, "endorses-another", message, details),)
        message = "It endorses what it stands beside."
        return (Finding("endorsement", Outcome.PASSED, "ok", message, {"endorses": beside}),)

    return endorsement
