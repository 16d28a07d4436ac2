# SPDX-License-Identifier: Apache-2.0
"""Pages are JSON at a web address, or they are nothing."""

import pytest

from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.legacy.case import Case, address_of
from cairn.testing import NOON

URL = "https://school.example/a"


def case(answers):
    def resource(url):
        if url not in answers:
            raise UnavailableError("unreachable", "The address could not be reached.")
        return answers[url]

    return Case("openbadges-2", {}, None, resource, NOON)


def test_a_page_is_asked_for_without_its_fragment():
    page = case({URL: b'{"id": 7}'}).page(f"{URL}#me", "it")

    assert page.document == {"id": 7}
    assert page.url == f"{URL}#me"


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"a": 1, "a": 2}', b"\xff"])
def test_b97_something_else_is_no_page(answer):
    with pytest.raises(UnavailableError) as error:
        case({URL: answer}).page(URL, "the badge")

    assert error.value.code == "hosted-page"
    assert "not the badge" in error.value.message


@pytest.mark.parametrize(
    "url", ["", "urn:a", "file:///etc/passwd", "javascript:alert(1)", "https://a@b.example/"]
)
def test_b95_only_web_addresses_are_asked(url):
    with pytest.raises(MalformedError) as error:
        case({}).page(url, "it")

    assert error.value.code == "hosted-address"


def test_what_stands_right_here_is_not_asked_for():
    page = case({}).page_of({"id": URL, "name": "Knots"}, "it")

    assert (page.url, page.document["name"]) == (URL, "Knots")
    assert case({}).page_of({"id": "urn:a"}, "it").url is None


@pytest.mark.parametrize("named", [None, 7, ["x"]])
def test_what_is_named_by_nothing_is_not_looked_for(named):
    with pytest.raises(CairnError) as error:
        case({}).page_of(named, "it")

    assert error.value.code == "hosted-address"


def test_an_address_is_a_web_address():
    assert address_of({"id": URL}) == URL
    assert address_of({"id": "urn:a"}) is None
    assert address_of({}) is None
