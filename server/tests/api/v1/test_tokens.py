# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens: one scope for each operation, and no right that outlives its person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.tests.api.conftest import Caller
from server.tests.conftest import TUESDAY

from cairn_server.organisations import tokens
from cairn_server.organisations.models import ApiToken, Membership, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

NEVER = "AAAAAAAAAAAAAAAAAAAAAA"
NEVER_SENT = f"msg_{NEVER}"
OPERATIONS = [
    ("GET", "/achievements", Scope.ACHIEVEMENTS_READ),
    ("POST", "/achievements", Scope.ACHIEVEMENTS_WRITE),
    ("GET", f"/achievements/{NEVER}", Scope.ACHIEVEMENTS_READ),
    ("POST", f"/achievements/{NEVER}/publish", Scope.ACHIEVEMENTS_WRITE),
    ("PUT", f"/achievements/{NEVER}/signals/{NEVER}", Scope.SIGNALS_WRITE),
    ("GET", "/question-groups", Scope.ASSESSMENTS_READ),
    ("POST", "/question-groups", Scope.ASSESSMENTS_WRITE),
    ("GET", f"/question-groups/{NEVER}/questions", Scope.ASSESSMENTS_READ),
    ("POST", f"/question-groups/{NEVER}/questions", Scope.ASSESSMENTS_WRITE),
    ("GET", "/assessments", Scope.ASSESSMENTS_READ),
    ("POST", "/assessments", Scope.ASSESSMENTS_WRITE),
    ("GET", f"/assessments/{NEVER}", Scope.ASSESSMENTS_READ),
    ("POST", f"/assessments/{NEVER}/publish", Scope.ASSESSMENTS_WRITE),
    ("GET", f"/assessments/{NEVER}/attempts", Scope.WORK_READ),
    ("GET", "/projects", Scope.PROJECTS_READ),
    ("POST", "/projects", Scope.PROJECTS_WRITE),
    ("GET", f"/projects/{NEVER}", Scope.PROJECTS_READ),
    ("POST", f"/projects/{NEVER}/publish", Scope.PROJECTS_WRITE),
    ("GET", "/hand-ins", Scope.WORK_READ),
    ("POST", f"/hand-ins/{NEVER}/reviews", Scope.REVIEWS_WRITE),
    ("GET", f"/reviews/{NEVER}", Scope.WORK_READ),
    ("POST", f"/reviews/{NEVER}/decision", Scope.REVIEWS_WRITE),
    ("GET", "/awards", Scope.AWARDS_READ),
    ("POST", "/awards", Scope.AWARDS_WRITE),
    ("GET", f"/awards/{NEVER}", Scope.AWARDS_READ),
    ("POST", f"/awards/{NEVER}/revoke", Scope.AWARDS_WRITE),
    ("POST", f"/awards/{NEVER}/suspend", Scope.AWARDS_WRITE),
    ("POST", f"/awards/{NEVER}/reinstate", Scope.AWARDS_WRITE),
    ("POST", f"/awards/{NEVER}/replace", Scope.AWARDS_WRITE),
    ("POST", f"/awards/{NEVER}/token", Scope.AWARDS_WRITE),
    ("GET", "/batches", Scope.AWARDS_READ),
    ("POST", "/batches", Scope.AWARDS_WRITE),
    ("GET", f"/batches/{NEVER}", Scope.AWARDS_READ),
    ("GET", f"/batches/{NEVER}/results", Scope.AWARDS_READ),
    ("POST", f"/batches/{NEVER}/start", Scope.AWARDS_WRITE),
    ("POST", f"/batches/{NEVER}/pause", Scope.AWARDS_WRITE),
    ("POST", f"/batches/{NEVER}/resume", Scope.AWARDS_WRITE),
    ("POST", f"/batches/{NEVER}/cancel", Scope.AWARDS_WRITE),
    ("POST", "/standing-changes", Scope.AWARDS_WRITE),
    ("GET", f"/standing-changes/{NEVER}", Scope.AWARDS_READ),
    ("GET", "/webhooks", Scope.WEBHOOKS_READ),
    ("POST", "/webhooks", Scope.WEBHOOKS_WRITE),
    ("GET", f"/webhooks/{NEVER}", Scope.WEBHOOKS_READ),
    ("PUT", f"/webhooks/{NEVER}", Scope.WEBHOOKS_WRITE),
    ("DELETE", f"/webhooks/{NEVER}", Scope.WEBHOOKS_WRITE),
    ("POST", f"/webhooks/{NEVER}/secret", Scope.WEBHOOKS_WRITE),
    ("POST", f"/webhooks/{NEVER}/test", Scope.WEBHOOKS_WRITE),
    ("POST", f"/webhooks/{NEVER}/disable", Scope.WEBHOOKS_WRITE),
    ("POST", f"/webhooks/{NEVER}/enable", Scope.WEBHOOKS_WRITE),
    ("GET", f"/webhooks/{NEVER}/messages", Scope.WEBHOOKS_READ),
    ("POST", f"/webhooks/{NEVER}/messages/{NEVER_SENT}/send-again", Scope.WEBHOOKS_WRITE),
]


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
def test_b153_every_operation_needs_its_own_scope(
    caller: Callable[..., Caller], method: str, path: str, scope: Scope
) -> None:
    others = [each for each in Scope if each != scope]

    refused = caller(*others).send(method, path, b"{}")
    let_in = caller(scope).send(method, path, b"{}")

    assert refused.status_code == 403
    assert refused.json()["code"] == "insufficient-scope"
    assert let_in.status_code in (200, 404, 422)


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "bearer cairn_x", "cairn_x"]
)
def test_b153_without_a_good_token_there_is_no_answer(
    installation: object, method: str, path: str, scope: Scope, header: str
) -> None:
    headers = {"Authorization": header} if header else {}

    answer = Caller().send(method, path, b"{}", **headers)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_b153_a_token_in_the_address_is_not_read(caller: Callable[..., Caller]) -> None:
    token = caller().token

    assert Caller().get(f"/awards?token={token}").status_code == 401
    assert Caller().get(f"/awards?access_token={token}").status_code == 401


def test_b153_a_revoked_token_is_dead_at_once(caller: Callable[..., Caller], owner: Person) -> None:
    machine = caller()
    assert machine.get("/awards").status_code == 200

    tokens.revoke_token(ApiToken.objects.get(), by=owner, at=TUESDAY)

    assert machine.get("/awards").status_code == 401


def test_b138_a_token_dies_with_the_membership_of_its_person(
    caller: Callable[..., Caller], owner: Person, credential: Credential
) -> None:
    machine = caller()
    assert machine.get(f"/awards/{credential.public_id}").status_code == 200

    Membership.objects.filter(person=owner).delete()

    assert machine.get(f"/awards/{credential.public_id}").status_code == 401
    assert machine.post(f"/awards/{credential.public_id}/revoke", {"reason": "revenge"}).status_code == 401


def test_a_browser_session_is_no_token(
    organisation: Organisation, owner: Person, signed_in: Callable[[Person], object]
) -> None:
    """B140: whoever can make a browser send a request must not reach the interface with its cookie."""
    answer = Caller(client=signed_in(owner)).get("/awards")  # type: ignore[arg-type]

    assert answer.status_code == 401


def test_an_answer_is_never_kept_by_a_cache(caller: Callable[..., Caller]) -> None:
    assert caller().get("/awards")["Cache-Control"] == "no-store"
    assert Caller().get("/awards")["Cache-Control"] == "no-store"
