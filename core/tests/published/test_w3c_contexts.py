# SPDX-License-Identifier: Apache-2.0
"""The examples of the data model obey our rules of structure; the contexts are in ``tests/canonical``."""

import json

from cairn.credential import structure_problems


def test_every_example_of_the_data_model_obeys_the_rules(shared_vectors):
    examples = sorted((shared_vectors("w3c-contexts") / "schema").rglob("example-*.json"))

    assert len(examples) == 12
    for path in examples:
        assert structure_problems(json.loads(path.read_text())) == (), path.name


def test_without_any_of_what_they_must_have_they_do_not(shared_vectors):
    """The control of the test above: it could fail."""
    refused = 0
    for path in sorted((shared_vectors("w3c-contexts") / "schema").glob("*-credential/example-*.json")):
        document = json.loads(path.read_text())
        for member in ("@context", "type", "issuer", "credentialSubject"):
            if member in document:
                without = {name: value for name, value in document.items() if name != member}
                assert structure_problems(without), (path.name, member)
                refused += 1

    assert refused == 36
