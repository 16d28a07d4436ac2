# SPDX-License-Identifier: Apache-2.0
"""``bbs-2023`` is not built: each signed document of its vectors is undecided, and none is ever accepted."""

import json

from cairn import Outcome, Verifier
from cairn.testing import NOON, FixedSources


def test_a_bbs_proof_is_told_as_unknown_and_never_accepted(shared_vectors):
    verifier = Verifier(FixedSources({}))
    seen = 0
    for path in sorted(shared_vectors("w3c-vc-di-bbs").rglob("*.json")):
        document = json.loads(path.read_bytes())
        if not isinstance(document, dict) or "proof" not in document:
            continue
        report = verifier.examine(path.read_bytes(), at=NOON)
        signature = next(finding for finding in report.findings if finding.check == "signature")
        assert signature.outcome is Outcome.UNDECIDED, path
        assert not report.accepted
        assert report.document is None
        seen += 1

    assert seen == 10
