# SPDX-License-Identifier: Apache-2.0
"""The addresses of every signed-in page.  ``tests/test_access.py`` lists who may open which."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from cairn_server.web import (
    account,
    achievements,
    analytics,
    credentials,
    dev_mail,
    issuing,
    journal,
    keys,
    letters,
    lists,
    members,
    organisation,
    pictures,
    renewals,
    replacing,
    standing,
    tokens,
    wallet,
    webhooks,
)

of_the_organisation = [
    path("", organisation.home, name="organisation"),
    path("settings", organisation.settings, name="organisation-settings"),
    path("logo.png", organisation.logo, name="organisation-logo"),
    path("keys", keys.index, name="organisation-keys"),
    path("keys/rotate", keys.rotate, name="key-rotate"),
    path("keys/alone", keys.alone, name="keys-alone"),
    path("keys/changes/<slug:change_id>/confirm", keys.confirm, name="key-change-confirm"),
    path("keys/changes/<slug:change_id>/withdraw", keys.withdraw, name="key-change-withdraw"),
    path("keys/<slug:fragment>/revoke", keys.revoke, name="key-revoke"),
    path("keys/<slug:fragment>/again", keys.again, name="key-again"),
    path("journal", journal.index, name="organisation-journal"),
    path("hand-over", organisation.hand_over, name="organisation-hand-over"),
    path("leave", organisation.leave, name="organisation-leave"),
    path("close", organisation.close, name="organisation-close"),
    path("tokens", tokens.index, name="organisation-tokens"),
    path("tokens/new", tokens.new, name="token-new"),
    path("tokens/<public_id:token_id>/revoke", tokens.revoke, name="token-revoke"),
    path("letters", letters.index, name="letters"),
    path("letters/<slug:kind>", letters.edit, name="letter-edit"),
    path("webhooks", webhooks.index, name="webhooks"),
    path("webhooks/new", webhooks.new, name="webhook-new"),
    path("webhooks/<public_id:endpoint_id>", webhooks.endpoint, name="webhook"),
    path("webhooks/<public_id:endpoint_id>/edit", webhooks.edit, name="webhook-edit"),
    path("webhooks/<public_id:endpoint_id>/remove", webhooks.remove, name="webhook-remove"),
    path("webhooks/<public_id:endpoint_id>/act", webhooks.act, name="webhook-act"),
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
    path("award/list", lists.award_list, name="award-list"),
    path("batches", lists.index, name="batches"),
    path("batches/<public_id:batch_id>", lists.batch, name="batch"),
    path("batches/<public_id:batch_id>/columns", lists.list_columns, name="list-columns"),
    path("batches/<public_id:batch_id>/act", lists.act, name="batch-act"),
    path("batches/<public_id:batch_id>/rows", lists.batch_rows, name="batch-rows"),
    path("batches/<public_id:batch_id>/problems.csv", lists.problems_file, name="batch-problems"),
    path("batches/<public_id:batch_id>/mend", lists.mend, name="batch-mend"),
    path("credentials", credentials.index, name="credentials"),
    path("credentials/change", standing.many, name="credentials-change"),
    path("credentials/<public_id:credential_id>", credentials.detail, name="credential-detail"),
    path("credentials/<public_id:credential_id>/revoke", credentials.revoke, name="credential-revoke"),
    path("credentials/<public_id:credential_id>/suspend", credentials.suspend, name="credential-suspend"),
    path(
        "credentials/<public_id:credential_id>/reinstate", credentials.reinstate, name="credential-reinstate"
    ),
    path("credentials/<public_id:credential_id>/replace", replacing.replace, name="credential-replace"),
    path("credentials/<public_id:credential_id>/renew", replacing.renew, name="credential-renew"),
    path("changes", standing.acts, name="standing-acts"),
    path("changes/<public_id:act_id>", standing.act, name="standing-act"),
    path("renewals", renewals.index, name="renewals"),
    path("renewals/<public_id:request_id>", renewals.answer, name="renewal-request"),
    path("achievements/<public_id:achievement_id>/renewal", renewals.rule, name="renewal-rule"),
    path("figures", analytics.index, name="analytics"),
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
    path("wallet/<public_id:credential_id>/renew", renewals.renew, name="wallet-renew"),
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
