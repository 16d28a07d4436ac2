# SPDX-License-Identifier: Apache-2.0
"""Figures for Prometheus: for whoever has the token, and about nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.desk import FIELDS

from cairn_server.achievements import services as achievements
from cairn_server.config import metrics
from cairn_server.issuing import delivery, services
from cairn_server.issuing.models import Delivery, StatusList
from cairn_server.issuing.services import Recipient
from cairn_server.organisations.keys import SignerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

TOKEN = "a-token-of-the-operator"


@pytest.fixture
def scraper(settings: Any, db: None) -> Client:
    settings.METRICS_TOKEN = TOKEN
    return Client(headers={"host": "cairn.example", "authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def credential(organisation: Organisation, issuer: Person) -> Credential:
    draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    version = achievements.publish(draft, by=issuer, at=MONDAY)
    return services.award(
        by=issuer,
        version=version,
        recipient=Recipient("Lena Lindholm", "lena@people.example"),
        request_key="lena",
        at=MONDAY,
    )


def figures(scraper: Client) -> dict[str, float]:
    answer = scraper.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        "|".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_nobody_reads_them_without_the_token(settings: Any, db: None) -> None:
    stranger = Client(headers={"host": "cairn.example"})
    assert stranger.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404

    settings.METRICS_TOKEN = TOKEN

    assert stranger.get("/metrics").status_code == 401
    for wrong in ("Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer é"):
        assert stranger.get("/metrics", headers={"authorization": wrong}).status_code == 401


def test_what_was_issued_and_what_waits(scraper: Client, credential: Credential) -> None:
    with time_machine.travel(TUESDAY, tick=False):
        before = figures(scraper)
        delivery.deliver_due(at=TUESDAY)
        after = figures(scraper)

    assert before["cairn_credentials_issued|one"] == 1
    assert (before["cairn_letters_due"], after["cairn_letters_due"]) == (1, 0)
    assert (before["cairn_letters_oldest_seconds"], after["cairn_letters_oldest_seconds"]) == (86400, 0)
    assert before["cairn_status_list_oldest_seconds"] == 86400
    assert before["cairn_status_list_left_seconds"] > 0
    assert before["cairn_journal_entries"] > 0


def test_a_signed_list_that_is_behind_is_seen(
    scraper: Client, issuer: Person, credential: Credential
) -> None:
    assert figures(scraper)["cairn_status_lists_unpublished"] == 0
    services.revoke(credential, by=issuer, reason="A mistake.", at=TUESDAY)
    StatusList.objects.update(published=0)

    assert figures(scraper)["cairn_status_lists_unpublished"] == 1


def test_a_signer_that_is_away_is_seen(scraper: Client) -> None:
    class Away:
        def sign(self, order: Any) -> list[bytes]:
            raise SignerUnavailable("nobody there")

    class Order:
        purpose = "credential"

    before = figures(scraper)
    with pytest.raises(SignerUnavailable):
        metrics.MeasuredSigning(Away()).sign(Order())  # type: ignore[arg-type]
    after = figures(scraper)

    assert before["cairn_signer_up"] == 0  # no process of its own in this suite
    assert after["cairn_signer_away_total"] == before["cairn_signer_away_total"] + 1
    counted = "cairn_signer_seconds_count|credential"
    assert after[counted] == before.get(counted, 0) + 1


def test_requests_are_timed_by_route_and_no_address_is_a_label(
    scraper: Client, credential: Credential, owner: Person
) -> None:
    counted = "cairn_http_seconds_count|GET|credential|2xx"
    before = figures(scraper).get(counted, 0)
    scraper.get(f"/c/{credential.public_id}")
    scraper.get("/nowhere/at/all")
    scraper.generic("BREW", "/verify")

    text = scraper.get("/metrics").content.decode()

    assert figures(scraper)[counted] == before + 1
    assert 'route="none"' in text
    assert "BREW" not in text
    names = (credential.public_id, "Lena", "people.example", "nowhere", owner.public_id, "Lakeside")
    assert not [name for name in names if name in text]


def test_scraping_asks_few_questions(
    scraper: Client, credential: Credential, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    Delivery.objects.update(due_at=MONDAY + timedelta(days=1))
    with django_assert_max_num_queries(20):
        figures(scraper)
