# SPDX-License-Identifier: Apache-2.0
"""The short way finds what the long way finds, or says nothing."""

import json
import warnings
from collections import Counter
from pathlib import Path

import pytest

from cairn.canonical import PINNED, expansion, json_ld, parse_json, rdf_canonical, rdfc, statements, terms
from cairn.canonical.contexts import EXAMPLES
from cairn.canonical.json_ld import Names
from cairn.errors import CairnError

OWN = Path(__file__).parents[1] / "vectors" / "canonical"
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


def short(document: dict) -> str | None:
    found = statements.statements(document, PINNED)
    return found and rdfc.canonicalize(found.quads).text


def long(document: dict) -> str:
    values = json_ld._count_values(document)
    return rdfc.canonicalize(json_ld._expanded(document, PINNED, values, Names())).text


@pytest.fixture
def contexts(monkeypatch):
    """Makes contexts of our own known under URLs."""
    known: dict[str, str] = {}

    def make(*own: dict) -> list[str]:
        monkeypatch.setattr(terms, "_tables", {})
        monkeypatch.setattr(expansion, "_MEMO", expansion._Memo())
        urls = [f"urn:context:{number}" for number in range(len(own))]
        for url, context in zip(urls, own, strict=True):
            monkeypatch.setitem(expansion._CONTEXTS._by_url, url, expansion._Resolved(context))
            known[url] = url
        return urls

    make.known = known
    return make


def test_a_badge_is_read_whole():
    document = parse_json((OWN / "badge.json").read_bytes())

    found = statements.statements(document, PINNED)

    assert rdfc.canonicalize(found.quads).text.encode() == (OWN / "badge.nq").read_bytes()
    assert found.values == json_ld._count_values(document)
    assert found.blank_nodes == len({term for quad in found.quads for term in quad if term[:2] == "_:"})


def test_the_examples_of_the_specification_are_read_the_short_way(shared_vectors):
    outcomes: Counter[str] = Counter()
    for path in sorted(shared_vectors("1edtech-ob3-spec").rglob("*.json")):
        try:
            document = parse_json(path.read_bytes())
            expected = long(document)
        except CairnError:
            outcomes["refused"] += short(document) is None
            continue
        found = short(document)
        outcomes["by PyLD" if found is None else "the same" if found == expected else "another"] += 1

    assert outcomes["another"] == 0
    assert outcomes["by PyLD"] <= 2  # types by their IRIs
    assert outcomes["the same"] >= 12


def test_the_statements_of_the_json_ld_cases(shared_vectors, contexts, subtests):
    """The published cases, as they are and with terms for keywords; what is answered is answered right."""
    manifest = next(shared_vectors("w3c-json-ld-api").rglob("toRdf-manifest.jsonld"))
    answered = 0
    for entry in json.loads(manifest.read_bytes())["sequence"]:
        document = json.loads((manifest.parent / entry["input"]).read_bytes())
        document = document[0] if isinstance(document, list) and len(document) == 1 else document
        if not isinstance(document, dict) or not entry["input"].endswith(".jsonld"):
            continue
        own = document.get("@context", {})
        own = own if isinstance(own, list) else [own]
        for renamed in (False, True):
            urls = contexts(*own, *([KEYWORDS] if renamed else []))
            with subtests.test(entry["@id"], renamed=renamed), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                case = {**(_in_terms(document) if renamed else document), "@context": urls}
                try:
                    found = statements.statements(case, contexts.known)
                except (ValueError, KeyError, TypeError, AttributeError):
                    continue  # a context that PyLD cannot even refuse; ours are all well formed
                if found is None:
                    continue
                answered += 1
                assert "jld:NegativeEvaluationTest" not in entry["@type"] or entry["@id"] in WRAPPED
                if "expect" in entry and entry["@id"] not in WRAPPED:
                    expected = rdfc.parse_nquads((manifest.parent / entry["expect"]).read_text("utf-8"))
                    assert rdfc.canonicalize(found.quads).text == rdfc.canonicalize(expected).text
    assert answered >= 50


KEYWORDS = {"id": "@id", "type": "@type"}
# A context in a context is wrong only where it is written in the document itself.
WRAPPED = {"#ter56"}


def _in_terms(value):
    if isinstance(value, list):
        return [_in_terms(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = {keyword: name for name, keyword in KEYWORDS.items()}
    return {
        names.get(name, name): item if name == "@context" else _in_terms(item) for name, item in value.items()
    }


@pytest.mark.parametrize(
    "more",
    [
        {"name": {"@value": "Wall", "@language": "en-GB"}},
        {"name": {"@value": "Wall", "@language": "EN"}},
        {"name": {"@value": "Wall"}},
        {"name": 'say "x"\n\\\x7f\x00'},
        {"name": ["a", "b", "a"]},
        {"name": []},
        {"evidence": {}},
        {"evidence": [{"type": []}, {"type": "Evidence", "name": "x"}]},
        {"evidence": {"id": "urn:e"}},
        {"image": "https://e.example/é"},
        {"issuer": "HTTPS://E"},
        {"validFrom": 1.5},
        {"awardedDate": True},
        {"name": 10**20},
        {"name": -0.0},
        {"proof": {"type": "DataIntegrityProof", "proofPurpose": "assertionMethod", "proofValue": "z1"}},
        {"proof": [{"type": "DataIntegrityProof", "proofPurpose": "urn:x"}, {"type": "DataIntegrityProof"}]},
        {"proof": {}},
        {"termsOfUse": {"type": "JsonSchema", "id": "urn:x"}},
        {"type": "VerifiableCredential"},
    ],
)
def test_what_credentials_hold_is_read_as_the_long_way_does(more):
    assert short(badge(**more)) == long(badge(**more))


@pytest.mark.parametrize("allowed", ["a", [], ["a"], ["b", "a", "b"], [1, True], {"id": "urn:x"}])
def test_a_list_is_read_in_its_order(allowed):
    described = {"id": "urn:r", "type": ["ResultDescription"], "allowedValue": allowed}
    document = badge()
    document["credentialSubject"]["achievement"]["resultDescription"] = [described]

    assert short(document) == long(document)


@pytest.mark.parametrize(
    "more",
    [
        {"name": None},
        {"name": [None]},
        {"name": [["x"]]},
        {"name": 10**21},
        {"name": float("nan")},
        {"name": float("inf")},
        {"name": 1j},
        {"name": {"@value": 1}},
        {"name": {"@value": None}},
        {"name": {"@value": "x", "@language": 1}},
        {"name": {"@value": "x", "@language": "e_n"}},
        {"name": {"@value": "x", "@direction": "ltr"}},
        {"name": {"@value": "x", "@type": "urn:x"}},
        {"name": {"@list": ["x"]}},
        {"colour": "red"},
        {"colour": []},
        {"@type": "VerifiableCredential"},
        {"schema:name": "x"},
        {"type": ["VerifiableCredential", "Nothing"]},
        {"type": "https://www.w3.org/2018/credentials#VerifiableCredential"},
        {"id": "x"},
        {"id": None},
        {"id": ["urn:x"]},
        {"issuer": "_:b0"},
        {"proof": "urn:x"},
        {"proof": 1},
        {"proof": {"id": "urn:x"}},
        {"proof": {"@value": "x"}},
        {"proof": {"type": "DataIntegrityProof", "proofPurpose": "other"}},
        {"credentialSchema": {"id": "urn:s", "type": "JsonSchema", "jsonSchema": {}}},
        {"issuer": {"@context": VC, "id": "urn:x"}},
        {"@context": []},
        {"@context": [VC, {"name": "urn:x"}]},
        {"@context": {"name": "urn:x"}},
        {"@context": None},
        {"@context": [VC, "urn:unknown"]},
        {"@context": [VC, OB, EXAMPLES.url]},
        {"@context": [VC, ["urn:unknown"]]},
    ],
)
def test_all_else_is_left_to_the_long_way(more):
    assert short(badge(**more)) is None


@pytest.mark.parametrize("iri", ["sec:x", "xsd://x", "sec:"])
def test_an_iri_that_could_be_a_short_one_is_left_to_the_long_way(contexts, iri):
    urls = contexts(
        {**KEYWORDS, "sec": "urn:sec#", "xsd": "urn:xsd#", "long": "urn:long", "name": "urn:name"}
    )

    for member in (iri, iri.replace("sec", "long").replace("xsd", "long")):
        document = {"@context": urls, "id": member, "name": "x"}
        assert (statements.statements(document, contexts.known) is None) is (member == iri)


def test_what_says_nothing_or_is_no_object_is_left_to_the_long_way():
    assert short({"@context": VC, "id": "urn:x"}) is None
    assert short({"id": "urn:x"}) is None
    assert short([badge()]) is None


def test_a_contained_credential_brings_its_own_context():
    presentation = {
        "@context": [VC],
        "type": "VerifiablePresentation",
        "verifiableCredential": [badge(), badge(name="Other")],
    }

    assert short(presentation) == long(presentation)
    del presentation["verifiableCredential"][1]["@context"]
    assert short(presentation) is None


def test_ids_of_several_objects_are_told():
    profile = {"id": "urn:p", "type": ["Profile"]}
    document = badge(issuer=profile, evidence=[{"id": "urn:uuid:2"}, {"id": "urn:e"}], termsOfUse=profile)

    assert statements.statements(document, PINNED).repeated == {"urn:p", "urn:uuid:2"}


def test_a_reference_inside_a_typed_object_is_read_under_its_terms(contexts):
    urls = contexts({
        "type": "@type",
        "T": {"@id": "urn:T", "@context": {"key": "@id", "value": "@value", "part": "urn:part"}},
        "key": "urn:key",
        "value": "urn:value",
    })  # fmt: skip

    def of(part) -> list:
        found = statements.statements({"@context": urls, "type": "T", "part": part}, contexts.known)
        return found and [quad[1:3] for quad in found.quads if quad[1] != statements.TYPE]

    assert of({"key": "urn:x"}) == [("<urn:part>", "<urn:x>")]
    assert sorted(of({"key": "x", "type": []}))[0] == ("<urn:key>", '"x"')
    assert of({"value": "x"}) is None
    assert of({"value": "x", "type": []}) is None
    assert len(of({"value": "x", "type": [], "key": "x"})) == 3


@pytest.mark.parametrize(
    ("scoped", "more"),
    [
        ({"kind": "@type"}, {"kind": "T"}),
        ({"key": "@id"}, {"id": "urn:x", "key": "urn:y"}),
        ({"type": "urn:type"}, {}),
        ({"word": "@graph"}, {"word": []}),
    ],
)
def test_a_keyword_that_types_bring_in_is_left_to_the_long_way(contexts, scoped, more):
    urls = contexts({
        **KEYWORDS,
        "kind": "urn:kind",
        "name": "urn:name",
        "T": {"@id": "urn:T", "@context": scoped},
        "U": "urn:U",
    })  # fmt: skip
    document = {"@context": urls, "type": "T", "name": "x", **more}

    assert statements.statements(document, contexts.known) is None
    assert statements.statements({**document, "type": "U", "key": [], "word": []}, contexts.known) is None
    assert statements.statements({"@context": urls, "type": "U", "name": "x"}, contexts.known)


def _named_alike(document: dict, contexts) -> bool:
    """Whether both ways name alike when they share the names; False: the short way says nothing."""
    names = Names()
    found = statements.statements(document, contexts, names.name)
    if found is None:
        return False
    values = json_ld._count_values(document)
    assert sorted(found.quads) == sorted(json_ld._expanded(document, contexts, values, names))
    return True


def test_both_ways_name_an_object_alike(shared_vectors):
    """A document may go the short way and a part of it the long one: the statements have to be the same."""
    alike = 0
    for path in sorted(shared_vectors("1edtech-ob3-spec").rglob("*.json")):
        document = parse_json(path.read_bytes())
        if short(document) is not None:
            alike += _named_alike(document, PINNED)

    assert alike >= 12


def test_both_ways_name_lists_and_graphs_alike():
    values = {"allowedValue": ["low", "high"], "type": ["ResultDescription"], "name": "x", "id": "urn:r"}
    result = {**values, "resultType": "Status"}
    document = badge()
    document["credentialSubject"]["achievement"]["resultDescription"] = [result]
    held = {"@context": [VC], "type": ["VerifiablePresentation"], "verifiableCredential": [badge()]}

    assert _named_alike(document, PINNED)
    assert _named_alike(held, PINNED)


def test_two_lists_of_one_meaning_are_left_to_the_long_way(contexts):
    listed = {"@id": "urn:list", "@container": "@list"}
    urls = contexts({**KEYWORDS, "one": listed, "other": listed, "T": "urn:T"})

    def answers(**members) -> bool:
        return _named_alike({"@context": urls, "type": "T", **members}, contexts.known)

    assert answers(one=["x", "y"])
    assert not answers(one=["x"], other=["y"])


def test_two_names_of_one_keyword_are_left_to_the_long_way(contexts):
    urls = contexts({**KEYWORDS, "key": "@id", "kind": "@type", "name": "urn:name", "T": "urn:T"})

    def answers(**members) -> bool:
        document = {"@context": urls, "name": "x", **members}
        return statements.statements(document, contexts.known) is not None

    assert answers(id="urn:x", type="T")
    assert answers(key="urn:x", kind="T")
    assert not answers(id="urn:x", key="urn:x")
    assert not answers(type="T", kind="T")


def test_s17_definitions_are_counted_each_time_that_other_terms_are_reached(monkeypatch):
    cost = terms.initial_terms().within([VC, OB]).cost
    monkeypatch.setattr(statements, "MAX_DEFINITIONS", cost + 200)
    evidence = [{"type": ["Evidence"], "name": "x"}] * 50

    assert short(badge(evidence=evidence))  # the same terms again and again
    assert (
        short(badge(evidence=[{"type": ["Achievement", "Profile"]}, {"type": ["Result", "Evidence"]}]))
        is None
    )
    monkeypatch.setattr(statements, "MAX_DEFINITIONS", cost - 1)
    assert short(badge()) is None


def test_a_property_s_own_terms_are_paid_for(contexts, monkeypatch):
    scoped = {"p": "urn:p", **{f"q{n}": f"urn:{n}" for n in range(49)}}
    urls = contexts(
        {"p": {"@id": "urn:p", "@context": {**scoped, "p": {"@id": "urn:p", "@context": scoped}}}}
    )
    whole = terms.initial_terms().within(urls)
    term = whole.terms.find("p")
    assert min(term.scope.cost, term.inside.cost) >= 50
    for_a_text = whole.cost + term.scope.cost
    for value, most in (("x", for_a_text), ({}, for_a_text + term.inside.cost)):
        document = {"@context": urls, "p": value}
        monkeypatch.setattr(statements, "MAX_DEFINITIONS", most - 1)
        assert statements.statements(document, contexts.known) is None
        monkeypatch.setattr(statements, "MAX_DEFINITIONS", most)
        assert statements.statements(document, contexts.known)


def test_a_value_that_the_short_way_loses_is_looked_for_on_the_long_way(monkeypatch):
    """Even if it were to forget a claim, the count would not come out, and PyLD would be asked."""
    lossy = statements.statements

    def forgetting(document, contexts, naming):
        found = lossy(document, contexts, naming)
        return found._replace(quads=found.quads[:-1], values=found.values - 1)

    expected = rdf_canonical(badge())
    monkeypatch.setattr(json_ld, "statements", forgetting)

    assert rdf_canonical(badge()) == expected


def test_numbers_are_written_as_json_ld_writes_them():
    double, integer = ("http://www.w3.org/2001/XMLSchema#" + name for name in ("double", "integer"))

    assert statements.native(5, double) == f'"5.0E0"^^<{double}>'
    assert statements.native(5.0, None) == f'"5"^^<{integer}>'
    assert statements.native(5.25, None) == f'"5.25E0"^^<{double}>'
    assert statements.native(5, "urn:x") == '"5"^^<urn:x>'
    assert statements.native(value=False, datatype="urn:x") == '"false"^^<urn:x>'
