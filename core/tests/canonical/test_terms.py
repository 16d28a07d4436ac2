# SPDX-License-Identifier: Apache-2.0
"""What a term means is PyLD's to tell; a table only remembers it."""

import pytest

from cairn.canonical import expansion, terms
from cairn.canonical.terms import Terms, Unsure, initial_terms

VC = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"


@pytest.fixture(autouse=True)
def no_memory(monkeypatch):
    monkeypatch.setattr(terms, "_tables", {})


def under(*contexts: dict) -> Terms:
    """The terms under contexts of our own making."""
    active = expansion.initial()
    for context in contexts:
        active, _ = expansion.processed(active, context)
    return Terms(active)


def test_a_term_is_a_predicate_and_a_way_of_reading_values():
    found = under({
        "text": "urn:text",
        "date": {"@id": "urn:date", "@type": "urn:day"},
        "link": {"@id": "urn:link", "@type": "@id"},
        "word": {"@id": "urn:word", "@type": "@vocab"},
        "free": {"@id": "urn:free", "@type": "@none"},
        "order": {"@id": "urn:order", "@container": "@list"},
        "sealed": {"@id": "urn:sealed", "@container": ["@graph", "@set"]},
    })  # fmt: skip

    told = {
        name: (each.predicate, each.datatype, each.ending, each.is_term, each.is_list, each.is_graph)
        for name in ("text", "date", "link", "word", "free", "order", "sealed")
        for each in [found.find(name)]
    }
    assert told == {
        "text": ("<urn:text>", None, '"', False, False, False),
        "date": ("<urn:date>", "urn:day", '"^^<urn:day>', False, False, False),
        "link": ("<urn:link>", None, "", False, False, False),
        "word": ("<urn:word>", None, "", True, False, False),
        "free": ("<urn:free>", None, '"', False, False, False),
        "order": ("<urn:order>", None, '"', False, True, False),
        "sealed": ("<urn:sealed>", None, "", False, False, True),
    }
    assert found.find("text") is found.find("text")


def test_keywords_have_their_names():
    found = under({"id": "@id", "key": "@id", "type": "@type", "p": "urn:p#", "q": {"@id": "urn:q#"}})

    assert found.ids == ("id", "key")
    assert found.types == ("type",)
    assert found.prefixes == {"p"}  # the long form is no prefix unless it says so
    assert not found.find("key").predicate
    assert found.is_reference("key")
    assert not found.is_reference("p")
    assert not found.is_reference("nothing")


@pytest.mark.parametrize(
    "definition",
    [
        None,
        "@value",
        "@graph",
        {"@reverse": "urn:x"},
        {"@id": "urn:x", "@type": "@json"},
        {"@id": "urn:x", "@container": "@language"},
        {"@id": "urn:x", "@container": "@index"},
        {"@id": "urn:x", "@container": ["@graph", "@id"]},
        {"@id": "urn:x", "@container": "@type"},
        {"@id": "urn:x", "@language": "en"},
        {"@id": "urn:x", "@direction": "rtl"},
        {"@id": "urn:x", "@type": "urn:a|b"},
        {"@id": "urn:a|b"},
        {"@id": "_:x"},
        {"@id": "urn:x", "@container": "@list", "@context": None},
        {"@reverse": "urn:x", "@context": None},
        {"@id": "urn:x", "@context": {"term": None}},
        {"@id": "urn:x", "@context": {"term": {"@id": "urn:x", "@type": "@json"}}},
        {"@id": "urn:x", "@context": {"term": {"@id": "urn:x", "@container": "@list"}}},
        {"@id": "urn:x", "@context": {"term": "urn:y"}},
        {"@id": "urn:x", "@context": {"term": {"@reverse": "urn:x"}}},
        {"@id": "urn:x", "@context": {"@language": "en"}},
    ],
)
def test_a_term_that_asks_for_more_has_no_entry(definition):
    found = under({"term": definition, "other": "urn:other"})

    with pytest.raises(Unsure):
        found.find("term")
    assert found.find("other")


def test_a_language_for_all_texts_is_more_than_a_table_tells():
    with pytest.raises(Unsure):
        under({"@language": "en", "term": "urn:x"}).find("term")


@pytest.mark.parametrize("name", ["", "unknown", "@id", "@context ", "p:x", "urn:x"])
def test_b23_b29_what_is_no_term_has_no_entry(name):
    with pytest.raises(Unsure):
        under({"term": "urn:x", "p": "urn:p#", "p:x": "urn:p#x"}).find(name)


def test_an_object_stands_under_the_scope_of_its_term_and_not_under_that_of_the_types_around_it():
    found = under({
        "type": "@type",
        "id": "@id",
        "T": {"@id": "urn:T", "@context": {"part": "urn:part", "own": "urn:own"}},
        "scoped": {"@id": "urn:scoped", "@context": {"inner": "urn:inner"}},
    })  # fmt: skip

    typed = found.typing("T").scope.terms
    part = typed.find("part")
    assert typed.find("own")
    with pytest.raises(Unsure):
        part.inside.terms.find("own")
    assert part.as_reference.terms.find("own")
    assert found.find("scoped").as_reference is None
    assert found.find("scoped").inside.terms.find("inner")
    with pytest.raises(Unsure):
        found.find("inner")


def test_a_scope_may_take_all_meaning_away():
    """As that of ``verifiableCredential`` does: what it holds has contexts of its own."""
    found = under({"term": {"@id": "urn:x", "@type": "urn:day", "@container": "@graph", "@context": None}})

    term = found.find("term")

    assert (term.predicate, term.datatype, term.is_graph) == ("<urn:x>", None, True)
    assert term.inside.terms is initial_terms()


def test_types_bring_in_their_terms_in_the_order_of_their_names():
    found = under({
        "A": {"@id": "urn:A", "@context": {"word": "urn:by-a"}},
        "B": {"@id": "urn:B", "@context": {"word": "urn:by-b"}},
        "C": "urn:C",
        "D": {"@id": "urn:D", "@context": None},
    })  # fmt: skip

    for written in (["A", "B"], ["B", "A"], ["B", "C", "A", "D"]):
        typing = found.typing(written)
        assert typing.types == tuple(f"<urn:{name}>" for name in written)
        assert typing.scope.terms.find("word").predicate == "<urn:by-b>"
    assert found.typing("C").scope.terms is found
    assert found.typing("A") is found.typing("A")
    assert found.typing([]).types == ()


@pytest.mark.parametrize(
    "written", [None, 1, {"a": 1}, "Nothing", ["A", "Nothing"], ["A", 1], [["A"]], "k", "void"]
)
def test_n4_types_that_are_none_have_no_typing(written):
    with pytest.raises(Unsure):
        under({"A": "urn:A", "k": "@id", "void": None}).typing(written)


def test_what_cannot_be_processed_is_left_to_the_full_path():
    found = under({
        "A": {"@id": "urn:A", "@context": {"word": "urn:other"}},
        "word": {"@id": "urn:word", "@protected": True},
    })  # fmt: skip

    with pytest.raises(Unsure):
        found.typing("A")


def test_definitions_are_counted():
    scope = initial_terms().within([VC, OB])

    assert scope.cost == sum(each.size for each in expansion._CONTEXTS.resolve(None, [VC, OB], None))
    assert scope.terms.typing("OpenBadgeCredential").scope.cost == 0  # it is the other type that has some
    assert scope.terms.typing("VerifiableCredential").scope.cost > 10


def test_tables_and_combinations_are_bounded(monkeypatch):
    monkeypatch.setattr(terms, "_MOST_TABLES", 3)
    monkeypatch.setattr(terms, "_MOST_COMBINATIONS", 2)
    context = {f"T{n}": {"@id": f"urn:{n}", "@context": {f"w{n}": "urn:w"}} for n in range(9)}
    found = under(context)

    for number in range(9):
        assert found.typing(f"T{number}").scope.terms.find(f"w{number}")
        assert len(terms._tables) <= 3
        assert len(found._typings) <= 2
    assert found.typing([f"T{number}" for number in range(9)]).scope.terms.find("w8")
    assert all(len(written) < 9 for written in found._typings)
    start = initial_terms()
    for contexts in ([VC], [VC, VC], [VC, VC, VC], [VC] * 20, VC):
        assert start.within(contexts).terms.find("VerifiableCredential")
        assert len(start._within) <= 2
    assert not [each for each in start._within if len(each) == 20]
    assert start.within(VC) is start.within(VC)
