# SPDX-License-Identifier: Apache-2.0
"""JSON-LD to RDF: each of the 467 published cases, by the reason why it ends as it does.

Our conversion is fed with PyLD's expansion, as in life. A credential is written in terms that its contexts
define, so that what readers of JSON see and what is signed are one; JSON-LD can do more, and every case that
does is refused with ``data-loss`` rather than signed in part.
"""

import json
from collections import defaultdict

import pytest
from pyld import jsonld

from cairn.canonical import json_ld, rdfc
from cairn.errors import MalformedError

BASE = "https://w3c.github.io/json-ld-api/tests/"

# Reason to number of cases; the reasons that name what is in a document come from our own refusals.
EXPECTED = {
    "the same dataset": 281,
    "refused, and should be": 93,
    "well formed without a result": 16,
    # JSON-LD 1.0 is another language: 1.1 processors are told to skip these.
    "JSON-LD 1.0": 19,
    # A second way to say the same, which readers of the JSON would not see.
    "'@reverse' has no place": 13,
    "'@index' has no place": 10,
    "'@included' has no place": 6,
    # RDF 1.1 has no direction of text, so nothing would cover it.
    "is a direction of text": 10,
    # Relative addresses, blank nodes as names, and what is no IRI at all: no statement of RDF, or of anybody.
    "is not an absolute IRI": 13,
    "is not a type that the contexts define": 3,
    "is not a language tag": 1,
    # Properties that are relative IRIs under a relative @vocab: PyLD's own conversion differs there as well.
    "another dataset": 2,
}
ANOTHER = {"#te111", "#te112"}


@pytest.mark.filterwarnings("ignore:.* beginning with:SyntaxWarning")
def test_every_case_ends_for_a_known_reason(shared_vectors):
    tests = shared_vectors("w3c-json-ld-api")
    manifest = json.loads((tests / "toRdf-manifest.jsonld").read_bytes())
    found = defaultdict(set)

    for entry in manifest["sequence"]:
        found[outcome(tests, entry)].add(entry["@id"])

    assert {reason: len(cases) for reason, cases in found.items()} == EXPECTED
    assert found["another dataset"] == ANOTHER
    assert sum(EXPECTED.values()) == len(manifest["sequence"]) == 467


def outcome(tests, entry):
    option = entry.get("option", {})
    is_negative = "jld:NegativeEvaluationTest" in entry["@type"]
    if "json-ld-1.0" in (option.get("specVersion"), option.get("processingMode")):
        return "JSON-LD 1.0"

    def local(url, options):
        document = json.loads((tests / url.removeprefix(BASE)).read_bytes())
        return {"contextUrl": None, "documentUrl": url, "document": document}

    options = {"base": option.get("base", BASE + entry["input"]), "documentLoader": local}
    if "expandContext" in option:
        options["expandContext"] = json.loads((tests / option["expandContext"]).read_bytes())
    writer = json_ld._Writer({})
    try:
        writer._graph(jsonld.expand(json.loads((tests / entry["input"]).read_bytes()), options), "")
    except (jsonld.JsonLdError, FileNotFoundError):
        return "refused, and should be" if is_negative else "refused by PyLD"
    except MalformedError as error:
        found = [reason for reason in EXPECTED if reason in error.message and error.code == "data-loss"]
        return found[0] if found and not is_negative else error.message
    if is_negative:
        return "read, and should not be"
    if "expect" not in entry:
        return "well formed without a result"
    expected = rdfc.parse_nquads((tests / entry["expect"]).read_bytes().decode())
    same = rdfc.canonicalize(writer.quads).text == rdfc.canonicalize(expected).text
    return "the same dataset" if same else "another dataset"
