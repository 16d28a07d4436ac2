# SPDX-License-Identifier: Apache-2.0
"""PyLD's expansion: contexts processed once, bounded, and shared by threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pyld import jsonld

from cairn.canonical import expansion, parse_json, rdf_canonical, terms, to_json
from cairn.errors import CairnError, MalformedError

VC = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"


def badge(**more) -> dict:
    return {
        "@context": [VC, OB],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "did:web:guild.example", "type": ["Profile"], "name": "Guild"},
        "validFrom": "2026-11-23T10:00:00Z",
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "achievement": {"id": "urn:uuid:2", "type": ["Achievement"], "name": "Walling"},
        },
        **more,
    }


def test_threads_share_the_contexts_without_disturbing_each_other(monkeypatch):
    presentation = {"@context": [VC], "type": "VerifiablePresentation", "verifiableCredential": [badge()]}
    documents = [badge(), badge(evidence=[]), presentation, badge(colour=1), badge(name="other")]
    expected = [outcome(document) for document in documents]
    # So small a memory is emptied all the time, while others read it.
    monkeypatch.setattr(expansion._Memo, "_MOST", 7)
    monkeypatch.setattr(expansion, "_MEMO", expansion._Memo())
    monkeypatch.setattr(terms, "_tables", {})

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: outcome(documents[number % 5]), range(200)))

    assert found == expected * 40
    # Each thread may add one entry between the check and the emptying.
    assert len(expansion._MEMO._processed) <= 7 + 8


def test_what_is_remembered_is_what_documents_use(monkeypatch):
    """PyLD also processes each scoped context of a context, to validate it; nobody asks for those again."""
    monkeypatch.setattr(expansion, "_MEMO", expansion._Memo())
    monkeypatch.setattr(terms, "_tables", {})

    rdf_canonical(badge())

    assert 0 < len(expansion._MEMO._processed) < 10


def test_a_context_by_its_address_is_remembered_by_its_address(monkeypatch):
    monkeypatch.setattr(expansion, "_MEMO", expansion._Memo())
    monkeypatch.setattr(terms, "_tables", {})

    expansion.Expansion(parse_json(to_json(badge()))).result()
    once = len(expansion._MEMO._processed)
    expansion.Expansion(parse_json(to_json(badge()))).result()

    assert len(expansion._MEMO._processed) == once


def test_processed_contexts_are_not_kept_without_end(monkeypatch):
    monkeypatch.setattr(expansion._Memo, "_MOST", 2)
    memo = expansion._Memo()
    kept = []
    for number in range(4):
        memo.put(number, {}, {}, f"processed {number}")
        kept.append(len(memo._processed))

    assert kept == [1, 2, 1, 2]
    assert (memo.get(0), memo.get(3)) == (None, "processed 3")


def test_a_document_may_process_so_many_definitions_and_no_more(monkeypatch):
    expanding = expansion.Expansion(badge())
    expanding.result()

    monkeypatch.setattr(expansion, "MAX_DEFINITIONS", expanding._work)
    expansion.Expansion(badge()).result()
    monkeypatch.setattr(expansion, "MAX_DEFINITIONS", expanding._work - 1)
    with pytest.raises(MalformedError) as refused:
        expansion.Expansion(badge()).result()
    assert refused.value.code == "limit-contexts"


def test_a_scoped_context_that_is_none_is_refused_where_it_is_defined():
    scoped = {"inside": {"@id": "urn:x:inside", "@type": 7}}
    document = {"@context": {"outside": {"@id": "urn:x:outside", "@context": scoped}}}

    with pytest.raises(MalformedError, match="json-ld"):
        expansion.Expansion(document).result()


def test_a_term_means_what_its_own_context_says_not_what_the_one_before_said():
    contexts = [{"old": "urn:x:1"}, {"new": "old", "old": "urn:x:2"}]

    assert expansion.Expansion({"@context": contexts, "new": "a"}).result().keys() == {"urn:x:2"}


def outcome(document: dict) -> object:
    try:
        return rdf_canonical(document)
    except CairnError as error:
        return error.code, error.message


def test_scoped_contexts_are_sized_once_and_not_kept_without_end(monkeypatch):
    monkeypatch.setattr(expansion, "_MOST_SCOPED", 3)
    resolver = expansion._PinnedContexts()
    entries = [{"a": str(number), "b": {"@context": {"c": "urn:c"}}} for number in range(9)]
    found, kept = [], []
    for entry in entries:
        found += resolver.resolve(None, entry, None)
        kept.append(len(resolver._scoped))

    assert [each.document for each in found] == entries
    assert {each.size for each in found} == {4}
    assert resolver.resolve(None, entries[8], None)[0] is found[8]
    assert kept == [1, 2, 3] * 3


def test_an_iri_in_the_place_of_a_term_is_expanded_as_pyld_does():
    expanding = expansion.Expansion({})
    context = expanding._process_context(
        expanding._get_initial_context(expansion._OPTIONS),
        "https://www.w3.org/ns/credentials/v2",
        expansion._OPTIONS,
    )
    for value in (
        *context["mappings"],
        "no-term",
        "urn:x",
        "xsd:string",
        "@type",
        "@vocab",
        "@Strange",
        "",
        None,
        7,
    ):
        for how in ({"vocab": True}, {"vocab": False}, {"vocab": True, "base": ""}):
            told = jsonld.JsonLdProcessor._expand_iri(expanding, context, value, **how)
            assert expanding._expand_iri(context, value, **how) == told
