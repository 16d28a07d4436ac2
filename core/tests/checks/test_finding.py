# SPDX-License-Identifier: Apache-2.0
"""What a finding carries and does not show."""

from cairn.checks import DEFAULT_CHECKS, Finding, domain_control
from cairn.checks.finding import asked_by
from cairn.proof import (
    Outcome,
)
from cairn.reading import read
from cairn.testing import signed_sample


def test_a_finding_does_not_show_the_document_it_carries():
    finding = Finding("signature", Outcome.PASSED, "ok", "m", document={"secret": 1})

    assert "secret" not in repr(finding)
    assert finding == Finding("signature", Outcome.PASSED, "ok", "m")


def test_a_check_may_ask_for_more_of_the_world():
    def modest(materials, at):
        return ()

    assert asked_by((*DEFAULT_CHECKS, modest)) == ()
    assert [each(read(signed_sample())) for each in asked_by((modest, domain_control))] == [()]
