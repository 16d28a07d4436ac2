# SPDX-License-Identifier: Apache-2.0
"""The public page through the life of a credential: a day that has passed, what stands in its place."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django.utils.module_loading import import_string
from server.tests.conftest import PUBLIC_URL

import cairn
from cairn.credential import parse_datetime
from cairn.testing import FixedSources
from cairn_server.achievements import services as achievements
from cairn_server.issuing import analytics, renewal, replacing, standing, status_lists
from cairn_server.issuing.life import DailyCount
from cairn_server.web import credential as page_module


def sentence(page: str) -> str:
    return re.search(r'class="verdict__sentence"[^>]*>([^<]*)<', page)[1]


@pytest.fixture
def past(owner, award):
    """Awarded ten days ago, suspended five days ago, given back three days ago, revoked yesterday."""
    with time_machine.travel("2026-12-10T10:00:00Z"):
        credential = award()
    for day, verb, reason in [
        ("2026-12-15", standing.suspend, "Under appeal."),
        ("2026-12-17", standing.reinstate, "The appeal was right."),
        ("2026-12-19", standing.revoke, "Copied."),
    ]:
        at = parse_datetime(f"{day}T12:00:00Z")
        status_lists.renew_status_lists(at=at)
        verb(credential, by=owner, reason=reason, at=at)
    return credential


NOW = "2026-12-20T09:00:00Z"


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-12-14", "On 14 December 2026 it was genuine, unchanged and valid."),
        ("2026-12-15", "On 15 December 2026: Suspended by the issuer since 15 December 2026."),
        ("2026-12-18", "On 18 December 2026 it was genuine, unchanged and valid."),
        ("2026-12-19", "On 19 December 2026: Revoked by the issuer on 19 December 2026. Reason: Copied."),
        ("2026-12-17T11:59:59Z", "On 17 December 2026: Suspended by the issuer since 15 December 2026."),
    ],
)
def test_anybody_can_ask_how_it_stood_on_a_day(stranger, past, day, said):
    with time_machine.travel(NOW):
        page = stranger.get(f"/c/{past.public_id}", {"at": day}).content.decode()

    assert sentence(page).startswith(said)
    assert "Judged with the lists that the issuer had signed by then." in page
    assert "See how it stands today" in page


def test_before_the_award_it_did_not_count(stranger, past):
    with time_machine.travel(NOW):
        page = stranger.get(f"/c/{past.public_id}", {"at": "2026-12-09"}).content.decode()

    assert "genuine, unchanged and valid" not in sentence(page)


@pytest.mark.parametrize("day", ["2026-12-21", "tomorrow", "0000-00-00", ""])
def test_a_day_that_is_none_or_ahead_leads_to_today(stranger, past, day):
    with time_machine.travel(NOW):
        response = stranger.get(f"/c/{past.public_id}", {"at": day})

    assert (response.status_code, response["Location"]) == (303, f"/c/{past.public_id}")


def test_the_answer_about_a_day_is_not_kept_for_today(stranger, past):
    with time_machine.travel(NOW):
        stranger.get(f"/c/{past.public_id}", {"at": "2026-12-14"})
        today = stranger.get(f"/c/{past.public_id}").content.decode()

    assert sentence(today).startswith("Revoked by the issuer on 19 December 2026.")


def test_our_own_record_makes_the_answer_stricter_and_never_better(stranger, past, monkeypatch):
    """Where the lists of then are not to be had, the page does not say that it counted."""

    def gone(*_args, **_kwargs):
        raise cairn.UnavailableError("unreachable", "gone")

    monkeypatch.setattr(page_module.past.ListsOfThen, "fetch", gone)
    with time_machine.travel(NOW):
        page = stranger.get(f"/c/{past.public_id}", {"at": "2026-12-14"}).content.decode()

    assert "We could not" in sentence(page)


def test_the_history_has_every_change_with_its_reason(stranger, past):
    with time_machine.travel(NOW):
        page = stranger.get(f"/c/{past.public_id}").content.decode()

    history = page[page.index('id="life"') :]
    order = ["Copied.", "The appeal was right.", "Under appeal.", "Awarded"]
    assert [history.index(each) for each in order] == sorted(history.index(each) for each in order)


def test_verify_takes_a_day_too(stranger, past):
    with time_machine.travel(NOW):
        link = f"{PUBLIC_URL}/c/{past.public_id}"
        then = stranger.post("/verify", {"link": link, "at": "2026-12-14"}).content.decode()
        today = stranger.post("/verify", {"link": link}).content.decode()
        ahead = stranger.post("/verify", {"link": link, "at": "2027-01-01"})

    assert sentence(then) == "On 14 December 2026 it was genuine, unchanged and valid."
    assert "revoked" in sentence(today).lower()
    assert ahead.status_code == 422


def test_the_interface_takes_a_day_too(stranger, past):
    with time_machine.travel(NOW):
        body = stranger.get(f"/c/{past.public_id}.json").content
        answers = {
            day: json.loads(
                stranger.post(f"/api/v1/verify?at={day}", body, content_type="application/vc").content
            )
            for day in ("2026-12-14", "2026-12-15", "2026-12-19")
        }
        wrong = stranger.post("/api/v1/verify?at=soon", body, content_type="application/vc")

    status = {
        day: next(each["code"] for each in answer["findings"] if each["check"] == "status")
        for day, answer in answers.items()
    }
    assert status == {"2026-12-14": "ok", "2026-12-15": "suspended", "2026-12-19": "revoked"}
    assert (wrong.status_code, json.loads(wrong.content)["code"]) == (400, "invalid-moment")


def test_without_us_with_what_we_publish_for_that_day(stranger, past):
    """`cairn verify --at` with the files of then: the library alone, and nothing of ours but public bytes."""
    with time_machine.travel(NOW):
        badge = stranger.get(f"/c/{past.public_id}.json").content
        wanted = [f"/s/{past.status_list.public_id}{end}" for end in ("", "/suspension")]
        lists = {
            f"{PUBLIC_URL}{path}": stranger.get(path, {"at": "2026-12-14T20:00:00Z"}).content
            for path in wanted
        }
        did = stranger.get(f"/i/{past.organisation.public_id}/did.json").content
    given = FixedSources(lists | {f"{PUBLIC_URL}/i/{past.organisation.public_id}/did.json": did})

    report = cairn.Verifier(given).examine(badge, at=parse_datetime("2026-12-14T20:00:00Z"))

    assert report.verdict is cairn.Verdict.VERIFIED


# Mended


def test_the_old_page_explains_and_leads_on_and_the_new_one_leads_back(stranger, owner, credential):
    at = timezone.now()
    mended = replacing.replace(credential, by=owner, reason="Wrong name.", at=at, name="Ada King")

    old = stranger.get(f"/c/{credential.public_id}").content.decode()
    new = stranger.get(f"/c/{mended.public_id}").content.decode()

    assert sentence(old).startswith("The issuer put a mended credential in the place of this one on ")
    assert f'href="/c/{mended.public_id}"' in old
    assert "Ada King" not in old
    assert sentence(new) == "Genuine, unchanged and currently valid."
    assert f'href="/c/{credential.public_id}"' in new


def test_a_kept_page_knows_at_once_that_it_was_replaced(stranger, owner, credential):
    before = stranger.get(f"/c/{credential.public_id}").content.decode()
    replacing.replace(credential, by=owner, reason="Wrong name.", at=timezone.now(), name="Ada King")

    after = stranger.get(f"/c/{credential.public_id}").content.decode()

    assert (sentence(before), sentence(before) == sentence(after)) == (
        "Genuine, unchanged and currently valid.",
        False,
    )


# Renewed


@pytest.fixture
def renewable(owner, award, version):
    now = timezone.now()
    renewal.set_rule(version.achievement, by=owner, needs="nothing", at=now)
    return award(valid_until=now + timedelta(days=20))


def test_a_renewed_one_keeps_its_address_and_shows_its_new_end(stranger, owner, renewable):
    before = stranger.get(f"/c/{renewable.public_id}").content.decode()
    renewed = renewal.renew_for_holder(renewable, by=owner, at=timezone.now() + timedelta(seconds=1))

    after = stranger.get(f"/c/{renewable.public_id}").content.decode()

    assert f"{renewed.valid_until:%Y-%m-%d}" in after
    assert f"{renewed.valid_until:%Y-%m-%d}" not in before
    assert "Renewed" in after


def test_the_refresh_service_answers_with_the_newest_copy_and_signs_nothing(
    stranger, owner, renewable, monkeypatch
):
    old = stranger.get(f"/c/{renewable.public_id}.json").content
    first = stranger.get(f"/c/{renewable.public_id}/newest").content
    renewed = renewal.renew_for_holder(renewable, by=owner, at=timezone.now() + timedelta(seconds=1))
    monkeypatch.setattr("cairn.sign", None)

    response = stranger.get(f"/c/{renewable.public_id}/newest")

    assert first == old
    document = json.loads(response.content)
    assert document["id"] == json.loads(old)["id"]
    assert document["validUntil"] == renewed.valid_until.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert response["Content-Type"] == "application/vc"


def test_our_verifier_follows_it_through_the_real_views(stranger, owner, renewable, settings):
    old = stranger.get(f"/c/{renewable.public_id}.json").content
    at = timezone.now() + timedelta(seconds=1)
    renewal.renew_for_holder(renewable, by=owner, at=at)

    report = cairn.Verifier(import_string(settings.SOURCES)(), refresh=True).examine(old, at=at)

    assert report.finding("refresh").code == "refreshed"
    assert report.verdict is cairn.Verdict.VERIFIED


@pytest.mark.parametrize("is_asked", [True, False])
def test_whoever_checks_chooses_whether_the_issuer_is_asked_for_a_newer_copy(
    stranger, owner, renewable, is_asked
):
    old = stranger.get(f"/c/{renewable.public_id}.json").content
    at = timezone.now() + timedelta(seconds=1)
    renewed = renewal.renew_for_holder(renewable, by=owner, at=at)
    wish = {"refresh": "on"} if is_asked else {}

    with time_machine.travel(at):
        page = stranger.post("/verify", {"text": old.decode(), **wish}).content.decode()
        asked = f"/api/v1/verify{'?refresh=true' if is_asked else ''}"
        report = stranger.post(asked, old, content_type="application/vc").json()

    codes = {finding["code"] for finding in report["findings"]}
    assert ("refreshed" in codes) is is_asked
    until = renewed.valid_until.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (report["document"]["validUntil"] == until) is is_asked
    assert ("This is the newer copy that the issuer has put in its place." in page) is is_asked
    assert ("and nobody was asked" in page) is not is_asked


def test_of_a_day_that_has_passed_nobody_is_asked_for_a_newer_copy(stranger, owner, renewable):
    old = stranger.get(f"/c/{renewable.public_id}.json").content
    at = timezone.now() + timedelta(days=3)
    renewal.renew_for_holder(renewable, by=owner, at=at)

    with time_machine.travel(at):
        page = stranger.post(
            "/verify", {"text": old.decode(), "refresh": "on", "at": f"{timezone.now():%Y-%m-%d}"}
        ).content.decode()

    assert "newer copy that the issuer has put" not in page


def test_the_holder_sees_one_credential_and_can_renew_it(signed_in, person, owner, award, version):
    now = timezone.now()
    holder = person("Ada", email="ada@people.example")
    renewal.set_rule(version.achievement, by=owner, needs="nothing", fee_note="40 euros", at=now)
    credential = award(valid_until=now + timedelta(days=20))
    assert credential.recipient_email == holder.email
    client = signed_in(holder)

    page = client.get(f"/wallet/{credential.public_id}/renew").content.decode()
    with time_machine.travel(now + timedelta(minutes=1)):
        response = client.post(f"/wallet/{credential.public_id}/renew")
    waiting = client.get("/wallet").context["waiting_count"]
    client.post("/wallet/accept")
    wallet = client.get("/wallet").content.decode()

    assert "40 euros" in page
    assert response["Location"] == "/wallet"
    assert waiting == 1
    # The copy from before stands behind the renewed one.
    assert wallet.count("tile__title") == 1
    assert client.get("/wallet?kept=copies").content.decode().count("tile__title") == 1


# Counting


def test_looking_and_downloading_are_counted_and_nothing_else(stranger, credential):
    analytics.flush(at=timezone.now())
    DailyCount.objects.all().delete()
    for path in ("", "", ".png"):
        stranger.get(f"/c/{credential.public_id}{path}")
    stranger.post("/verify", {"link": f"{PUBLIC_URL}/c/{credential.public_id}"})
    # What the page's script sends when the link is copied or LinkedIn is chosen.
    told = stranger.post(f"/c/{credential.public_id}/shared")
    nobody = stranger.post(f"/c/{'A' * 22}/shared")
    analytics.flush(at=timezone.now())

    assert dict(DailyCount.objects.values_list("kind", "count")) == {"verified": 3, "shared": 2}
    # One answer for what there is and what there is not, and nothing to remember anybody by.
    for answer in (told, nobody):
        assert (answer.status_code, answer.content, dict(answer.cookies)) == (204, b"", {})


def test_what_can_be_shared_says_so_to_the_script(stranger, credential):
    page = stranger.get(f"/c/{credential.public_id}").content.decode()

    counter = page.partition("<share-counter")[2].partition("</share-counter>")[0]
    assert f'data-to="/c/{credential.public_id}/shared"' in counter
    assert re.search(r'<a [^>]*href="https://www.linkedin.com/[^>]*data-share', counter)
    assert re.search(r"<div data-share>\s*<copy-field", counter)


# Achievements


def test_an_archived_achievement_leads_to_what_replaces_it(stranger, owner, version, organisation):
    now = timezone.now()
    new = achievements.publish(
        achievements.draft_achievement(
            by=owner,
            organisation=organisation,
            fields={"name": "Ceramics: second firing", "description": "d", "criteria": "c"},
            at=now,
        ),
        by=owner,
        at=now,
    )
    achievements.archive(version.achievement, by=owner, at=now, replaced_by=new.achievement)

    page = stranger.get(f"/a/{version.public_id}").content.decode()

    assert "This has not been awarded since" in page
    assert f'href="/a/{new.public_id}"' in page
    assert "six bowls" in page  # what was promised stays readable


def test_what_changed_between_versions_is_told(stranger, owner, version):
    now = timezone.now()
    draft = achievements.new_version(version.achievement, by=owner, at=now)
    achievements.edit_draft(
        draft, by=owner, fields={"criteria": "To earn this, you throw **eight bowls**.", "level": "6"}, at=now
    )
    second = achievements.publish(draft, by=owner, at=now)

    page = stranger.get(f"/a/{second.public_id}/versions").content.decode()
    first = stranger.get(f"/a/{version.public_id}").content.decode()

    assert '<del class="diff__line">To earn this, you throw **six bowls**.</del>' in page
    assert '<ins class="diff__line">To earn this, you throw **eight bowls**.</ins>' in page
    assert "<del>5</del>" in page
    assert "Description" not in page[page.index("<h1") :]
    assert "six bowls" in first
