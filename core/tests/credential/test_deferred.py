# SPDX-License-Identifier: Apache-2.0
"""Rules asked of a shape say, with what is asked later, what all the rules say of the document."""

import copy
import operator
import re

import pytest

from cairn.canonical.gaps import leaves
from cairn.canonical.gaps import with_gaps as with_sentinels
from cairn.credential import deferred, structure, structure_problems
from cairn.credential.deferred import Deferring, Gap, LookedError, Residue, ask, reads, with_gaps
from cairn.credential.shapes import Shape, decimal_index, identifier, many, moment, one_of, text, web_address
from cairn.credential.structure import residue
from cairn.testing import sample_credential

STATIC = {"@context", "type", "cryptosuite", "proofPurpose"}


def badge():
    document = sample_credential().to_document()
    document["validUntil"] = "2031-01-01T00:00:00Z"
    document["evidence"] = [
        {"id": f"https://x.example/e/{n}", "type": ["Evidence"], "name": "Log"} for n in "ab"
    ]
    document["credentialStatus"] = {
        "id": "https://x.example/s/1#7",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://x.example/s/1",
    }
    achievement = document["credentialSubject"]["achievement"]
    achievement["image"] = {"id": "https://x.example/i.png", "type": "Image"}
    achievement["creator"] = {"id": "https://x.example/me", "type": ["Profile"], "url": "https://x.example"}
    achievement["alignment"] = [
        {"type": ["Alignment"], "targetName": "x", "targetUrl": "https://x.example/t", "targetType": "ext:x"}
    ]
    document["relatedResource"] = [{"id": "https://x.example/r", "digestSRI": "sha384-x"}]
    return document


def of_shape(document, *, free=None):
    """The residue of a document's shape, and its strings in the order of the gaps.

    With ``free`` the string of that number alone is a gap, the first one.
    """
    gaps = {}

    def sentinels():
        for number, known in enumerate(strings(document)):
            if free in (None, number):
                gaps[f"urn:x-test:{number}"] = len(gaps)
            yield known if free not in (None, number) else f"urn:x-test:{number}"

    asked = residue(with_sentinels(document, sentinels()), gaps)
    return asked, strings(document)


def strings(document):
    return [leaf.text for leaf in leaves(document) if not leaf.is_key and leaf.name not in STATIC]


def test_a_badge_that_breaks_no_rule_fits_its_shape():
    asked, values = of_shape(badge())

    assert structure_problems(badge()) == ()
    assert asked.holds(values)


HOSTILE = [
    "", "x", "_:b0", "relative", "a b", "HTTPS://X.example", "https://", "https://a.example:99999/", "https://[",
    "https://u@a.example/", "https://a.example:80/x?y#z", "javascript:x", "data:image/png;base64,AA",
    "did:web:x", "é", "2026-13-01T00:00:00Z", "2026-11-23T12:00:00+02:00", "2020-01-01T00:00:00Z", "01", "-1",
    "7" * 19, "ext:x", "Certificate", "revocation", "https://x.example/s/1", "https://harbour.example/a/knots",
    "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d", "https://x.example/e/a", "x" * 3000, "urn:x:1", "٧",
    "https://x.example/" + "x" * 2040,
    "https://x.example/%zz", "https://x.example/%20", "line\nfeed", "\\",
]  # fmt: skip


def put(document, number, value):
    """The document with another string in one gap."""
    values = iter(range(10**6))

    def walk(part, name=""):
        if isinstance(part, str):
            return part if name in STATIC or next(values) != number else value
        if isinstance(part, list):
            return [walk(item, name) for item in part]
        return {key: walk(part[key], key) for key in sorted(part)} if isinstance(part, dict) else part

    return walk(document)


def test_every_string_changed_fits_only_if_no_rule_is_broken():
    document = badge()
    asked, values = of_shape(document)
    fitted = 0
    for number in range(len(values)):
        for hostile in HOSTILE:
            other = put(document, number, hostile)
            assert strings(other)[number] == hostile
            if asked.holds(strings(other)):
                fitted += 1
                assert structure_problems(other) == (), (number, hostile)
    assert fitted > 300


def test_two_strings_changed_at_once_fit_only_if_no_rule_is_broken():
    document = badge()
    asked, values = of_shape(document)
    for first in range(len(values)):
        for second in range(first):
            for hostile in ("urn:x:1", "2020-01-01T00:00:00Z"):
                other = put(put(document, first, hostile), second, hostile)
                if asked.holds(strings(other)):
                    assert structure_problems(other) == (), (first, second, hostile)


def test_what_is_known_is_asked_once_and_the_rest_each_time():
    asked, values = of_shape(badge())
    for free in range(len(values)):
        left, _ = of_shape(badge(), free=free)
        for hostile in HOSTILE:
            changed = [hostile if at == free else value for at, value in enumerate(values)]
            assert left.holds([hostile]) == asked.holds(changed), (free, hostile)


def test_known_strings_that_break_a_rule_leave_nothing_to_ask():
    asked, values = of_shape(badge())
    for number in range(len(values)):
        wrong = put(badge(), number, "not an id, a date, an index or a term")
        if not asked.holds(strings(wrong)):
            assert of_shape(wrong, free=(number + 1) % len(values))[0] is None


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("issuer"),
        lambda document: document.update({"a:b": "x"}),
        lambda document: document.update(description=None),
        lambda document: document.update(credentialStatus=[]),
        lambda document: document["credentialSubject"].pop("achievement"),
        lambda document: document.update(type=["VerifiableCredential"]),
        lambda document: document["credentialSubject"]["achievement"].update(name=7),
    ],
)
def test_a_shape_that_breaks_a_rule_has_no_residue(change):
    document = badge()
    change(document)

    assert of_shape(document)[0] is None


def test_a_rule_that_looks_into_a_gap_leaves_every_document_to_all_the_rules(monkeypatch):
    """Were one ever written so, what it saw in the gap would hold for one document alone."""
    monkeypatch.setattr(
        structure, "_window", lambda document, problems: document["validFrom"].startswith("2026")
    )

    assert of_shape(badge())[0] is None


# The parts


@pytest.mark.parametrize(
    "look",
    [
        lambda gap: gap == "x", lambda gap: operator.eq("x", gap),
        lambda gap: gap != "x", lambda gap: gap < "x",
        lambda gap: gap in {"x": 1}, lambda gap: gap in ("x",), lambda gap: "x" in gap, lambda gap: hash(gap),
        lambda gap: len(gap), lambda gap: bool(gap), lambda gap: not gap, lambda gap: str(gap),
        lambda gap: f"{gap}", lambda gap: repr(gap), lambda gap: gap + "x", lambda gap: "x" + gap,
        lambda gap: gap[0], lambda gap: [*gap], lambda gap: gap.startswith("x"), lambda gap: gap.lower(),
        lambda gap: gap.isascii(), lambda gap: gap.partition(":"), lambda gap: gap.encode(),
        lambda gap: gap % 1, lambda gap: gap * 2, lambda gap: sorted([gap, gap]),
    ],
)  # fmt: skip
def test_whoever_looks_into_a_gap_is_stopped(look):
    with pytest.raises(LookedError):
        look(Gap.of("urn:x", 0))


def test_a_gap_can_be_passed_around():
    gap = Gap.of("urn:x", 3)

    assert isinstance(gap, str)
    assert gap.number == 3
    assert [gap][0] is gap


def asked_of(kind, value, gaps):
    problems = Deferring()
    ask(kind, with_gaps(value, gaps), "", problems)
    return problems.residue()


def test_a_kind_that_nobody_has_marked_waits_with_all_that_it_would_look_at():
    seen = []

    def kind(value, path, problems):
        seen.append(value)
        if re.search("bad", value["a"]["b"]):
            problems.append("bad")

    asked = asked_of(kind, {"a": {"b": "urn:0", "c": ["urn:1"]}}, {"urn:0": 0, "urn:1": 1})

    assert not seen
    assert asked.gaps == {0, 1}
    assert asked.holds(["good", "x"])
    assert not asked.holds(["bad", "x"])
    assert seen[0] == {"a": {"b": "good", "c": ["x"]}}


def test_of_a_list_the_gaps_are_filled_and_the_rest_is_as_it_was():
    seen = []
    asked = asked_of(
        lambda value, path, problems: seen.append(value), ["urn:0", "plain", {"b": 1}], {"urn:0": 0}
    )

    assert asked.holds(["x"])
    assert seen == [["x", "plain", {"b": 1}]]


def test_without_gaps_it_is_asked_at_once():
    assert asked_of(identifier, "x", {}) is None
    assert asked_of(identifier, "urn:x", {}).holds([])


def test_a_rule_is_shown_the_members_that_it_reads_and_no_others():
    seen = []

    @reads("a", "b")
    def rule(document, problems):
        seen.append(dict(document))

    rule({"a": 1, "c": 2}, [])
    problems = Deferring()
    rule(with_gaps({"a": "urn:0", "c": "urn:1"}, {"urn:0": 0, "urn:1": 1}), problems)
    problems.residue().holds(["x", "y"])

    assert seen == [{"a": 1}, {"a": "x"}]


def test_shapes_and_lists_ask_about_what_is_in_them():
    shape = Shape(None, {"at": moment}, {"of": many(Shape(None, {"id": identifier})), "kind": one_of(("x",))})
    value = {"at": "urn:0", "of": [{"id": "urn:1"}, {"id": "urn:2"}], "kind": "urn:3"}
    asked = asked_of(shape, value, {f"urn:{n}": n for n in range(4)})
    good = ["2026-01-01T00:00:00Z", "urn:a", "urn:b", "x"]

    assert asked.holds(good)
    for number, wrong in enumerate(("never", "a", "urn:a", "y")):
        assert not asked.holds([wrong if at == number else value for at, value in enumerate(good)]), number
    assert asked_of(shape, {"of": []}, {}) is None


def test_plain_addresses_are_recognised_together_and_odd_ones_one_by_one():
    asked = asked_of(
        Shape(None, {"a": identifier, "b": web_address, "c": text}),
        {"a": "urn:0", "b": "urn:1", "c": "urn:2"},
        {f"urn:{n}": n for n in range(3)},
    )

    assert asked.holds(["urn:x", "https://x.example/a?b#c", ""])
    assert asked.holds(["tag:x", "https://x.example:8443/", " "])  # not plain, and right
    assert not asked.holds(["urn:x y", "https://x.example/", "x"])
    assert not asked.holds(["urn:x", "urn:x", "x"])
    assert not asked.holds(["urn:" + "x" * 2045, "https://x.example/", "x"])


def test_plain_means_what_the_grammar_of_addresses_means():
    for hostile in HOSTILE:
        for kind in (identifier, web_address, decimal_index):
            pattern = re.compile(deferred._PLAIN[kind.plain], re.ASCII)
            if len(hostile) <= 2048 and " " not in hostile and pattern.fullmatch(f"{hostile} "):
                problems = []
                kind(hostile, "", problems)
                assert problems == [], hostile


def test_ids_are_kept_apart():
    problems = Deferring()
    gaps = with_gaps(["urn:0", "urn:1", "urn:2"], {f"urn:{n}": n for n in range(3)})
    problems.keep_apart(gaps[:2], [gaps[2], "urn:fixed"])
    asked = problems.residue()

    assert asked.holds(["a", "b", "c"])
    for values in (["a", "a", "c"], ["a", "b", "a"], ["urn:fixed", "b", "c"]):
        assert not asked.holds(values)


def test_a_list_is_asked_about_with_all_that_is_in_it():
    seen = []
    problems = Deferring()
    ask(
        lambda value, _path, _found: seen.append(value), with_gaps(["a", "urn:0"], {"urn:0": 0}), "", problems
    )

    assert problems.residue().holds(["b"])
    assert seen == [["a", "b"]]


def test_ids_that_are_known_are_kept_apart_at_once():
    for own, others, is_broken in (
        (("a", "b"), ("c",), False),
        (("a", "a"), (), True),
        (("a", "b"), ("b",), True),
    ):
        problems = Deferring()
        problems.keep_apart(own, others)
        asked = problems.residue()
        assert (asked is None) is is_broken
        assert asked is None or asked.holds(())


def test_a_list_with_problems_has_no_residue():
    problems = Deferring()
    problems.append("broken")

    assert problems.residue() is None
    assert isinstance(Deferring().residue(), Residue)
    assert copy.copy([]) == Deferring()
