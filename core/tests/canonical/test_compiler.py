# SPDX-License-Identifier: Apache-2.0
"""Which documents get a plan, and which are left to the full path for good."""

from hashlib import sha256

import pytest

from cairn.canonical import rdf_canonical
from cairn.canonical.compiler import _is_easy_context, _lines, compile_plan
from cairn.canonical.gaps import SENTINEL, Refused
from cairn.canonical.json_ld import MAX_BLANK_NODES
from cairn.canonical.plan import Budget
from cairn.errors import CairnError

VC = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"


def compiled(gaps, **changes):
    document = {
        "@context": [VC, OB],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "id": "urn:x:1",
        "name": "Knots",
        **changes,
    }
    return compile_plan(document, gaps, budget=Budget(10**6))


GAP = f"{SENTINEL}:0"


def test_a_gap_may_be_an_iri_or_a_literal():
    assert compiled({GAP: 0}, id=GAP).iris == (0,)
    assert compiled({GAP: 0}, name=GAP).iris == ()


def test_the_digest_is_that_of_the_full_path():
    plan = compiled({GAP: 0}, name=GAP)
    document = {
        "@context": [VC, OB],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "id": "urn:x:1",
        "name": "Splices",
    }

    assert plan.digest(["Splices"]) == sha256(rdf_canonical(document)).digest()


@pytest.mark.parametrize(
    ("gaps", "changes"),
    [
        ({GAP: 0}, {}),  # in no statement, so it would be unsigned
        ({GAP: 0}, {"id": GAP, "name": GAP}),  # an IRI and a literal
        ({GAP: 0}, {"name": f"x {GAP}"}),  # not whole
        ({GAP: 0}, {"name": {"@value": GAP, "@language": "en"}}),
        ({GAP: 0}, {"name": GAP, "description": {"@value": "x", "@language": "en"}}),
        ({GAP: 0}, {"name": GAP, "@context": [VC, "https://www.w3.org/ns/credentials/examples/v2"]}),
        ({GAP: 0}, {"name": GAP, "@context": [VC, OB, {"x": "https://x.example/x"}]}),
        ({GAP: 0}, {"name": GAP, "type": ["VerifiableCredential", f"{GAP}"]}),  # decides what is said
        (
            {GAP: 0},
            {"name": GAP, "proof": {"type": "DataIntegrityProof", "cryptosuite": "x"}},
        ),  # a named graph
        (
            {GAP: 0},
            {"name": GAP, "credentialSubject": {"id": "urn:x:1", "type": ["AchievementSubject"]}},
        ),  # B31
        ({GAP: 0}, {"name": GAP, "issuer": {"id": "urn:x:2", "colour": "red"}}),  # an undefined term
    ],
)
def test_everything_else_has_no_plan(gaps, changes):
    with pytest.raises((Refused, CairnError)):
        compiled(gaps, **changes)


@pytest.mark.parametrize(
    "context",
    [
        {"http": "https://x.example/"},
        {"https": "https://x.example/"},
        {"urn": {"@id": "https://x.example/"}},
        {"a:b": "https://x.example/b"},
        {"@vocab": "https://x.example/"},
        {"@base": "https://x.example/"},
        {"@language": "en"},
        {"@type": {"@container": "@set"}},
        {"kind": "@type"},
        {"key": {"@id": "@id"}},
        {"word": {"@id": "https://x.example/w", "@type": "@vocab"}},
        {"inside": {"@id": "https://x.example/i", "@context": {"did": "https://x.example/"}}},
        {"inside": {"@id": "https://x.example/i", "@context": "https://x.example/c"}},
        "https://x.example/other",
        [{"mailto": "https://x.example/"}],
    ],
)
def test_contexts_in_which_a_value_may_mean_something_else_are_not_easy(monkeypatch, context):
    monkeypatch.setattr("cairn.canonical.compiler.load", lambda url: {"@context": context})

    assert not _is_easy_context.__wrapped__("urn:x")


@pytest.mark.parametrize(
    "context",
    [
        {"@version": 1.1, "@protected": True, "id": "@id", "type": "@type"},
        {"word": "https://x.example/w", "term": {"@id": "https://x.example/t", "@type": "@id"}},
        {"inside": {"@id": "https://x.example/i", "@context": {"word": "https://x.example/w"}}},
        {"inside": {"@id": "https://x.example/i", "@context": None}},
        [{"word": "https://x.example/w"}, {"term": "https://x.example/t"}],
    ],
)
def test_contexts_in_which_a_value_means_what_it_always_means_are_easy(monkeypatch, context):
    monkeypatch.setattr("cairn.canonical.compiler.load", lambda url: {"@context": context})

    assert _is_easy_context.__wrapped__("urn:x")


def test_a_gap_beyond_the_closing_quote_is_no_gap():
    """A datatype or a language that a value decides: JSON-LD gives neither today."""
    for term in (f'"{GAP}"^^<{SENTINEL}:1>', f'"{GAP}"@{SENTINEL}', f'"{SENTINEL}"'):
        with pytest.raises(Refused):
            _lines([("<urn:x>", "<urn:p>", term, "")], {GAP: 0})


@pytest.mark.parametrize(
    ("predicate", "object_", "graph"),
    [
        (f"<{SENTINEL}:0>", '"x"', ""),
        ("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", f"<{GAP}>", ""),
        ("<urn:p>", f"<{GAP}>", "_:graph"),
    ],
    ids=["predicate", "type", "graph"],
)
def test_a_gap_may_not_decide_what_is_said_or_where(predicate, object_, graph):
    with pytest.raises(Refused):
        _lines([("<urn:x>", predicate, object_, graph)], {GAP: 0})


@pytest.mark.parametrize("more", [0, 1])
def test_as_many_blank_nodes_as_the_full_path_takes_and_no_more_b33(more):
    quads = [(f"_:b{node}", "<urn:p>", f"<{GAP}>", "") for node in range(MAX_BLANK_NODES + more)]

    if more:
        with pytest.raises(Refused):
            _lines(quads, {GAP: 0})
    else:
        assert len(_lines(quads, {GAP: 0})[0]) == MAX_BLANK_NODES


def test_a_pinned_context_that_is_not_easy_gives_no_plan(monkeypatch):
    monkeypatch.setattr("cairn.canonical.compiler._is_easy_context", lambda url: url != OB)

    with pytest.raises(Refused):
        compiled({GAP: 0}, name=GAP)


def test_the_pinned_contexts_of_today_are_easy():
    assert _is_easy_context(VC)
    assert _is_easy_context(OB)
