# SPDX-License-Identifier: Apache-2.0
"""Records of which a part is made when somebody asks for it are records like any other."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from types import MappingProxyType

import pytest

from cairn.late import Late, made_late


@made_late("text")
@dataclass(frozen=True, slots=True)
class Page(Late):
    number: int
    text: str = ""
    marks: object = ()


def late(asked):
    def make(name):
        asked.append(name)
        return f"the {name}"

    return Page.without(make, number=1, marks=())


def test_what_nobody_asks_for_is_not_made_and_what_was_made_is_kept():
    asked = []
    page = late(asked)

    assert page.number == 1
    assert asked == []
    assert [page.text, page.text] == ["the text"] * 2
    assert asked == ["text"]


def test_nobody_can_tell_when_a_part_was_made():
    assert late([]) == Page(1, "the text")
    assert repr(late([])) == repr(Page(1, "the text"))
    assert replace(late([]), number=2) == Page(2, "the text")


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda page: pickle.loads(pickle.dumps(page))])
def test_copies_have_all_of_it_and_share_nothing_that_was_shared(make):
    page = Page.without(lambda name: "the text", number=1, marks=MappingProxyType({"a": "b"}))

    copied = make(page)

    assert copied == Page(1, "the text", {"a": "b"})
    assert type(copied.marks) is dict


def test_what_is_no_field_is_not_there():
    for page in (late([]), Page(1)):
        with pytest.raises(AttributeError, match="nothing"):
            _ = page.nothing
    with pytest.raises(AttributeError, match="text"):
        _ = Page.without(None, number=1).text


def test_a_record_that_was_made_in_parts_is_as_frozen_as_any():
    for page in (late([]), Page(1, "the text")):
        assert type(page) is Page
        for name in ("number", "text", "marks", "_late"):
            with pytest.raises(FrozenInstanceError):
                setattr(page, name, 7)
            with pytest.raises(FrozenInstanceError):
                delattr(page, name)
