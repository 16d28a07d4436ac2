# SPDX-License-Identifier: Apache-2.0
"""Who may open what: every address of the site, every kind of person, one table.

An address that is not in the table fails the suite, so nobody can add a page and forget to say whose it is.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from server.tests import learning
from server.tests.conftest import MONDAY
from server.tests.desk import DESIGN, FIELDS, Desk, address, furnish

from cairn_server import attachments
from cairn_server.achievements import services as achievements
from cairn_server.api.v1 import api
from cairn_server.assessments import services as taking
from cairn_server.assessments.models import Attempt
from cairn_server.earning import plans, teaching
from cairn_server.earning import services as earning
from cairn_server.earning.learning import Unit
from cairn_server.earning.plans import Asked
from cairn_server.issuing import offering, representations
from cairn_server.issuing.models import Credential
from cairn_server.journal.models import Entry
from cairn_server.organisations import services as organisations
from cairn_server.organisations import tokens
from cairn_server.organisations.models import KeyChange, Membership, Scope
from cairn_server.organisations.roles import Role
from cairn_server.portability.models import Client as Site
from cairn_server.portability.models import Connection, Consent, Host
from cairn_server.presenting import dcql
from cairn_server.presenting import services as presenting
from cairn_server.projects import reviewing
from cairn_server.projects import services as projects
from cairn_server.projects.models import Review, Work
from cairn_server.wallets import collections
from cairn_server.wallets.models import HeldCredential
from cairn_server.webhooks.models import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpResponse

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

LOOKS = {"layout": "landscape", "colour": "#84331c"}

EVERYONE = "reviewer auditor issuer owner"
AWARDS = "auditor issuer owner"
OVERSIGHT = "auditor owner"
ISSUING = "issuer owner"
OWNING = "owner"
REVIEWING = "reviewer issuer owner"

# Below /organisations/<org>/: who of the members may open it. Nobody else may, ever.
READ = {
    "organisation": EVERYONE,
    "organisation-settings": OVERSIGHT,
    "organisation-certificate": OVERSIGHT,
    "organisation-certificate-preview": OVERSIGHT,
    "organisation-logo": EVERYONE,
    "organisation-keys": EVERYONE,
    "key-rotate": OWNING,
    "key-revoke": OWNING,
    "key-again": OWNING,
    "organisation-journal": OVERSIGHT,
    "organisation-hand-over": OWNING,
    "organisation-leave": EVERYONE,
    "organisation-close": OWNING,
    "organisation-tokens": OVERSIGHT,
    "token-new": OWNING,
    "token-revoke": OWNING,
    "letters": OVERSIGHT,
    "letter-edit": OWNING,
    "webhooks": OVERSIGHT,
    "webhook-new": OWNING,
    "webhook": OVERSIGHT,
    "webhook-edit": OWNING,
    "webhook-remove": OWNING,
    "organisation-members": EVERYONE,
    "member-invite": OWNING,
    "member-roles": OWNING,
    "member-remove": OWNING,
    "achievements": EVERYONE,
    "achievement-new": ISSUING,
    "achievement-detail": EVERYONE,
    "achievement-edit": ISSUING,
    "achievement-picture": ISSUING,
    "achievement-picture-preview": ISSUING,
    "achievement-picture-stored": EVERYONE,
    "achievement-publish": ISSUING,
    "achievement-new-version": ISSUING,
    "achievement-archive": ISSUING,
    "achievement-cost": ISSUING,
    "earning-plan": EVERYONE,
    "requirement-add": ISSUING,
    "requirement-edit": ISSUING,
    "learning": EVERYONE,
    "courses": EVERYONE,
    "course": EVERYONE,
    "unit-new": ISSUING,
    "unit": ISSUING,
    "meetings": EVERYONE,
    "meeting": ISSUING,
    "grants": AWARDS,
    "grant-new": ISSUING,
    "grant": AWARDS,
    "approvals": AWARDS,
    "approval": ISSUING,
    "assessments": AWARDS,
    "assessment-new": ISSUING,
    "assessment": AWARDS,
    "assessment-edit": ISSUING,
    "assessment-version": AWARDS,
    "questions": AWARDS,
    "question-group": AWARDS,
    "question-new": ISSUING,
    "question-edit": ISSUING,
    "projects": EVERYONE,
    "project-new": ISSUING,
    "project": EVERYONE,
    "project-edit": ISSUING,
    "reviews": REVIEWING,
    "answer-mark": REVIEWING,
    "award": ISSUING,
    "award-list": ISSUING,
    "batches": AWARDS,
    "batch": AWARDS,
    "batch-rows": AWARDS,
    "batch-problems": ISSUING,
    "batch-mend": ISSUING,
    "list-columns": ISSUING,
    "credentials": AWARDS,
    "credential-detail": AWARDS,
    "credential-revoke": ISSUING,
    "credential-suspend": ISSUING,
    "credential-reinstate": ISSUING,
    "credential-replace": ISSUING,
    "credentials-change": ISSUING,
    "standing-acts": AWARDS,
    "standing-act": AWARDS,
    "renewals": AWARDS,
    "renewal-request": ISSUING,
    "renewal-rule": ISSUING,
    "analytics": AWARDS,
}
# Addresses that are only ever posted to.
ACT = {
    "webhook-act": OWNING,
    "assessment-act": ISSUING,
    "project-act": ISSUING,
    "review-seat": REVIEWING,
    "key-change-confirm": OWNING,
    "key-change-withdraw": OWNING,
    "keys-alone": OWNING,
    "batch-act": ISSUING,
    "invitation-withdraw": OWNING,
    "credential-send-again": ISSUING,
    "credential-token": ISSUING,
    "credential-renew": ISSUING,
}

# Of READ, what only shows: no form on the page is posted to it.
ONLY_READ = {
    "organisation",
    "organisation-certificate-preview",
    "organisation-logo",
    "organisation-keys",
    "organisation-journal",
    "organisation-tokens",
    "letters",
    "webhooks",
    "webhook",
    "organisation-members",
    "achievements",
    "achievement-detail",
    "learning",
    "assessments",
    "assessment-version",
    "projects",
    "reviews",
    "grants",
    "approvals",
    "achievement-picture-preview",
    "achievement-picture-stored",
    "batches",
    "batch",
    "batch-rows",
    "batch-problems",
    "credentials",
    "credential-detail",
    "standing-acts",
    "analytics",
}

# One's own pages: the sign-in page for a stranger, 200 for anybody who is signed in, of nobody's but theirs.
OWN = [
    "account",
    "account-data",
    "account-delete",
    "account-join",
    "account-letters",
    "wallet",
    "wallet-bring",
    "wallet-collections",
    "wallet-looks",
    "wallet-present",
    "wallet-presented",
    "request-answer",
    "ask",
    "ask-new",
    "earn",
    "attend",
    "portfolio-edit",
    "connected-sites",
    "host-connect",
    "organisations",
    "organisation-new",
    "account_email",
    "account_set_password",
    "mfa_index",
    "mfa_list_webauthn",
    "usersessions_list",
    "account_logout",
]

# One's own too, and only ever posted to.
OWN_ACT = ["wallet-accept"]

# Of something in one wallet: 200 for whoever has it there, and for everybody else there is nothing.
KEPT = ["wallet-credential", "wallet-file", "wallet-share", "wallet-collection", "collection-share"]

# Of one credential, for its holder alone: there is nothing for anybody else, members of its issuer included.
HOLDERS = ["wallet-renew", "wallet-put", "wallet-answer"]
# The same, only ever posted to.
HOLDERS_ACT = ["wallet-token"]
# Of one offer to a wallet, for whoever has made it.
OFFERERS = ["wallet-offer"]
# Of one request for presentations, for whoever asks.
ASKERS = ["ask-request"]

# Of one site that was let into a wallet, or one host that is connected, for the wallet's holder.
CONNECTED = ["host"]
# The same, only ever posted to; and the way back from a host, for whoever was sent there.
CONNECTED_ACT = ["connected-site-out"]
CONNECTED_BACK = ["host-callback"]

# Of one seat of a reviewer: there is nothing for anybody else, members of the organisation included.
SEATED = ["review"]
# Of whoever takes an assessment or works on a project that they were asked for; nobody else finds anything.
TAKERS = ["assessment-take", "attempt", "attempt-hand-in", "project-work"]
# The same, of an attempt that is handed in, of a file, and what is only ever posted to.
TAKERS_AFTER = ["attempt-result", "evidence-file"]
TAKERS_ACT = ["attempt-answer"]
# Of somebody who learns: 200 for them, and for everybody else there is nothing.
LEARNERS = ["earning", "earn-unit", "earn-file"]
# The same, only ever posted to.
LEARNERS_ACT = ["earn-leave"]
# For whoever is signed in, about something that everybody may start with, or a code from a room.
SIGNED_IN = ["earn-start", "attend-code"]

# Pages that allauth guards by what one did just before: what a stranger gets, and what somebody gets who is
# signed in, has a password and no second factor, and did nothing just before. 302 leads to where one belongs.
ALLAUTH = {
    "account_login": (200, 302),
    "account_signup": (200, 302),
    "account_inactive": (200, 200),
    "account_request_login_code": (200, 302),
    "account_reset_password": (200, 200),
    "account_password_reset_completed": (200, 200),
    "account_reauthenticate": (302, 200),
    "account_email_verification_sent": (302, 302),
    "account_change_password": (302, 200),
    "account_confirm_login_code": (302, 302),
    "account_confirm_password_reset_code": (302, 302),
    "account_complete_password_reset": (302, 302),
    "mfa_authenticate": (302, 302),
    "mfa_reauthenticate": (302, 302),
    "mfa_activate_totp": (302, 302),
    "mfa_deactivate_totp": (302, 404),
    "mfa_view_recovery_codes": (302, 404),
    "mfa_generate_recovery_codes": (302, 302),
    "mfa_download_recovery_codes": (302, 404),
    "mfa_add_webauthn": (302, 302),
    "mfa_reauthenticate_webauthn": (302, 302),
    "mfa_remove_webauthn": (302, 302),
    "mfa_edit_webauthn": (302, 302),
    "mfa_login_webauthn": (302, 302),
}

# For everybody, with or without an account: what a GET answers to a stranger and to somebody signed in.
# Their own suites say what they show.
PUBLIC = {
    "healthz": (200, 200),
    "favicon": (301, 301),
    "robots": (200, 200),
    "security-txt": (200, 200),
    "did-document": (200, 200),
    "installation-did-document": (404, 404),  # before the first receipt
    "status-list": (200, 200),
    "suspension-list": (200, 200),
    "token-status-list": (200, 200),
    "vct-open-badge": (200, 200),
    "home": (200, 200),
    "verify": (200, 200),
    "verify-report": (405, 405),  # only ever posted to
    "credential": (200, 200),
    "credential-file": (200, 200),
    "credential-certificate": (200, 200),
    "credential-check": (405, 405),  # only ever posted to
    "credential-shared": (405, 405),  # only ever posted to
    "credential-newest": (200, 200),
    "achievement": (200, 200),
    "achievement-json": (200, 200),
    "achievement-versions": (200, 200),
    "achievement-image": (200, 200),
    "issuer": (200, 200),
    "issuer-json": (200, 200),
    "issuer-image": (200, 200),
    # What nobody has published, and what no link opens: their suites say what is there when somebody has.
    "portfolio": (404, 404),
    "portfolio-pdf": (404, 404),
    "portfolio-card": (404, 404),
    "public-credential": (404, 404),
    "public-file": (404, 404),
    "public-card": (404, 404),
    "claim": (404, 404),
    "shown": (404, 404),
    "shown-file": (404, 404),
    # Of a request and of a presentation that never were.
    "asked": (404, 404),
    "presentation": (404, 404),
    "presentation-file": (404, 404),
    "oembed": (404, 404),
    "catalogue": (200, 200),
    "help": (200, 200),
    "privacy": (200, 200),
    "terms": (200, 200),
    "imprint": (200, 200),
    "metrics": (404, 404),  # without METRICS_TOKEN there is no such address
    "mail-reports": (405, 405),  # only ever posted to
    "reminders-stop": (404, 404),  # of a reminder that was never sent
    "language": (405, 405),  # only ever posted to
    "styleguide": (200, 200),
    "invitation": (200, 200),
    "api-nothing-here": (404, 404),
    # For wallets; what they show is not a session but a code, a token or a signature.
    "oid4vci-issuer": (200, 200),
    "oid4vci-issuer-draft": (200, 200),
    "oid4vci-server": (200, 200),
    "oid4vci-server-slash": (200, 200),
    "oid4vci-server-draft": (200, 200),
    "oid4vci-offer": (404, 404),  # of an offer that never was
    "oid4vci-token": (405, 405),  # these are only ever posted to
    "oid4vci-nonce": (405, 405),
    "oid4vci-credential": (405, 405),
    "oid4vci-notification": (405, 405),
    "presentation-request-object": (404, 404),
    "presentation-response": (405, 405),
    # Other sites that learners let in: their own suites say what a token opens.
    "oauth-metadata": (200, 200),
    "oauth-register": (405, 405),  # only ever posted to
    "oauth-token": (405, 405),
    "oauth-revoke": (405, 405),
    "ob3-discovery": (200, 200),
    "ob3-credentials": (401, 401),
    "ob3-profile": (401, 401),
    "badge-connect": (200, 200),
    "badge-connect-assertions": (401, 401),
    "badge-connect-profile": (401, 401),
    "oauth-authorize": (302, 400),  # signs in first; and there is nobody who asks
    "exchange": (405, 405),
    "exchange-bare": (405, 405),
    "interaction": (404, 404),  # as above
}

# For machines: the scope that each operation of the interface demands (None: it asks for no token), what it
# answers to a token of that scope and no other, and what to a token of another organisation, with our ids.
# In an order in which each of them can be done to one award.
OPERATIONS: dict[str, tuple[Scope | None, int, int]] = {
    "listAchievements": (Scope.ACHIEVEMENTS_READ, 200, 200),
    "createAchievement": (Scope.ACHIEVEMENTS_WRITE, 201, 201),
    "getAchievement": (Scope.ACHIEVEMENTS_READ, 200, 404),
    "publishAchievement": (Scope.ACHIEVEMENTS_WRITE, 200, 404),
    "listAwards": (Scope.AWARDS_READ, 200, 200),
    # Our achievement is in the body: the address is right, and the field is wrong.
    "createAward": (Scope.AWARDS_WRITE, 201, 422),
    "getAward": (Scope.AWARDS_READ, 200, 404),
    "suspendAward": (Scope.AWARDS_WRITE, 200, 404),
    "reinstateAward": (Scope.AWARDS_WRITE, 200, 404),
    "signAwardAsToken": (Scope.AWARDS_WRITE, 200, 404),
    "revokeAward": (Scope.AWARDS_WRITE, 200, 404),
    "replaceAward": (Scope.AWARDS_WRITE, 201, 404),
    "changeStanding": (Scope.AWARDS_WRITE, 202, 422),
    "getStandingChange": (Scope.AWARDS_READ, 200, 404),
    "putSignal": (Scope.SIGNALS_WRITE, 200, 404),
    "listQuestionGroups": (Scope.ASSESSMENTS_READ, 200, 200),
    "createQuestionGroup": (Scope.ASSESSMENTS_WRITE, 201, 201),
    "listQuestions": (Scope.ASSESSMENTS_READ, 200, 404),
    "createQuestion": (Scope.ASSESSMENTS_WRITE, 201, 404),
    "listAssessments": (Scope.ASSESSMENTS_READ, 200, 200),
    "createAssessment": (Scope.ASSESSMENTS_WRITE, 201, 201),
    "getAssessment": (Scope.ASSESSMENTS_READ, 200, 404),
    # It is published already, and so is the project.
    "publishAssessment": (Scope.ASSESSMENTS_WRITE, 409, 404),
    "listAttempts": (Scope.WORK_READ, 200, 404),
    "listProjects": (Scope.PROJECTS_READ, 200, 200),
    "createProject": (Scope.PROJECTS_WRITE, 201, 201),
    "getProject": (Scope.PROJECTS_READ, 200, 404),
    "publishProject": (Scope.PROJECTS_WRITE, 409, 404),
    "listHandIns": (Scope.WORK_READ, 200, 200),
    "takeReview": (Scope.REVIEWS_WRITE, 201, 404),
    # The seat that takeReview has taken.
    "getReview": (Scope.WORK_READ, 200, 404),
    "decideReview": (Scope.REVIEWS_WRITE, 200, 404),
    "listBatches": (Scope.AWARDS_READ, 200, 200),
    "createBatch": (Scope.AWARDS_WRITE, 201, 422),
    "getBatch": (Scope.AWARDS_READ, 200, 404),
    "listBatchResults": (Scope.AWARDS_READ, 200, 404),
    # It was started on the desk already.
    "startBatch": (Scope.AWARDS_WRITE, 409, 404),
    "pauseBatch": (Scope.AWARDS_WRITE, 200, 404),
    "resumeBatch": (Scope.AWARDS_WRITE, 200, 404),
    "cancelBatch": (Scope.AWARDS_WRITE, 200, 404),
    "getStanding": (None, 200, 200),
    "listWebhooks": (Scope.WEBHOOKS_READ, 200, 200),
    "createWebhook": (Scope.WEBHOOKS_WRITE, 201, 201),
    "getWebhook": (Scope.WEBHOOKS_READ, 200, 404),
    "changeWebhook": (Scope.WEBHOOKS_WRITE, 200, 404),
    "replaceWebhookSecret": (Scope.WEBHOOKS_WRITE, 200, 404),
    "testWebhook": (Scope.WEBHOOKS_WRITE, 201, 404),
    "listWebhookMessages": (Scope.WEBHOOKS_READ, 200, 404),
    # The message that testWebhook has made.
    "sendWebhookMessageAgain": (Scope.WEBHOOKS_WRITE, 200, 404),
    "disableWebhook": (Scope.WEBHOOKS_WRITE, 200, 404),
    "enableWebhook": (Scope.WEBHOOKS_WRITE, 200, 404),
    "removeWebhook": (Scope.WEBHOOKS_WRITE, 204, 404),
    "verifyCredential": (Scope.VERIFY, 200, 200),
}
# Works without a token; one that is sent must be a good one.
TOKEN_OPTIONAL = "verifyCredential"
# What the interface says about itself, to everybody.
REFERENCE = {"api-v1:api-root": 404, "api-v1:openapi-json": 200, "api-v1:openapi-view": 200}


def names() -> Iterator[str]:
    def walk(patterns: list[URLPattern | URLResolver], spaces: tuple[str, ...]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
                yield from walk(pattern.url_patterns, inner)
            else:
                yield ":".join([*spaces, pattern.name or str(pattern.pattern)])

    return walk(get_resolver().url_patterns, ())


@pytest.fixture
def desk(organisation: Organisation, owner: Person, issuer: Person) -> Iterator[Desk]:
    # The pages read the clock; what they show was made on that Monday.
    with time_machine.travel(MONDAY):
        made = furnish(organisation, owner, issuer)
        keys = organisation.signing_keys.order_by("pk")
        for name, key in zip(("key-change-confirm", "key-change-withdraw"), keys, strict=True):
            change = KeyChange.objects.create(
                organisation=organisation,
                kind=KeyChange.Kind.COMPROMISE,
                key=key,
                reason="A laptop.",
                compromised_from=MONDAY,
                proposed_by=owner,
                proposed_at=MONDAY,
            )
            made.changes[name] = change.public_id
        yield made


@pytest.fixture
def cast(
    owner: Person, issuer: Person, reviewer: Person, auditor: Person, learner: Person, outsider: Person
) -> dict[str, Person]:
    return {
        "owner": owner,
        "issuer": issuer,
        "reviewer": reviewer,
        "auditor": auditor,
        "learner": learner,
        "outsider": outsider,
    }


def ask(client: Client, name: str, desk: Desk, *, method: str = "GET") -> HttpResponse:
    where = address(name, desk.organisation, desk.ids(name))
    if method == "GET":
        shown = {"organisation-certificate-preview": LOOKS, "achievement-picture-preview": DESIGN}
        return client.get(where, shown.get(name, {}))
    return client.post(where)


def test_every_address_is_in_the_table() -> None:
    # An operation is called in Python as in the interface, in the other of the two spellings.
    operations = {"api-v1:" + re.sub(r"([A-Z])", r"_\1", name).lower() for name in OPERATIONS}
    holders = {*HOLDERS, *HOLDERS_ACT, *OFFERERS, *ASKERS, *LEARNERS, *LEARNERS_ACT, *SIGNED_IN}
    holders |= {*CONNECTED, *CONNECTED_ACT, *CONNECTED_BACK, *SEATED, *TAKERS, *TAKERS_AFTER, *TAKERS_ACT}
    known = {*READ, *ACT, *OWN, *OWN_ACT, *KEPT, *holders, *ALLAUTH, *PUBLIC, *REFERENCE, *operations}

    missing = set(names()) - known
    gone = known - set(names())

    assert not missing, "say in test_access.py who may open these"
    assert not gone, "these are in the table and on no page"


# One desk is dear to furnish, so each question below is asked of every address in one test; what differs is
# shown by name.


@pytest.mark.parametrize("who", ["reviewer", "auditor", "issuer", "owner", "learner", "outsider"])
def test_only_the_roles_of_the_table_open_a_page(
    who: str, desk: Desk, cast: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    """B135 B141: a member without the role is refused in words; for everybody else there is nothing there."""
    no = 404 if who in ("learner", "outsider") else 403
    expected = {name: 200 if who in allowed.split() else no for name, allowed in READ.items()}
    client = signed_in(cast[who])

    found = {name: ask(client, name, desk).status_code for name in READ}

    assert expected == found


def test_a_stranger_is_asked_to_sign_in_and_learns_nothing(desk: Desk) -> None:
    """B144: the same answer for an organisation that exists and for one that does not."""
    stranger = Client(headers={"host": "cairn.example"})

    found = {name: ask(stranger, name, desk) for name in READ}
    nowhere = stranger.get("/organisations/AAAAAAAAAAAAAAAAAAAAAA/")

    assert {302} == {response.status_code for response in (*found.values(), nowhere)}
    assert all(response["Location"].startswith("/account/login/") for response in (*found.values(), nowhere))


def test_only_the_roles_of_the_table_act(
    desk: Desk, cast: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    for name, allowed in ACT.items():
        expected = {who: 403 for who in EVERYONE.split() if who not in allowed.split()}
        expected |= {"learner": 404, "outsider": 404, allowed.split()[0]: 302}

        # Whoever may act comes last in the table, so the refusals are about what is still there.
        found = {who: ask(signed_in(cast[who]), name, desk, method="POST").status_code for who in expected}

        assert expected == found, name


def test_what_acts_is_never_a_link(desk: Desk, owner: Person, signed_in: Callable[[Person], Client]) -> None:
    """B140: a GET has no side effect."""
    client = signed_in(owner)

    assert dict.fromkeys(ACT, 405) == {name: ask(client, name, desk).status_code for name in ACT}


def test_looking_changes_nothing(desk: Desk, owner: Person, signed_in: Callable[[Person], Client]) -> None:
    """B140: no verb runs on a GET, and every verb leaves an entry in the journal."""
    client = signed_in(owner)
    before = Entry.objects.count()

    for name in READ:
        ask(client, name, desk)

        assert before == Entry.objects.count(), name


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_who_may_only_read_changes_nothing_by_posting(
    who: str, desk: Desk, cast: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    """B141: an auditor reads all and changes nothing, a reviewer awards nothing."""
    # Leaving is everybody's right.
    client = signed_in(cast[who])
    before = Entry.objects.count()

    found = {
        name: ask(client, name, desk, method="POST").status_code
        for name in [*READ, *ACT]
        # Judging is what a reviewer is there for.
        if name != "organisation-leave" and (who, READ.get(name, ACT.get(name))) != ("reviewer", REVIEWING)
    }

    # 405: a page that is only read takes no POST from anybody.
    assert {403, 405} == set(found.values()), found
    assert before == Entry.objects.count()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_organisations_ids_do_not_exist(
    method: str, desk: Desk, outsider: Person, elsewhere: Organisation, signed_in: Callable[[Person], Client]
) -> None:
    """B135 B136: an owner elsewhere, with an address of their own and an identifier of ours in it."""
    client = signed_in(outsider)
    found = {}
    for name in [*READ, *ACT]:
        ids = desk.ids(name)
        where = address(name, elsewhere, ids)
        # Whole parts of the address: a short one would be found inside another by chance.
        if set(ids.values()) & set(where.split("/")):
            response = (
                client.get(where, DESIGN) if method == "GET" else client.post(where, {"reason": "mine now"})
            )
            # 405 is said before anything is looked up: it is about the address, not about the object.
            found[name] = response.status_code

    assert len(found) > 15, "the table has lost its addresses with identifiers"
    assert {404} <= set(found.values()) <= {404, 405}, found
    only_404 = (
        set(READ) if method == "GET" else {*ACT, "credential-revoke", "achievement-edit", "member-roles"}
    )
    assert dict.fromkeys(only_404 & set(found), 404) == {name: found[name] for name in only_404 & set(found)}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_removed_member_is_a_stranger_at_once(
    method: str, desk: Desk, owner: Person, issuer: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B138: with the session that was open before."""
    client = signed_in(issuer)
    assert ask(client, "credentials", desk).status_code == 200
    ids = {"person_id": owner.public_id}
    where = {name: address(name, desk.organisation, desk.ids(name) | ids) for name in [*READ, *ACT]}
    organisations.remove_member(desk.organisation, by=owner, person=issuer, at=MONDAY)

    found = {
        name: (client.get(there, DESIGN) if method == "GET" else client.post(there)).status_code
        for name, there in where.items()
    }

    # 405 is said of the address, before anything is looked up: a page that is only read takes no POST, and
    # what acts is never a link.
    wrong_way = ACT if method == "GET" else ONLY_READ
    assert {name: 405 if name in wrong_way else 404 for name in where} == found


def test_ones_own_pages_ask_to_sign_in(learner: Person, signed_in: Callable[[Person], Client]) -> None:
    stranger, client = Client(headers={"host": "cairn.example"}), signed_in(learner)

    assert dict.fromkeys(OWN, 302) == {name: stranger.get(reverse(name)).status_code for name in OWN}
    assert dict.fromkeys(OWN, 200) == {name: client.get(reverse(name)).status_code for name in OWN}


def test_what_is_in_a_wallet_is_its_holders_alone(
    desk: Desk, cast: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    """B135: also its issuer's people find nothing there."""
    learner, stranger = cast["learner"], Client(headers={"host": "cairn.example"})
    stranger_before = stranger.post(reverse("wallet-accept")).status_code
    signed_in(learner).post(reverse("wallet-accept"))
    held = HeldCredential.objects.get(person=learner)
    work = collections.make(by=learner, name="Work", at=MONDAY)
    ids = {"collection": work.public_id, "held": held.public_id}
    where = {
        name: reverse(name, args=[ids["collection" if "collection" in name else "held"]]) for name in KEPT
    }

    found = {
        who: {name: signed_in(person).get(there).status_code for name, there in where.items()}
        for who, person in cast.items()
    }

    assert stranger_before == 302
    assert {stranger.get(there).status_code for there in where.values()} == {302}
    assert found == {who: dict.fromkeys(KEPT, 200 if who == "learner" else 404) for who in cast}
    assert signed_in(learner).get(reverse("wallet-accept")).status_code == 405


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_the_holders_is_nobody_elses(
    method: str, desk: Desk, cast: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    """B135 B146: by the address that the credential was awarded to, and by nothing else."""
    where = [reverse(name, args=[desk.credential.public_id]) for name in HOLDERS]
    stranger = Client(headers={"host": "cairn.example"})

    assert {getattr(stranger, method)(there).status_code for there in where} == {302}
    for who, person in cast.items():
        found = {getattr(signed_in(person), method)(there).status_code for there in where}
        # Nothing is renewed by an empty form: this credential has no end.
        assert found == ({200 if method == "get" else 422} if who == "learner" else {404}), who


def test_what_a_holder_has_done_nobody_else_has_done(
    desk: Desk, cast: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    """B135 B146"""
    where = [reverse(name, args=[desk.credential.public_id]) for name in HOLDERS_ACT]
    stranger = Client(headers={"host": "cairn.example"})

    assert [stranger.post(there)["Location"].partition("?")[0] for there in where] == ["/account/login/"]
    for who, person in cast.items():
        client = signed_in(person)
        assert {client.get(there).status_code for there in where} == {405}, who
        assert {client.post(there).status_code for there in where} == (
            {302} if who == "learner" else {404}
        ), who


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_offer_is_its_makers_and_nobody_elses(
    method: str, desk: Desk, cast: dict[str, Person], learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B135 B146: whoever else has its secret has what a wallet may know, and not the transaction code."""
    with time_machine.travel(MONDAY):
        _offer, secret = offering.offer(desk.credential, by=learner, at=MONDAY)
        where = [reverse(name, args=[secret]) for name in OFFERERS]
        stranger = Client(headers={"host": "cairn.example"})

        assert {getattr(stranger, method)(there).status_code for there in where} == {302}
        for who, person in reversed(cast.items()):
            found = {getattr(signed_in(person), method)(there).status_code for there in where}
            assert found == ({200 if method == "get" else 302} if who == "learner" else {404}), who


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_somebody_has_asked_for_is_theirs_alone(
    method: str, cast: dict[str, Person], learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B135: also what others have shown."""
    row = presenting.ask(
        by=learner,
        asker="Lena",
        purpose="To learn who fires.",
        query=dcql.for_badges(),
        until=MONDAY + timedelta(days=1),
        at=MONDAY,
    )
    where = [reverse(name, args=[row.public_id]) for name in ASKERS]
    stranger = Client(headers={"host": "cairn.example"})

    assert {getattr(stranger, method)(there).status_code for there in where} == {302}
    for who, person in cast.items():
        found = {getattr(signed_in(person), method)(there).status_code for there in where}
        assert found == ({200 if method == "get" else 302} if who == "learner" else {404}), who


def test_what_is_connected_to_a_wallet_is_its_holders_alone(
    cast: dict[str, Person], learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B135: who may do what with a wallet, and where else it is."""
    site = Site.objects.create(
        name="Campus",
        client_uri="https://campus.example/",
        redirect_uris="https://campus.example/callback",
        client_type=Site.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Site.GRANT_AUTHORIZATION_CODE,
        scope="offline_access",
    )
    consent = Consent.objects.create(person=learner, client=site, scope="offline_access", given_at=MONDAY)
    host = Host.objects.create(base="https://b.example", client_secret=b"", registered_at=MONDAY)
    connection = Connection.objects.create(
        person=learner,
        host=host,
        created_at=MONDAY,
        connected_at=MONDAY,
        access_token=b"",
        expires_at=MONDAY,
    )
    stranger = Client(headers={"host": "cairn.example"})
    reads = [reverse(name, args=[connection.public_id]) for name in CONNECTED]
    acts = [reverse(name, args=[consent.public_id]) for name in CONNECTED_ACT]
    # Nobody was sent there, so nobody comes back.
    backs = [reverse(name, args=[host.public_id]) for name in CONNECTED_BACK]

    assert {stranger.get(there).status_code for there in (*reads, *backs)} == {302}
    assert {stranger.post(there).status_code for there in acts} == {302}
    for who, person in reversed(cast.items()):
        client = signed_in(person)
        mine = who == "learner"
        assert {client.get(there).status_code for there in reads} == {200 if mine else 404}, who
        assert {client.get(there).status_code for there in acts} == {405}, who
        assert {client.get(there).status_code for there in backs} == {404}, who
        assert {client.post(there).status_code for there in acts} == {302 if mine else 404}, who


def test_what_somebody_learns_is_theirs_alone(
    desk: Desk, cast: dict[str, Person], learner: Person, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B135: how far somebody is, their units, their files; the issuer's people see the files of their own."""
    unit = Unit.objects.get(course__organisation=desk.organisation)
    file = teaching.add_file(unit, by=owner, taken=attachments.accept("a.txt", b"Heat"), at=MONDAY)
    plan = plans.begin(
        achievements.draft_achievement(
            by=owner, organisation=desk.organisation, fields=FIELDS | {"name": "Kilns"}, at=MONDAY
        ),
        by=owner,
        at=MONDAY,
    )
    teaching.open_course(unit.course, by=owner, at=MONDAY)
    plans.add(plan.root, by=owner, asked=Asked(kind="course", course=unit.course), at=MONDAY)  # type: ignore[arg-type]
    version = plans.publish(plan.version, by=owner, at=MONDAY)
    enrolment = earning.start(version, by=learner, name="Lena", at=MONDAY)
    where = {
        "earning": reverse("earning", args=[enrolment.public_id]),
        "earn-unit": reverse("earn-unit", args=[enrolment.public_id, unit.public_id]),
        "earn-file": reverse("earn-file", args=[file.public_id]),
    }
    leave = reverse("earn-leave", args=[enrolment.public_id])
    stranger = Client(headers={"host": "cairn.example"})

    assert set(where) == set(LEARNERS)
    assert {stranger.get(there).status_code for there in where.values()} == {302}
    for who, person in cast.items():
        found = {name: signed_in(person).get(there).status_code for name, there in where.items()}
        mine, ours = who == "learner", who not in ("learner", "outsider")
        expected = dict.fromkeys(where, 200 if mine else 404)
        assert found == expected | {"earn-file": 200 if mine or ours else 404}, who
        posts = {
            signed_in(person).post(where[name], {"do": "reopen"}).status_code
            for name in ("earning", "earn-unit")
        }
        assert posts == ({302} if mine else {404}), who
        if not mine:
            assert signed_in(person).post(leave).status_code == 404, who
    assert signed_in(learner).get(leave).status_code == 405
    assert signed_in(learner).post(leave).status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_somebody_takes_or_judges_is_theirs_alone(
    method: str, desk: Desk, cast: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    """B135: an attempt, a work, its evidence, a seat; for the organisation's people no less."""
    owner, learner, reviewer = desk.owner, cast["learner"], cast["reviewer"]
    assessment = learning.assessment(desk.organisation, learning.SHORT, by=owner, name="Another")
    project = learning.project(desk.organisation, by=owner, name="Another")
    learning.enrolled(learner, desk.organisation, by=owner, assessment=assessment, project=project)
    attempt = taking.begin(assessment, by=learner, at=MONDAY)
    ended = Attempt.objects.get(assessment__organisation=desk.organisation, state="waiting")
    Attempt.objects.filter(pk=ended.pk).update(person=learner)
    work = projects.begin(project, by=learner, at=MONDAY)
    file = projects.add_file(work, by=learner, attachment=attachments.accept("a.txt", b"Heat"), at=MONDAY)
    seat = reviewing.take(Work.objects.exclude(pk=work.pk).get().current, by=reviewer, at=MONDAY)
    ids = {
        "assessment-take": assessment.public_id,
        "attempt": attempt.public_id,
        "attempt-hand-in": attempt.public_id,
        "attempt-answer": attempt.public_id,
        "attempt-result": ended.public_id,
        "project-work": project.public_id,
        "evidence-file": file.public_id,
    }
    # What only shows takes no POST from anybody, and the other way round.
    names = [*TAKERS, *(TAKERS_AFTER if method == "get" else TAKERS_ACT)]
    where = {name: reverse(name, args=[ids[name]]) for name in names}
    judged = reverse("review", args=[desk.organisation.public_id, seat.public_id])
    stranger = Client(headers={"host": "cairn.example"})

    assert {getattr(stranger, method)(there).status_code for there in [*where.values(), judged]} == {302}
    for who, person in cast.items():
        if who == "learner":
            continue
        client = signed_in(person)
        assert {getattr(client, method)(there).status_code for there in where.values()} == {404}, who
        # An auditor has no part in reviews, and is told so whatever the address.
        expected = {"reviewer": 200 if method == "get" else 422, "auditor": 403}.get(who, 404)
        assert getattr(client, method)(judged).status_code == expected, who
    own = signed_in(learner)
    allowed = {200} if method == "get" else {200, 302, 409}
    assert {getattr(own, method)(there).status_code for there in where.values()} <= allowed
    assert getattr(own, method)(judged).status_code == 404


def test_whoever_is_signed_in_may_start_and_type_in_a_code(
    desk: Desk, cast: dict[str, Person], signed_in: Callable[[Person], Client]
) -> None:
    where = {
        "earn-start": reverse("earn-start", args=[desk.version.public_id]),
        "attend-code": reverse("attend-code", args=["BCDFGHJK"]),
    }
    stranger = Client(headers={"host": "cairn.example"})

    assert {stranger.get(there).status_code for there in where.values()} == {302}
    for who, person in cast.items():
        # The issuer has begun: the page leads to where they are.
        expected = {"earn-start": 302 if who == "issuer" else 200, "attend-code": 200}
        found = {name: signed_in(person).get(there).status_code for name, there in where.items()}
        assert found == expected, who
    draft = reverse("earn-start", args=[desk.draft.public_id])
    assert {signed_in(person).get(draft).status_code for person in cast.values()} == {404}


def test_what_the_sign_in_pages_answer(owner: Person, signed_in: Callable[[Person], Client]) -> None:
    with_a_key = {"mfa_remove_webauthn", "mfa_edit_webauthn"}
    found = {}

    for name in ALLAUTH:
        where = reverse(name, kwargs={"pk": 1} if name in with_a_key else None)
        # A browser each: some of these pages change what the session knows.
        browsers = Client(headers={"host": "cairn.example"}), signed_in(owner)
        found[name] = tuple(browser.get(where).status_code for browser in browsers)

    assert found == ALLAUTH


def test_the_public_pages_are_for_everybody(
    desk: Desk, owner: Person, learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    [number] = {award.status_list.public_id for award in (desk.credential, desk.suspended)}
    ids = {**desk.ids(""), "list_id": number, "suffix": "json", "letter": "A" * 22, "secret": "A" * 22}
    ids |= {"held_id": "A" * 22, "handle": "nobody"}
    tokens_of = {"invitation": desk.link}
    where = {
        name: address(name, desk.organisation, ids | {"token": tokens_of.get(name, "A" * 22)})
        for name in PUBLIC
    }
    stranger, client = Client(headers={"host": "cairn.example"}), signed_in(learner)

    found = {
        name: (stranger.get(there).status_code, client.get(there).status_code)
        for name, there in where.items()
    }

    assert found == PUBLIC


@cache
def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, address and description of each operation, as the OpenAPI document has them."""
    return {
        described["operationId"]: (method.upper(), path, described)
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method, described in methods.items()
    }


def sample(name: str, desk: Desk) -> tuple[str, str, Any]:
    """Method, address and a body that would do for one operation, about our achievement and our award."""
    method, path, _described = operations()[name]
    version = desk.draft if name == "publishAchievement" else desk.version
    award_id, ids = desk.credential.public_id, desk.ids("")
    if name == "replaceAward":
        # The one that createAward has made: the other is withdrawn by then.
        award_id = Credential.objects.latest("pk").public_id
    there = path.format(
        achievement_id=version.public_id,
        batch_id=desk.batch.public_id,
        award_id=award_id,
        credential_id=award_id,
        change_id=ids["act_id"],
        endpoint_id=ids["endpoint_id"],
        key="row-1",
        group_id=ids["group_id"],
        assessment_id=ids["assessment_id"],
        project_id=ids["project_id"],
        hand_in_id=ids["hand_in_id"],
        review_id=Review.objects.values_list("public_id", flat=True).first() or "A" * 22,
        message_id=Message.objects.values_list("public_id", flat=True).first() or f"msg_{'A' * 22}",
    )
    if name == "createBatch":
        there += f"?achievement={version.public_id}"
    body: Any = {
        "createAchievement": FIELDS,
        "createBatch": [{"name": "Mio", "email": "mio@people.example"}],
        "createAward": {
            "achievement": version.public_id,
            "recipient": {"name": "Mia", "email": "mia@people.example"},
        },
        "replaceAward": {"name": "Mia Moss", "reason": "Her name had a mistake."},
        "changeStanding": {
            "awards": [desk.suspended.public_id],
            "standing": "active",
            "reason": "The review is over.",
        },
        "createQuestionGroup": {"name": "More about kilns"},
        "createQuestion": learning.SINGLE,
        "createAssessment": {"name": "Glazes"},
        "createProject": {"name": "A jug", "rubric": learning.PROJECT["rubric"]},
        "decideReview": {"levels": learning.GOOD, "feedback": "Even walls."},
        "putSignal": {"signal": "exam", "email": "mia@people.example"},
        "createWebhook": WEBHOOK,
        "changeWebhook": WEBHOOK,
        "verifyCredential": json.loads(representations.representation(desk.credential, "json")[0]),
    }.get(name, {"reason": "Under review"} if path.startswith("/api/v1/awards/") else {})
    return method, there, body


def call(name: str, desk: Desk, token: str = "") -> HttpResponse:
    method, there, body = sample(name, desk)
    headers = {"host": "cairn.example", "Idempotency-Key": "mia-1"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Client(headers=headers).generic(  # type: ignore[return-value]
        method, there, json.dumps(body).encode() if method in ("POST", "PUT") else b"", "application/json"
    )


WEBHOOK = {"url": "https://lms.example/other", "events": ["batch.finished"]}


def new_token(organisation: Organisation, by: Person, *scopes: str) -> str:
    _token, text = tokens.create_token(organisation, by=by, name="script", scopes=scopes, at=MONDAY)
    return text


def test_every_operation_is_in_the_table_with_the_scope_it_declares() -> None:
    def security(name: str, scope: Scope | None) -> list[dict[str, list[str]]] | None:
        if scope is None:
            return None
        return [{"Token": [scope.value]}, *([{}] if name == TOKEN_OPTIONAL else [])]

    declared = {name: described.get("security") for name, (_m, _p, described) in operations().items()}

    assert declared == {name: security(name, scope) for name, (scope, *_rest) in OPERATIONS.items()}


def test_the_interface_describes_itself_to_everybody(db: None) -> None:
    stranger = Client(headers={"host": "cairn.example"})

    assert {name: stranger.get(reverse(name)).status_code for name in REFERENCE} == REFERENCE


def test_an_operation_asks_for_a_token(desk: Desk) -> None:
    """B153: none, one that nobody made, and one that was withdrawn."""
    withdrawn = new_token(desk.organisation, desk.owner, *Scope.values)
    tokens.revoke_token(desk.organisation.api_tokens.latest("pk"), by=desk.owner, at=MONDAY)
    before = Entry.objects.count()

    for bad in ("", "cairn_invented", withdrawn):
        found = {name: call(name, desk, bad).status_code for name in OPERATIONS}

        expected = {name: 200 if scope is None else 401 for name, (scope, *_rest) in OPERATIONS.items()}
        if not bad:
            expected[TOKEN_OPTIONAL] = 200
        assert expected == found, bad or "without a token"
    assert before == Entry.objects.count()


def test_a_token_does_nothing_outside_its_scope(desk: Desk) -> None:
    """B153: with every scope but the one that the operation asks for."""
    without = {
        scope: new_token(desk.organisation, desk.owner, *(set(Scope.values) - {scope})) for scope in Scope
    }
    before = Entry.objects.count()

    found = {
        name: call(name, desk, without[scope]).status_code
        for name, (scope, *_rest) in OPERATIONS.items()
        if scope is not None
    }

    assert dict.fromkeys(found, 403) == found
    assert before == Entry.objects.count()


def test_a_token_does_what_its_one_scope_allows(desk: Desk) -> None:
    of = {scope: new_token(desk.organisation, desk.owner, scope) for scope in Scope}

    found = {
        name: call(name, desk, of[scope] if scope else "").status_code
        for name, (scope, *_rest) in OPERATIONS.items()
    }

    assert {name: status for name, (_scope, status, _foreign) in OPERATIONS.items()} == found


def test_a_token_of_another_organisation_finds_nothing_of_ours(
    desk: Desk, outsider: Person, elsewhere: Organisation
) -> None:
    """B135 B136: our ids do not exist for it, and its lists are its own."""
    token = new_token(elsewhere, outsider, *Scope.values)
    entries = Entry.objects.filter(organisation_id=desk.organisation.public_id)
    before = entries.count()

    answers = {name: call(name, desk, token) for name in OPERATIONS}

    expected = {name: foreign for name, (_scope, _status, foreign) in OPERATIONS.items()}
    assert expected == {name: answer.status_code for name, answer in answers.items()}
    assert answers["listAwards"].json()["items"] == []
    assert desk.version.public_id not in answers["listAchievements"].content.decode()
    assert before == entries.count()


def test_the_development_mailbox_is_not_there(db: None) -> None:
    """Whoever reads it can sign in as anybody."""
    assert Client(headers={"host": "cairn.example"}).get("/dev/mail/").status_code == 404


def test_roles_add_up(
    desk: Desk, reviewer: Person, organisation: Organisation, signed_in: Callable[[Person], Client]
) -> None:
    Membership.objects.create(organisation=organisation, person=reviewer, role=Role.ISSUER, since=MONDAY)

    assert ask(signed_in(reviewer), "award", desk).status_code == 200
