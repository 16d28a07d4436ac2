# SPDX-License-Identifier: Apache-2.0
"""did:webvh 1.0: identifiers with a history that nobody can rewrite unnoticed.

    did.jsonl          one entry a line, each chained to the one before it by its hash and signed by keys that
                       the entries before it allow; the first hash is part of the identifier
    did-witness.json   signatures of others who have seen the entries, where the identifier demands them

    entries     one entry: its parameters, its hash, its proofs
    history     the whole log, verified, and which keys it lists when
    witnesses   who has to have seen an entry, and whether they have
    writing     new entries: ``create``, ``update``, ``deactivate``; ``witness`` for those who watch

Nothing is fetched here. What is wrong with a log is no word about what its owner has signed: whoever judges
a credential by it has to say "could not tell" (``MalformedError`` here, a doubt there).
"""

from cairn.webvh.entries import read_entries
from cairn.webvh.history import History, Version, read_history, verified_versions
from cairn.webvh.witnesses import needs_witnesses
from cairn.webvh.writing import create, deactivate, update, witness

__all__ = [
    "History",
    "Version",
    "create",
    "deactivate",
    "needs_witnesses",
    "read_entries",
    "read_history",
    "update",
    "verified_versions",
    "witness",
]
