# SPDX-License-Identifier: Apache-2.0
"""To answer a request out of the wallet here: what fits, what is sent, and to whom."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.presenting.conftest import CHECKS, CLAIMS

from cairn.errors import UnavailableError
from cairn.fetch import Answered
from cairn_server.errors import NotVisible
from cairn_server.journal.models import Entry
from cairn_server.presenting import answering, dcql, services
from cairn_server.presenting.models import Presentation, PresentationRequest


class Post:
    """A poster that hands what it gets to whoever asked, and remembers where it went."""

    def __init__(self, asked=None, *, status=200):
        self.asked, self.status, self.sent = asked, status, []

    def post(self, url, *, body, headers):
        self.sent.append((url, dict(parse_qsl(body.decode()))))
        if self.status is None:
            raise UnavailableError("unreachable", "gone")
        if self.asked is not None and self.status == 200:
            services.receive(
                self.asked.secret,
                self.sent[-1][1],
                PUBLIC_URL,
                sources=self.asked.sources,
                checks=CHECKS,
                at=MONDAY,
            )
        return Answered(self.status)


def send(asked, chosen, person, poster=None):
    return answering.send(asked.request, chosen, by=person, poster=poster or Post(asked), at=MONDAY)


VCT = f"{PUBLIC_URL}/vct/open-badge"


@pytest.mark.parametrize("name", ["badge", "badge-token", "badge-sd-jwt"])
def test_an_award_answers_bound_to_a_key_of_this_showing(ask, held, learner, name):
    asked = ask(query=dcql.for_any_badge(vct=VCT))

    row = send(asked, {name: held.public_id}, learner)

    assert PresentationRequest.objects.get().accepted, PresentationRequest.objects.get().findings
    assert (row.way, row.reader, row.bound, row.secured) == ("sent", "cairn.example", True, None)


def test_only_what_fits_is_offered(ask, held, keep, held_sd_jwt, learner, outsider):
    keep("Glazing")
    bound = dcql.read(dcql.for_badges())
    loose = dcql.read(dcql.for_badges(bound=False))

    assert [len(each.candidates) for each in answering.fitting(learner, bound)] == [1]
    assert [len(each.candidates) for each in answering.fitting(learner, loose)] == [2]
    assert [len(each.candidates) for each in answering.fitting(outsider, loose)] == [0]


def test_of_an_sd_jwt_only_what_is_asked_for_is_sent(ask, held_sd_jwt, learner):
    query = {
        "credentials": [
            {
                "id": "id",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": [CLAIMS["vct"]]},
                "claims": [{"path": ["given_name"]}, {"path": ["level"]}],
                "require_cryptographic_holder_binding": False,
            }
        ]
    }
    asked = ask(query=query)

    send(asked, {"id": held_sd_jwt.public_id}, learner)

    row = PresentationRequest.objects.get()
    assert row.accepted, row.findings
    document = row.findings[0]["report"]["document"]
    assert (document["given_name"], "birthdate" in document) == ("Lena", False)


@pytest.mark.parametrize(
    ("paths", "seen"),
    [
        ([["credentialSubject", "achievement", "name"]], set()),
        ([["credentialSubject", "identifier", None, "identityHash"]], {"identifier"}),
    ],
)
def test_of_an_award_as_sd_jwt_only_what_is_asked_for_is_sent(ask, held, learner, paths, seen):
    query = dcql.for_any_badge(vct=VCT)
    [only] = [each for each in query["credentials"] if each["format"] == "dc+sd-jwt"]
    asked = ask(query={"credentials": [only | {"claims": [{"path": each} for each in paths]}]})

    row = send(asked, {"badge-sd-jwt": held.public_id}, learner)

    answer = PresentationRequest.objects.get()
    assert answer.accepted, answer.findings
    assert row.bound
    document = answer.findings[0]["report"]["document"]
    assert document["credentialSubject"].keys() - {"type", "achievement"} == seen
    assert "id" not in document


def test_a_type_of_somebody_else_is_not_answered_with_ours(ask, held, learner):
    query = dcql.for_any_badge(vct="https://other.example/vct/open-badge")
    [only] = [each for each in query["credentials"] if each["format"] == "dc+sd-jwt"]

    [found] = answering.fitting(learner, dcql.read({"credentials": [only]}))

    assert not found.candidates


def test_a_badge_goes_as_it_is_when_nobody_asks_for_a_key(ask, keep, learner):
    asked = ask(query=dcql.for_badges(bound=False))

    row = send(asked, {"badge": keep("Glazing").public_id}, learner)

    assert PresentationRequest.objects.get().accepted
    assert not row.bound


def test_what_another_holds_is_not_sent(ask, held, outsider):
    """B135"""
    asked, poster = ask(), Post()

    with pytest.raises(NotVisible):
        send(asked, {"badge": held.public_id}, outsider, poster)
    assert (poster.sent, Presentation.objects.count()) == ([], 0)


def test_what_does_not_fit_is_not_sent(ask, keep, learner, held):
    asked, poster = ask(), Post()

    with pytest.raises(NotVisible):
        send(asked, {"badge": keep("Glazing").public_id}, learner, poster)
    with pytest.raises(NotVisible):
        send(asked, {"nothing": held.public_id}, learner, poster)
    with pytest.raises(answering.NothingFits):
        send(asked, {}, learner, poster)
    assert poster.sent == []


@pytest.mark.parametrize("status", [None, 302, 400, 404, 500])
def test_an_answer_that_is_not_taken_is_said(ask, held, learner, status):
    """B103: a redirect is no yes either, and nothing follows it."""
    asked, poster = ask(), Post(status=status)

    with pytest.raises(answering.NotDelivered):
        send(asked, {"badge": held.public_id}, learner, poster)
    assert len(poster.sent) == 1
    assert not Presentation.objects.exists()


def test_it_goes_where_the_request_says_and_says_no_more(ask, held, learner):
    asked, poster = ask(), Post()

    send(asked, {"badge": held.public_id}, learner, poster)

    [(where, said)] = poster.sent
    assert where == asked.request.response_uri
    assert set(said) == {"vp_token", "state"}
    assert learner.email not in json.dumps(said)
    assert Entry.objects.filter(verb="presentation made").get().details == {"way": "sent", "bound": True}


def test_who_declines_says_nothing_else(ask):
    asked = ask()
    poster = Post(asked)

    answering.decline(asked.request, poster=poster)

    assert poster.sent[0][1] == {"error": "access_denied", "state": asked.request.state}
    assert PresentationRequest.objects.get().declined == "access_denied"
