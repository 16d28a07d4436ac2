# SPDX-License-Identifier: Apache-2.0
"""RDFC-1.0 against its vectors and a second engine, and the bound on its work (B33, B39, B40)."""

import json
import random
from bisect import bisect_left
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from cairn.canonical.rdfc import (
    DEFAULT_WORK,
    canonicalize,
    literal,
    parse_nquads,
    serialise,
    share_work,
    spend_shared,
)
from cairn.errors import MalformedError

OWN = Path(__file__).parents[1] / "vectors" / "canonical"
P = "<urn:p>"


def clique(size: int) -> list[tuple[str, str, str, str]]:
    return [(f"_:e{a}", P, f"_:e{b}", "") for a in range(size) for b in range(size) if a != b]


def chain(size: int) -> list[tuple[str, str, str, str]]:
    return [(f"_:e{number}", P, f"_:e{number + 1}", "") for number in range(size)]


def test_the_published_cases(shared_vectors, subtests):
    folder = shared_vectors("w3c-rdf-canon")
    entries = json.loads((folder / "manifest.jsonld").read_bytes())["entries"]
    assert len(entries) == 86

    for entry in entries:
        with subtests.test(entry["id"], type=entry["type"]):
            quads = parse_nquads((folder / entry["action"]).read_bytes().decode())
            algorithm = entry.get("hashAlgorithm", "SHA256").lower()
            if entry["type"] == "rdfc:RDFC10NegativeEvalTest":
                with pytest.raises(MalformedError, match="limit-rdf-work"):
                    canonicalize(quads, algorithm=algorithm)
                continue
            found = canonicalize(quads, algorithm=algorithm)
            expected = (folder / entry["result"]).read_bytes()
            if entry["type"] == "rdfc:RDFC10EvalTest":
                assert found.text.encode() == expected
            else:
                assert entry["type"] == "rdfc:RDFC10MapTest"
                labels = {node[2:]: label[2:] for node, label in found.issued.items()}
                assert labels == json.loads(expected)


def test_datasets_with_blank_graph_names_are_as_rdf_canonize_writes_them():
    cases = json.loads((OWN / "graphs.json").read_bytes())
    assert len(cases) == 40

    for case in cases:
        quads = parse_nquads("\n".join(case["dataset"]))

        assert canonicalize(quads).text.splitlines() == case["canonical"]


NODES = st.sampled_from(["<urn:a>", "_:x0", "_:x1", "_:x2", "_:x3", "_:x4"])
OBJECTS = NODES | st.text(st.characters(exclude_categories=["Cs"]), max_size=4).map(literal)
PREDICATES = st.sampled_from([P, "<urn:q>"])
TRIPLES = st.lists(st.tuples(NODES, PREDICATES, OBJECTS, st.just("")), max_size=12)
# A named graph whose blank nodes are in no other, and what names it: as JSON-LD makes them of a document in
# which no blank node has a label. Only there has the standard one form, see below at ENTANGLED.
GRAPHS = st.sampled_from(["<urn:a>", "_:graph0", "_:graph1"])
INSIDE = st.tuples(NODES, PREDICATES, OBJECTS, GRAPHS).map(
    lambda quad: (
        *(f"{term}in{quad[3].strip('>')[-1]}" if term[0] == "_" else term for term in quad[:3]),
        quad[3],
    )
)
LINKS = st.tuples(NODES, st.just("<urn:holds>"), GRAPHS, st.just(""))
QUADS = st.lists(st.tuples(NODES, PREDICATES, OBJECTS, st.just("")) | INSIDE | LINKS, max_size=12)


@given(TRIPLES)
@settings(max_examples=300)
def test_a_second_engine_finds_the_same_form(quads):
    dataset = pyoxigraph.Dataset(
        pyoxigraph.parse(serialise(quads).encode(), format=pyoxigraph.RdfFormat.N_QUADS)
    )
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    lines = pyoxigraph.serialize(dataset, format=pyoxigraph.RdfFormat.N_QUADS).split(b"\n")

    assert canonicalize(quads).text.encode().split(b"\n") == sorted(lines, key=lambda line: (not line, line))


@given(QUADS, st.randoms(use_true_random=False), st.sampled_from(["sha256", "sha384"]))
def test_b40_neither_labels_nor_order_matter(quads, rng, algorithm):
    before = sorted({term for quad in quads for term in quad if term.startswith("_:")})
    after = [f"_:n{number}" for number in range(len(before))]
    rng.shuffle(after)
    renamed = dict(zip(before, after, strict=True))
    shuffled = [tuple(renamed.get(term, term) for term in quad) for quad in quads]
    rng.shuffle(shuffled)

    assert canonicalize(shuffled, algorithm=algorithm).text == canonicalize(quads, algorithm=algorithm).text


@given(QUADS)
def test_the_canonical_form_is_its_own_canonical_form_and_is_read_back(quads):
    text = canonicalize(quads).text

    assert canonicalize(parse_nquads(text)).text == text
    assert serialise(parse_nquads(text)) == text


# Graphs that share blank nodes. The hash of a neighbour (§4.7) tells neither in which graph it is met nor,
# where a blank node names that graph, as what one stands there oneself. So nodes that differ may look alike:
# which of them comes first decides. That is for the standard to mend; who alone did would agree with nobody.
ENTANGLED = {
    "a graph's name in another graph": [
        ("_:x0", P, "<urn:a>", ""),
        ("_:x0", P, "_:x1", "_:x3"),
        ("_:x2", P, "_:x3", "_:x1"),
    ],
    "a node in two graphs": [
        ("_:x0", P, "_:x2", "<urn:g>"),
        ("_:x0", P, "_:x3", "<urn:h>"),
        ("_:x1", P, "_:x3", "<urn:g>"),
        ("_:x1", P, "_:x2", "<urn:h>"),
        ("_:x2", P, '"1"', ""),
        ("_:x3", P, '"2"', ""),
    ],
}


@pytest.mark.parametrize("quads", ENTANGLED.values(), ids=ENTANGLED.keys())
def test_graphs_that_share_blank_nodes_have_two_forms_and_another_engine_finds_the_same_two(quads):
    def of_another_engine(shuffled):
        lines = "".join(f"{' '.join(filter(None, quad))} .\n" for quad in shuffled)
        quads_in, quads_out = ({kind: "application/n-quads"} for kind in ("inputFormat", "format"))
        return jsonld.normalize(lines, {"algorithm": "URDNA2015", **quads_in, **quads_out})

    rng = random.Random(1)
    ours, theirs = set(), set()
    for _ in range(50):
        names = [f"_:n{number}" for number in range(4)]
        rng.shuffle(names)
        renamed = dict(zip(("_:x0", "_:x1", "_:x2", "_:x3"), names, strict=True))
        shuffled = [tuple(renamed.get(term, term) for term in quad) for quad in quads]
        rng.shuffle(shuffled)
        ours.add(canonicalize(shuffled).text)
        theirs.add(of_another_engine(shuffled))

    assert ours == theirs
    assert len(ours) == 2


@given(QUADS)
def test_a_repeated_quad_counts_once(quads):
    assert canonicalize(quads + quads) == canonicalize(quads)


def test_equal_looking_quads_to_different_nodes_both_count():
    """Both become ``_:a <urn:p> _:z`` in the first hash, and dropping one would change the labels."""
    two = [("_:s", P, "_:x", ""), ("_:s", P, "_:y", ""), ("_:x", P, '"1"', ""), ("_:y", P, '"2"', "")]

    assert canonicalize([*two, ("_:t", P, "_:x", "")]).text == (
        "_:c14n0 <urn:p> _:c14n1 .\n"
        "_:c14n0 <urn:p> _:c14n3 .\n"
        '_:c14n1 <urn:p> "2" .\n'
        "_:c14n2 <urn:p> _:c14n3 .\n"
        '_:c14n3 <urn:p> "1" .\n'
    )


def test_a_graph_of_many_quads_costs_no_more_than_one_of_few():
    """Every quad leads to its graph's name in the same way; the orders of equals are not tried again."""

    def twins(size: int) -> list[tuple[str, str, str, str]]:
        return [
            (f"_:node{twin}", f"<urn:p{number}>", '"x"', f"_:graph{twin}")
            for twin in range(2)
            for number in range(size)
        ]

    canonicalize(twins(4), max_work=200)
    canonicalize(twins(40), max_work=2_000)


def test_lines_are_in_code_point_order_of_their_final_labels():
    text = canonicalize([(f"_:n{number}", P, f'"{number:02}"', "") for number in range(12)]).text

    labels = [line.split()[0] for line in text.splitlines()]
    assert labels == sorted(f"_:c14n{number}" for number in range(12))
    assert labels.index("_:c14n10") < labels.index("_:c14n2")


@pytest.mark.parametrize("size", range(8, 13))
def test_b33_cliques_are_refused(size):
    with pytest.raises(MalformedError, match="limit-rdf-work"):
        canonicalize(clique(size))


@pytest.mark.parametrize(
    "quads",
    [
        chain(10_000),
        [(f"_:s{a}", P, f"_:o{b}", "") for a in range(32) for b in range(32)],
        [(f"_:s{a}", P, f"_:o{a}x{b}", "") for a in range(7) for b in range(8)],
        # Few nodes, but each step hashes a long term.
        [(s, f"<urn:{'p' * 100_000}>", o, g) for s, _, o, g in clique(6)],
    ],
    ids=["chain", "bipartite", "stars", "long predicates"],
)
def test_b33_other_poison_is_refused(quads):
    with pytest.raises(MalformedError, match="limit-rdf-work"):
        canonicalize(quads)


@pytest.mark.parametrize("predicate", [f"<urn:{letter}>" for letter in "abcdefgh"])
def test_b33_orders_that_need_no_hash_are_work_too(predicate):
    """Twelve nodes that were labelled on the way have 12! orders, each refused at its first step."""
    twins = [
        quad
        for twin in range(2)
        for half in range(2)
        for leaf in range(6)
        for quad in (
            (f"_:s{twin}", predicate, f"_:y{twin}{half}", ""),
            (f"_:y{twin}{half}", "<urn:leaf>", f"_:x{twin}{half}{leaf}", ""),
            (f"_:s{twin}", "<urn:all>", f"_:x{twin}{half}{leaf}", ""),
        )
    ]
    with pytest.raises(MalformedError, match="limit-rdf-work"):
        canonicalize(twins)


def test_b33_many_equal_subgraphs_are_no_poison():
    twins = [
        quad
        for number in range(2_000)
        for quad in ((f"_:a{number}", P, f"_:b{number}", ""), (f"_:b{number}", P, '"x"', ""))
    ]

    assert len(canonicalize(twins).issued) == 4_000


def test_a_chain_longer_than_the_depth_allowed_is_refused_whatever_its_work():
    canonicalize(chain(150))
    with pytest.raises(MalformedError, match="limit-rdf-work"):
        canonicalize(chain(1_000), max_work=10**9)


def test_the_work_of_a_graph_is_always_the_same():
    """The least budget that suffices is the same on each run, which no clock could promise."""

    def suffices(budget: int) -> bool:
        try:
            canonicalize(clique(4), max_work=budget)
        except MalformedError:
            return False
        return True

    least = bisect_left(range(10_000), True, key=suffices)

    assert all(suffices(least) and not suffices(least - 1) for _ in range(10))


def test_b39_literals_are_escaped_as_rdfc_1_0_demands():
    everything = "".join(map(chr, range(0x100))) + "\u2028\ufeff\U0001f9f1"
    escaped = {8: r"\b", 9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r", 34: r"\"", 92: r"\\", 127: r"\u007F"}
    expected = "".join(
        escaped.get(code) or (f"\\u{code:04X}" if code < 32 else chr(code)) for code in map(ord, everything)
    )

    assert literal(everything) == f'"{expected}"'
    assert parse_nquads(f'<urn:s> {P} "{expected}" .\n') == [("<urn:s>", P, f'"{expected}"', "")]


def test_b39_a_very_long_literal_is_escaped_in_linear_time():
    assert len(literal('\0"\\\n' * 300_000)) == 3_600_002


@pytest.mark.parametrize(
    ("line", "quad"),
    [
        ('<urn:s> <urn:p> "a"^^<http://www.w3.org/2001/XMLSchema#string> .', ("<urn:s>", P, '"a"', "")),
        ('<urn:s> <urn:p> "a"@en-GB <urn:g> . # why', ("<urn:s>", P, '"a"@en-GB', "<urn:g>")),
        (r'<urn:s> <urn:p> "\u0041\U0001F9F1\'\t" .', ("<urn:s>", P, '"A\U0001f9f1\'\\t"', "")),
        (r"<urn:\u00e9> <urn:p> <urn:o> .", ("<urn:é>", P, "<urn:o>", "")),
        ("\t_:a<urn:p>_:b.c _:1.", ("_:a", P, "_:b.c", "_:1")),
        ('<urn:s> <urn:p> "a\u2028\u0085b" .', ("<urn:s>", P, '"a\u2028\u0085b"', "")),
    ],
)
def test_statements_are_read_into_canonical_terms(line, quad):
    assert parse_nquads(f"# comment\n\r\n{line}\n \t") == [quad]


@pytest.mark.parametrize(
    "line",
    [
        "<urn:s> <urn:p> <urn:o>",
        "<urn:s> <urn:p> .",
        '"s" <urn:p> <urn:o> .',
        "<urn:s> _:p <urn:o> .",
        '<urn:s> <urn:p> <urn:o> "g" .',
        "<s> <urn:p> <urn:o> .",
        "<> <urn:p> <urn:o> .",
        "<urn:s s> <urn:p> <urn:o> .",
        r"<urn:s\u0020s> <urn:p> <urn:o> .",
        r"<urn:s\u003e> <urn:p> <urn:o> .",
        r"<urn:s\n> <urn:p> <urn:o> .",
        r'<urn:s> <urn:p> "\x41" .',
        r'<urn:s> <urn:p> "\ud800" .',
        r'<urn:s> <urn:p> "\U00110000" .',
        '<urn:s> <urn:p> "a"@ .',
        '<urn:s> <urn:p> "a"@en_GB .',
        '<urn:s> <urn:p> "a"^^<integer> .',
        "<urn:s> <urn:p> 'a' .",
        "<urn:s> <urn:p> _:-a .",
        "<urn:s> <urn:p> <urn:o> . <urn:s> <urn:p> <urn:o> .",
        "<urn:s>\u00a0<urn:p> <urn:o> .",
    ],
)
def test_what_is_not_n_quads_is_refused(line):
    with pytest.raises(MalformedError, match=r"line 2.*n-quads"):
        parse_nquads(f"\n{line}\n")


def test_reading_hostile_lines_takes_linear_time():
    for line in (f"_:{'a.' * 200_000} ", f'<urn:s> {P} "{"a" * 1_000_000}', "<urn:" + "a" * 1_000_000):
        with pytest.raises(MalformedError, match="n-quads"):
            parse_nquads(line)


def test_shuffled_lines_give_the_same_text_a_thousand_times():
    quads = [*clique(3), *chain(4), ("_:e0", P, '"x"', "_:g"), ("_:g", P, "<urn:o>", "")]
    expected = canonicalize(quads).text
    rng = random.Random(1)

    for _ in range(1_000):
        rng.shuffle(quads)
        assert canonicalize(quads).text == expected


# --- work that is shared


def test_what_is_canonicalized_together_shares_its_work_b33_s17():
    quads = clique(4)
    with share_work(DEFAULT_WORK):
        once = canonicalize(quads)

    with share_work(3_000):
        assert canonicalize(quads) == once
        with pytest.raises(MalformedError) as refused:
            [canonicalize(quads) for _ in range(100)]

    assert refused.value.code == "limit-rdf-work"
    assert canonicalize(quads) == once


def test_a_block_inside_a_block_has_work_of_its_own():
    with share_work(1):
        with share_work(DEFAULT_WORK):
            canonicalize(clique(4))
            spend_shared(1_000)
        with pytest.raises(MalformedError):
            spend_shared(2)
    spend_shared(DEFAULT_WORK + 1)


def test_a_bound_that_is_named_is_the_bound():
    with share_work(1):
        assert canonicalize(clique(4), max_work=DEFAULT_WORK).text
