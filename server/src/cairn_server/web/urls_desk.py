# SPDX-License-Identifier: Apache-2.0
"""The addresses of every signed-in page.  ``tests/test_access.py`` lists who may open which."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from cairn_server.web import (
    account,
    achievements,
    credentials,
    dev_mail,
    issuing,
    journal,
    keys,
    members,
    organisation,
    pictures,
    tokens,
    wallet,
)

of_the_organisation = [
    path("", organisation.home, name="organisation"),
    path("settings", organisation.settings, name="organisation-settings"),
    path("logo.png", organisation.logo, name="organisation-logo"),
    path("keys", keys.index, name="organisation-keys"),
    path("keys/rotate", keys.rotate, name="key-rotate"),
    path("keys/<slug:fragment>/revoke", keys.revoke, name="key-revoke"),
    path("journal", journal.index, name="organisation-journal"),
    path("hand-over", organisation.hand_over, name="organisation-hand-over"),
    path("leave", organisation.leave, name="organisation-leave"),
    path("close", organisation.close, name="organisation-close"),
    path("tokens", tokens.index, name="organisation-tokens"),
    path("tokens/new", tokens.new, name="token-new"),
    path("tokens/<public_id:token_id>/revoke", tokens.revoke, name="token-revoke"),
    path("members", members.index, name="organisation-members"),
    path("members/invite", members.invite, name="member-invite"),
    path("members/<public_id:person_id>/roles", members.change_roles, name="member-roles"),
    path("members/<public_id:person_id>/remove", members.remove, name="member-remove"),
    path("invitations/<public_id:invitation_id>/withdraw", members.withdraw, name="invitation-withdraw"),
    path("achievements", achievements.index, name="achievements"),
    path("achievements/new", achievements.new, name="achievement-new"),
    path("achievements/<public_id:version_id>", achievements.detail, name="achievement-detail"),
    path("achievements/<public_id:version_id>/edit", achievements.edit, name="achievement-edit"),
    path("achievements/<public_id:version_id>/picture", pictures.edit, name="achievement-picture"),
    path(
        "achievements/<public_id:version_id>/picture.svg",
        pictures.preview,
        name="achievement-picture-preview",
    ),
    path(
        "achievements/<public_id:version_id>/picture.png",
        pictures.stored,
        name="achievement-picture-stored",
    ),
    path("achievements/<public_id:version_id>/publish", achievements.publish, name="achievement-publish"),
    path(
        "achievements/<public_id:achievement_id>/new-version",
        achievements.new_version,
        name="achievement-new-version",
    ),
    path("achievements/<public_id:achievement_id>/archive", achievements.archive, name="achievement-archive"),
    path("award", issuing.award, name="award"),
    path("award/list", issuing.award_list, name="award-list"),
    path("batches/<public_id:batch_id>", issuing.batch, name="batch"),
    path("credentials", credentials.index, name="credentials"),
    path("credentials/<public_id:credential_id>", credentials.detail, name="credential-detail"),
    path("credentials/<public_id:credential_id>/revoke", credentials.revoke, name="credential-revoke"),
    path("credentials/<public_id:credential_id>/suspend", credentials.suspend, name="credential-suspend"),
    path(
        "credentials/<public_id:credential_id>/reinstate", credentials.reinstate, name="credential-reinstate"
    ),
    path(
        "credentials/<public_id:credential_id>/send-again",
        credentials.send_again,
        name="credential-send-again",
    ),
]

urlpatterns = [
    path("account/", account.home, name="account"),
    path("account/data", account.data, name="account-data"),
    path("account/delete", account.delete, name="account-delete"),
    path("account/", include("allauth.urls")),
    path("wallet", wallet.index, name="wallet"),
    path("organisations/", organisation.index, name="organisations"),
    path("organisations/new", organisation.new, name="organisation-new"),
    path("organisations/<public_id:organisation_id>/", include(of_the_organisation)),
    path("invitation/<str:token>", members.accept, name="invitation"),
]

if settings.DEVELOPMENT:
    urlpatterns += [
        path("dev/mail/", dev_mail.index, name="dev-mail"),
        path("dev/mail/<str:name>", dev_mail.message, name="dev-mail-message"),
    ]
