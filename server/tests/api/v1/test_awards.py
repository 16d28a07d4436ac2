# SPDX-License-Identifier: Apache-2.0
"""Awards over the API: once and only once, and never across organisations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.issuing import signing
from cairn_server.issuing.models import Credential
from cairn_server.issuing.services import Recipient

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.api.conftest import Caller

    from cairn_server.achievements.models import AchievementVersion

NEVER = "AAAAAAAAAAAAAAAAAAAAAA"


def body_for(version: AchievementVersion, **changes: Any) -> dict[str, Any]:
    recipient = {"name": "Lena Lindholm", "email": "lena@people.example"}
    return {"achievement": version.public_id, "recipient": recipient} | changes


def test_an_award_is_made_and_can_be_read(caller: Callable[..., Caller], version: AchievementVersion) -> None:
    machine = caller("awards:read", "awards:write")

    made = machine.post("/awards", body_for(version), Idempotency_Key="roster-7")

    assert made.status_code == 201
    award = made.json()
    assert award["url"] == f"https://cairn.example/c/{award['id']}"
    assert award["standing"] == "active"
    assert award["achievement"] == version.public_id
    assert machine.get(f"/awards/{award['id']}").json() == award
    assert Credential.objects.get().secured.count() == 2  # the JSON and the token


def test_the_same_key_again_is_the_same_award(
    caller: Callable[..., Caller], version: AchievementVersion
) -> None:
    machine = caller()

    first = machine.post("/awards", body_for(version), Idempotency_Key="roster-7")
    again = machine.post("/awards", body_for(version), Idempotency_Key="roster-7")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Credential.objects.count() == 1


def test_the_same_key_for_somebody_else_is_refused(
    caller: Callable[..., Caller], version: AchievementVersion
) -> None:
    machine = caller()
    machine.post("/awards", body_for(version), Idempotency_Key="roster-7")
    other = {"name": "Ada", "email": "ada@people.example"}

    answer = machine.post("/awards", body_for(version, recipient=other), Idempotency_Key="roster-7")

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency-key-reused"
    assert Credential.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 81, "schlüssel"])
def test_a_key_that_could_change_on_its_way_is_refused(
    caller: Callable[..., Caller], version: AchievementVersion, key: str
) -> None:
    answer = caller().post("/awards", body_for(version), Idempotency_Key=key)

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency-key"


def test_without_a_key_nothing_is_awarded(caller: Callable[..., Caller], version: AchievementVersion) -> None:
    answer = caller().post("/awards", body_for(version))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    "name", ["standing", "status_index", "issued_by", "organisation", "state", "public_id"]
)
def test_b139_what_is_ours_cannot_be_set(
    caller: Callable[..., Caller], version: AchievementVersion, name: str
) -> None:
    answer = caller().post("/awards", body_for(version, **{name: 1}), Idempotency_Key="k")

    assert answer.status_code == 422
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"recipient": {"name": "Lena", "email": "lena"}}, 422),
        ({"recipient": {"name": "", "email": "lena@people.example"}}, 422),
        ({"recipient": {"name": "Le\u202ena", "email": "lena@people.example"}}, 400),  # B129
        ({"recipient": {"name": "Lena", "email": "lena@people.example", "did": "did:web:a b"}}, 400),
        ({"valid_from": "2026-11-23"}, 422),  # B16: no zone
        ({"valid_from": 1795424400}, 422),  # B16: a number is no date
        ({"awarded_on": "0001-01-01T00:00:00+14:00"}, 422),  # B16: a moment that UTC has no year for
        ({"valid_until": "9999-12-31T23:59:59-14:00"}, 422),
        ({"valid_from": "2020-01-01T00:00:00Z"}, 400),  # B156: backdated
        ({"valid_until": "2020-01-01T00:00:00Z"}, 400),
        ({"evidence_url": "javascript:alert(1)"}, 400),
        ({"achievement": NEVER}, 422),
        ({"achievement": "' OR 1=1"}, 422),
    ],
)
def test_what_cannot_stand_is_refused(
    caller: Callable[..., Caller], version: AchievementVersion, change: dict[str, Any], status: int
) -> None:
    answer = caller().post("/awards", body_for(version, **change), Idempotency_Key="k")

    assert answer.status_code == status
    assert not Credential.objects.exists()


def test_a_draft_is_not_awarded(caller: Callable[..., Caller], draft: AchievementVersion) -> None:
    answer = caller().post("/awards", body_for(draft), Idempotency_Key="k")

    assert answer.status_code == 409
    assert answer.json()["code"] == "not-published"


def test_a_fault_of_ours_is_not_the_callers_f14(
    caller: Callable[..., Caller], version: AchievementVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own verifier refuses what we made: 500, because no other request would fare better."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise signing.OwnProductRefused("lint", "signature: signature-mismatch")

    monkeypatch.setattr(signing, "prepare", refuse)
    machine = caller()
    machine.client.raise_request_exception = False

    answer = machine.post("/awards", body_for(version), Idempotency_Key="k-1")

    assert answer.status_code == 500
    assert answer.json()["code"] == "server-error"
    assert not Credential.objects.exists()


def test_standing_changes_with_a_reason(caller: Callable[..., Caller], credential: Credential) -> None:
    machine = caller("awards:write", "awards:read")
    address = f"/awards/{credential.public_id}"

    suspended = machine.post(f"{address}/suspend", {"reason": "under review"})
    reinstated = machine.post(f"{address}/reinstate", {"reason": "review ended"})
    revoked = machine.post(f"{address}/revoke", {"reason": "issued in error"})

    assert suspended.json()["standing"] == "suspended"
    assert suspended.json()["standing_reason"] == "under review"
    assert reinstated.json()["standing"] == "active"
    assert revoked.json()["standing"] == "revoked"
    assert machine.post(f"{address}/reinstate", {"reason": "please"}).status_code == 409
    assert machine.get(address).json()["standing"] == "revoked"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "x", "by": "me"}])
@pytest.mark.parametrize("verb", ["revoke", "suspend", "reinstate"])
def test_no_change_without_a_reason(
    caller: Callable[..., Caller], credential: Credential, verb: str, body: dict[str, Any]
) -> None:
    answer = caller().post(f"/awards/{credential.public_id}/{verb}", body)

    assert answer.status_code == 422
    credential.refresh_from_db()
    assert credential.standing == "active"


@pytest.mark.parametrize("verb", ["revoke", "suspend", "reinstate"])
def test_b135_another_organisations_award_does_not_exist(
    foreign_caller: Caller, credential: Credential, verb: str
) -> None:
    address, never = f"/awards/{credential.public_id}", f"/awards/{NEVER}"
    reason = {"reason": "mischief"}

    assert foreign_caller.get(address).status_code == 404
    assert foreign_caller.get(address).content == foreign_caller.get(never).content
    assert (
        foreign_caller.post(f"{address}/{verb}", reason).content
        == foreign_caller.post(f"{never}/{verb}", reason).content
    )
    credential.refresh_from_db()
    assert credential.standing == "active"
    assert foreign_caller.get("/awards").json() == {"items": [], "next": None}


def test_b135_another_organisations_achievement_cannot_be_awarded(
    foreign_caller: Caller, version: AchievementVersion
) -> None:
    foreign = foreign_caller.post("/awards", body_for(version), Idempotency_Key="k")
    invented = foreign_caller.post("/awards", body_for(version, achievement=NEVER), Idempotency_Key="k")

    assert foreign.status_code == 422
    assert foreign.content == invented.content
    assert not Credential.objects.exists()


def test_a_list_is_filtered(caller: Callable[..., Caller], award: Callable[..., Credential]) -> None:
    lena = award()
    ada = award(recipient=Recipient("Ada", "ada@people.example"), at=TUESDAY)
    machine = caller()

    def found(query: str) -> list[str]:
        return [item["id"] for item in machine.get(f"/awards?{query}").json()["items"]]

    assert found("") == [ada.public_id, lena.public_id]
    assert found("email=ADA@people.example") == [ada.public_id]
    assert found("standing=revoked") == []
    assert found(f"achievement={lena.version.public_id}&limit=1") == [ada.public_id]
    assert found("awarded_from=2026-11-24T00:00:00Z") == [ada.public_id]
    assert found("awarded_before=2026-11-24T00:00:00Z") == [lena.public_id]
    assert found(f"achievement={NEVER}") == []


def test_b155_a_filter_never_reaches_other_columns(
    caller: Callable[..., Caller], credential: Credential
) -> None:
    for query in (
        "recipient_email__startswith=l",
        "issued_by__password=x",
        "fields=id",
        "standing__in=active",
    ):
        assert caller().get(f"/awards?{query}").status_code == 422


def test_a_cursor_keeps_its_place_when_its_award_leaves_the_list(
    caller: Callable[..., Caller], award: Callable[..., Credential]
) -> None:
    made = [award(at=MONDAY + timedelta(minutes=minute)) for minute in range(3)]
    machine = caller()
    first = machine.get("/awards?standing=active&limit=1").json()

    machine.post(f"/awards/{first['next']}/revoke", {"reason": "issued in error"})
    second = machine.get(f"/awards?standing=active&cursor={first['next']}").json()

    assert [item["id"] for item in second["items"]] == [made[1].public_id, made[0].public_id]
