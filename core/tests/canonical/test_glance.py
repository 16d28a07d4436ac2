# SPDX-License-Identifier: Apache-2.0
"""What a look tells of a document: strings by their place, and the document itself only when asked for."""

import json

import pytest

from cairn.canonical import jcs, to_json
from cairn.canonical.glance import Places
from cairn.canonical.shapes import Shapes

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

    assert glance.late("unverified_document") is glance.document
    assert not glance.is_unseen
    assert glance.is_of(glance.document)
