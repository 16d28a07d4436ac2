# SPDX-License-Identifier: Apache-2.0
"""Headers that hold even without the middleware that sets the same by default (B151)."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import RequestFactory

from cairn_server.web import publication


def test_a_page_is_kept_by_no_cache():
    response = publication.page(HttpResponse("now"))

    assert response["Cache-Control"] == "no-store"
    assert {"Accept", "Accept-Language", "Cookie"} <= set(response["Vary"].split(", "))


def test_a_form_for_machines_may_be_kept_and_says_when_it_is_for_good():
    request = RequestFactory().get("/")

    passing = publication.machine(request, b"{}", media_type="application/json", max_age=60)
    lasting = publication.machine(request, b"x", media_type="image/png", max_age=31_536_000)

    assert passing["Cache-Control"] == "public, max-age=60"
    assert lasting["Cache-Control"] == "public, max-age=31536000, immutable"
    assert passing["ETag"] != lasting["ETag"]


def test_who_asks_for_nothing_that_we_have_gets_the_first_form():
    request = RequestFactory().get("/", headers={"accept": "audio/ogg"})

    assert publication.wanted(request, ("text/html", "image/png")) == "text/html"
