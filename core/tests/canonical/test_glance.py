# SPDX-License-Identifier: Apache-2.0
"""What a look tells of a document: strings by their place, and the document itself only when asked for."""

import json
from hashlib import sha256

import pytest

from cairn.canonical import jcs, rdf_canonical, to_json
from cairn.canonical.glance import Places
from cairn.canonical.plan import Budget
from cairn.canonical.shapes import Shapes
from cairn.testing import sample_credential

PATHS = (
    ("about", "words"),
    ("id",),
    ("of", 0),
    ("of", 1),
    ("of", 2),
    ("about", "name"),
    ("about",),
    ("name", 0),
    ("none", "of"),
    ("n",),
)
PLACES = Places(*((path,) for path in PATHS))


def document(number, *, name="Knots", words="x"):
    return {
        "id": f"urn:x:{number}",
        "name": words,
        "about": {"name": name, "words": words, "more": words},
        "of": ["a", f"b{number}"],
        "n": 1,
    }


def found(text):
    """The strings at those places, as anybody would look for them."""
    parsed = json.loads(text)

    def at(path):
        value = parsed
        for step in path:
            try:
                value = value[step] if type(value) in (dict, list) else None
            except (KeyError, IndexError):
                return None
        return value if type(value) is str else None

    return tuple(map(at, PATHS))


def taught(**changes):
    shapes = Shapes(patience=0)
    for number in range(9):
        shapes.read(to_json(document(number, **changes))).accepted()
    return shapes


@pytest.mark.parametrize("words", ["x", "two\nlines", "back\\slash"])
def test_strings_are_told_by_their_place(words):
    shapes = taught(words=words)

    for number, name in ((10, "Knots"), (11, "Sails"), (12, "three\tlines")):
        text = to_json(document(number, name=name, words=words))
        assert shapes.read(text).shape is not None
        assert shapes.read(text).strings_at(PLACES) == found(text)
        spaced = json.dumps(json.loads(text)).encode()
        assert shapes.read(spaced).strings_at(PLACES) == found(text)


def test_a_look_at_a_text_holds_no_document_that_somebody_else_can_change():
    shapes = taught()
    text = to_json(document(10))
    glance = shapes.read(text)
    assert glance.has_text
    before = glance.sha256()

    glance.document["name"] = "Doctor"

    assert glance.unsecured() == document(10)
    assert glance.sha256() == before
    assert not glance.is_of(glance.document)
    assert not glance.is_of(document(10))
    assert shapes.read(text).canonical_json == jcs(document(10))


def test_it_is_told_when_the_document_was_given_away():
    glance = taught().read(to_json(document(10)))
    assert glance.late("sha256") == glance.sha256()
    assert glance.late("document") == document(10)
    assert glance.is_unseen
    assert not glance.was_in_vain

    assert glance.late("unverified_document") is glance.document
    assert not glance.is_unseen
    assert glance.is_of(glance.document)


@pytest.mark.parametrize(
    ("words", "is_plain_text"), [("x", True), ("Zoë", False), ("two\nlines", False), ("back\\slash", False)]
)
def test_plain_text_is_printable_ascii(words, is_plain_text):
    assert Shapes().glance(document(1, words=words)).is_plain_text is is_plain_text


def test_the_shape_tells_whether_the_sorted_dump_is_the_canonical_json():
    shapes = taught()

    assert shapes.glance(document(10)).canonical_json == jcs(document(10))
    # Of a shape that nobody knows, and of one in which strict reading or RFC 8785 has its own say.
    for odd in ({"new": 1}, {"n": 2**60}, {"n": 1e30}, {"\ue000": 1, "\U0001f600": 2}):
        for number in range(3):
            glance = shapes.glance({**document(number), **odd})
            assert glance.canonical_json is None or "new" in odd
            glance.accepted()
    assert Shapes().glance(document(1)).canonical_json is None


# What documents of a shape have in common


def badge(number, **changes):
    made = sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}").to_document()
    return {**made, **changes}


@pytest.fixture
def shape_and_values():
    """A shape that was just met, and what is in its gaps in many badges of one achievement."""
    shapes = Shapes(patience=0)
    for number in range(2):
        shapes.glance(badge(number)).accepted()
    (shape,) = shapes._all.values()
    return shape, [list(shapes.glance(badge(number)).values) for number in range(33)]


@pytest.fixture
def badges():
    """Shapes that know badges of one achievement, in a text as well."""
    shapes = Shapes(patience=0)
    for number in range(8):
        shapes.read(to_json(badge(number))).accepted()
    return shapes


@pytest.mark.parametrize("changes", [{}, {"name": "Sails"}])
def test_the_digest_is_that_of_the_canonical_form(badges, changes):
    made = badge(9, **changes)

    for glance in (badges.glance(made), badges.read(to_json(made))):
        assert glance.is_special is not bool(changes)
        assert glance.digest == sha256(rdf_canonical(made)).digest()
        assert glance.is_covered()
        assert glance.sha256() == sha256(jcs(made)).hexdigest()


@pytest.mark.parametrize("strange", [{"id": "no iri"}, {"colour": "red"}])
def test_what_may_lose_something_has_no_digest_by_its_shape(badges, strange):
    glance = badges.glance(badge(9, **strange))

    assert glance.digest is None
    assert not glance.is_covered()


def test_what_stands_in_the_gaps_is_told_whatever_is_known_of_it(badges):
    text = to_json(badge(9))
    for glance in (badges.glance(badge(9)), badges.read(text)):
        assert glance.is_special
        assert len(glance.values) == len(glance.shape.gaps) > len(glance.free)
        assert f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{9:012d}" in glance.values
    assert badges.read(text).is_unescaped


@pytest.mark.parametrize("more", [{}, {"n": 1e-7}, {"quote": '"'}, {"\ue000": 1, "\U0001f600": 2}])
def test_the_fingerprint_is_that_of_the_canonical_json_of_whatever_was_read(more):
    shapes = Shapes(patience=0)
    made = {**document(1), **more}
    for _ in range(3):
        for glance in (shapes.glance(made), shapes.read(to_json(made))):
            assert glance.sha256() == sha256(jcs(made)).hexdigest()
            glance.accepted()


@pytest.mark.parametrize("more", [{}, {"quote": '"'}])
def test_a_look_is_at_one_document_as_it_was(more):
    shapes, made = Shapes(), {**document(1), **more, "proof": {}}
    glance = shapes.glance(made)

    assert glance.is_of(made) is (not more)  # what cannot be taken apart may have become anything
    assert not glance.is_of(dict(made))
    assert glance.unsecured() == {**document(1), **more}
    assert made["proof"] == {}
    made["name"] = "Doctor"
    assert not glance.is_of(made)


def test_what_follows_from_a_shape_is_noted_once():
    shapes = taught()
    written = []

    for number in (10, 11):
        glance = shapes.glance(document(number))
        assert glance.note("mark", lambda look: written.append(look) or "made") == "made"
    assert len(written) == 1
    assert Shapes().glance(document(1)).note("mark", written.append) is None


def test_all_that_is_learned_of_a_shape_is_paid_for(shape_and_values):
    shape, values = shape_and_values
    before, most = shape.size, 10_000_000
    budget = Budget(most)
    assert before > sum(map(len, shape.place)) + shape.plans.size

    for each in values:
        shape.specialise(each, budget)

    assert shape.size - before == most - budget._left > 0
    shape.spellings.append(10)
    shape.specials[0].spellings.append(100)
    assert shape.size - before == most - budget._left + 110


def test_a_badge_of_a_known_achievement_is_asked_about_in_that_first(badges):
    glance = badges.glance(badge(9))
    expected = glance.digests()

    glance.shape.plans = object()  # nobody asks it

    assert badges.glance(badge(9)).digests() == expected is not None


def test_what_is_in_common_is_learned_half_as_often_each_time(shape_and_values):
    shape, values = shape_and_values
    budget, learned, forgotten = Budget(10_000_000), [], []

    for count, each in enumerate(values[:32], start=1):
        before = shape.specials
        if shape.specialise(each, budget):
            forgotten.append(count)
        if shape.specials is not before:
            learned.append(count)

    assert learned == [2, 4, 8, 16, 32]
    assert forgotten == [32]  # there is room for four


def test_the_same_document_once_more_says_nothing_about_others(shape_and_values):
    shape, (first, second, *_) = shape_and_values
    budget = Budget(10_000_000)

    assert [shape.specialise(first, budget) for _ in range(5)] == [False] * 5
    assert shape.specials == ()
    assert shape.specialise(second, budget) is False
    assert len(shape.specials) == 1


@pytest.mark.parametrize("changes", [{}, {"validUntil": "2031-01-01T00:00:00Z"}])
@pytest.mark.parametrize(("others", "learned"), [(0, 1), (1, 0)])
def test_what_has_less_than_half_in_common_is_not_one_achievement(changes, others, learned):
    shapes = Shapes(patience=0)
    for number in range(2):
        shapes.glance(badge(number, **changes)).accepted()
    (shape,) = shapes._all.values()
    first = list(shapes.glance(badge(1, **changes)).values)  # even in one of the two, odd in the other
    differing = len(first) // 2 + others
    second = [f"{value}x" if at < differing else value for at, value in enumerate(first)]

    told = [shape.specialise(each, Budget(10_000_000)) for each in (first, second)]

    assert told == [False, False]
    assert len(shape.specials) == learned


def test_for_what_has_no_room_or_no_plan_nothing_is_forgotten(shape_and_values):
    shape, (first, second, *_) = shape_and_values
    assert [shape.specialise(each, Budget(10)) for each in (first, second)] == [False, False]

    shapes = Shapes(patience=0)
    # About a node without an id, two statements that are one have no plan (RDFC-1.0 §4.6).
    twice = badge(1)["credentialSubject"]
    twice["achievement"] = {**twice["achievement"], "tag": ["rope", "rope"]}
    del twice["achievement"]["id"]
    for number in range(2):
        shapes.glance(badge(number, credentialSubject=twice)).accepted()
    (shape,) = shapes._all.values()
    values = [list(shapes.glance(badge(number, credentialSubject=twice)).values) for number in range(2)]
    assert [shape.specialise(each, Budget(10_000_000)) for each in values] == [False, False]
    assert shape.specials == ()


def test_what_follows_from_known_strings_is_noted_with_them(badges):
    written = []

    def write(look):
        gapped, sentinels = look.gapped()
        written.append(to_json(gapped).decode())
        return sentinels

    for number in (10, 11):
        glance = badges.glance(badge(number))
        sentinels = glance.special_note("gaps", write)
        (text,) = written
        for sentinel, at in sentinels.items():
            text = text.replace(f'"{sentinel}"', f'"{glance.free[at]}"')
        assert json.loads(text) == badge(number)


def test_the_digest_of_a_known_text_is_that_of_its_canonical_json():
    shapes = taught()

    for number, name in ((20, "Knots"), (21, "Ünïcode 🪢"), (22, "%s and %d"), (23, "")):
        made = document(number, name=name)
        glance = shapes.read(to_json(made))

        assert glance.is_unescaped, "else this is about another way"
        assert glance.sha256() == sha256(jcs(made)).hexdigest()


def test_numbers_that_canonical_json_writes_otherwise_are_written_so_in_the_digest():
    shapes = Shapes(patience=0)
    for number in range(9):
        shapes.read(to_json({**document(number), "n": 1.0})).accepted()

    made = {**document(20), "n": 1.0}
    glance = shapes.read(to_json(made))

    assert glance.is_unescaped, "else this is about another way"
    assert glance.sha256() == sha256(jcs(made)).hexdigest() == sha256(jcs(document(20))).hexdigest()
