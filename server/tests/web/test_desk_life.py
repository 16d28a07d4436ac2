# SPDX-License-Identifier: Apache-2.0
"""The pages on which an organisation withdraws, mends, renews and counts."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from server.tests.conftest import MONDAY
from server.tests.desk import Desk, furnish

from cairn_server.issuing import renewal, services, standing
from cairn_server.issuing.life import LifePolicy, RenewalRequest, RenewalRule, StandingAct
from cairn_server.issuing.models import Credential
from cairn_server.issuing.services import Recipient
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

LATER = MONDAY + timedelta(minutes=10)


@pytest.fixture
def desk(organisation: Organisation, owner: Person, issuer: Person) -> Iterator[Desk]:
    # The pages read the clock; what they show was made on that Monday.
    with time_machine.travel(MONDAY):
        made = furnish(organisation, owner, issuer)
    with time_machine.travel(LATER):
        yield made


@pytest.fixture
def client(issuer: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(issuer)


@pytest.fixture
def home(desk: Desk) -> str:
    return f"/organisations/{desk.organisation.public_id}"


def last_act() -> StandingAct:
    return StandingAct.objects.latest("pk")


# Withdrawing


def test_a_suspension_is_given_a_last_day(client: Client, desk: Desk, home: str) -> None:
    client.post(
        f"{home}/credentials/{desk.credential.public_id}/suspend",
        {"reason": "Under review", "until": "2026-12-01"},
    )

    desk.credential.refresh_from_db()
    assert desk.credential.suspended_until is not None
    assert desk.credential.suspended_until.isoformat() == "2026-12-02T00:00:00+00:00"


def test_what_the_list_was_narrowed_to_is_changed_and_nothing_else(
    client: Client, desk: Desk, home: str
) -> None:
    page = client.get(f"{home}/credentials/change", {"q": "lena"})
    answer = client.post(
        f"{home}/credentials/change?q=lena", {"to": "revoked", "reason": "Not held.", "tells": "on"}
    )
    standing.work_off(at=LATER)

    assert page.context["count"] == 1
    assert answer["Location"] == f"{home}/changes/{last_act().public_id}"
    assert dict(Credential.objects.values_list("recipient_name", "standing")) == {
        "Lena": "revoked",
        "Ida": "suspended",
    }


def test_only_a_suspension_has_an_end(client: Client, desk: Desk, home: str) -> None:
    answer = client.post(
        f"{home}/credentials/change", {"to": "revoked", "reason": "x", "until": "2026-12-01"}
    )

    assert answer.status_code == 422
    assert "Only a suspension has an end." in answer.content.decode()


def test_somebody_else_approves(
    client: Client,
    desk: Desk,
    home: str,
    member: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    LifePolicy.objects.create(organisation=desk.organisation, approve_above=0)
    client.post(f"{home}/credentials/change?q=lena", {"to": "revoked", "reason": "Not held."})
    there = f"{home}/changes/{last_act().public_id}"

    mine = client.get(there).content.decode()
    refused = client.post(there, {"decision": "approve"})
    theirs = signed_in(member("Ivo", Role.ISSUER))
    done = theirs.post(there, {"decision": "approve"})

    assert "Approve it" not in mine
    assert refused.status_code == 422
    assert done.status_code == 302
    assert last_act().state == "running"


def test_an_owner_removes_the_words_of_a_reason(
    desk: Desk, home: str, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    there = f"{home}/changes/{last_act().public_id}"

    signed_in(owner).post(there, {"decision": "erase"})

    assert last_act().reason == ""


# Mending


def test_a_mistake_is_mended(client: Client, desk: Desk, home: str) -> None:
    there = f"{home}/credentials/{desk.credential.public_id}/replace"
    form = client.get(there).context["form"].initial

    answer = client.post(there, form | {"name": "Lena Lind", "reason": "Wrong name."})

    mended = Credential.objects.latest("pk")
    assert answer["Location"] == f"{home}/credentials/{mended.public_id}"
    old = client.get(f"{home}/credentials/{desk.credential.public_id}").content.decode()
    assert "A mended credential stands in its place." in old
    assert "Wrong name." in old


def test_without_a_change_the_form_says_so(client: Client, desk: Desk, home: str) -> None:
    there = f"{home}/credentials/{desk.credential.public_id}/replace"
    form = client.get(there).context["form"].initial

    answer = client.post(there, form | {"reason": "None."})

    assert answer.status_code == 422
    assert "Everything is as it was." in answer.content.decode()


# Renewing


@pytest.fixture
def ending(desk: Desk, owner: Person) -> Credential:
    return services.award(
        by=owner,
        version=desk.version,
        recipient=Recipient("Lena", "lena@people.example"),
        request_key="ending",
        at=LATER,
        valid_until=LATER + timedelta(days=30),
    )


def test_a_rule_is_made_changed_and_removed(client: Client, desk: Desk, home: str) -> None:
    there = f"{home}/achievements/{desk.version.achievement.public_id}/renewal"
    said = {"opens_days": "60", "grace_days": "10", "reminder_days": "60, 14", "fee_note": "40 euros"}

    client.post(there, said | {"needs": "evidence"})
    rule = RenewalRule.objects.get()
    shown = client.get(there).context["form"].initial
    client.post(there, said | {"needs": ""})

    assert (rule.needs, rule.opens_days, rule.reminder_days) == ("evidence", 60, [60, 14])
    assert (shown["needs"], shown["reminder_days"]) == ("evidence", "60, 14")
    assert not RenewalRule.objects.exists()


@pytest.mark.parametrize("days", ["often", "0", "400", "1 2 3 4 5 6 7"])
def test_days_that_make_no_sense_are_said_so(client: Client, desk: Desk, home: str, days: str) -> None:
    there = f"{home}/achievements/{desk.version.achievement.public_id}/renewal"

    answer = client.post(
        there, {"needs": "nothing", "opens_days": "60", "grace_days": "10", "reminder_days": days}
    )

    assert answer.status_code == 422


def test_a_request_is_sent_seen_and_answered(
    client: Client,
    desk: Desk,
    home: str,
    ending: Credential,
    issuer: Person,
    learner: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    renewal.set_rule(desk.version.achievement, by=issuer, needs="evidence", at=LATER)
    holder = signed_in(learner)

    holder.post(f"/wallet/{ending.public_id}/renew", {"note": "Fired two more kilns."})
    asked = RenewalRequest.objects.latest("pk")
    listed = client.get(f"{home}/renewals").content.decode()
    page = client.get(f"{home}/renewals/{asked.public_id}").content.decode()
    client.post(f"{home}/renewals/{asked.public_id}", {"decision": "refuse", "answer": "Three are needed."})
    after = holder.get(f"/wallet/{ending.public_id}/renew").content.decode()

    assert f"/renewals/{asked.public_id}" in listed
    assert "Fired two more kilns." in page
    assert "Three are needed." in after


def test_an_issuer_renews_without_a_request(client: Client, home: str, ending: Credential) -> None:
    with time_machine.travel(LATER + timedelta(minutes=1)):
        answer = client.post(f"{home}/credentials/{ending.public_id}/renew")

    renewed = Credential.objects.latest("pk")
    assert (renewed.first, answer["Location"]) == (ending, f"{home}/credentials/{renewed.public_id}")
    names = [each.pk for each in client.get(f"{home}/credentials").context["page"]]
    assert renewed.pk in names
    assert ending.pk not in names


def test_an_owner_sets_the_days_and_the_limit(
    desk: Desk, home: str, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    signed_in(owner).post(f"{home}/renewals", {"reminder_days": "14", "approve_above": "5"})

    policy = LifePolicy.objects.get()
    assert (policy.reminder_days, policy.approve_above) == ([14], 5)


# Counting


def test_the_figures_are_a_plot_a_table_and_a_file_that_say_the_same(
    client: Client, desk: Desk, home: str
) -> None:
    page = client.get(f"{home}/figures").content.decode()
    text = b"".join(client.get(f"{home}/figures?format=csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))

    assert 'role="img" aria-label="2 awarded between' in page
    assert "plot__bar--a" in page
    assert rows[1][:3] == ["all", "", "2"]
    assert rows[1][3:] == ["", "", ""]  # of two people nothing is told
    assert ["achievement", "First firing", "2"] in [row[:3] for row in rows]


def test_a_plot_has_no_style_that_the_policy_forbids(client: Client, desk: Desk, home: str) -> None:
    assert " style=" not in client.get(f"{home}/figures").content.decode()
