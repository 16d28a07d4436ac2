# SPDX-License-Identifier: Apache-2.0
"""The mails about an account: text and HTML with the same words, at most one link, and no tracking."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from django.core import mail as post
from django.utils import translation

import cairn_server.web
from cairn_server.accounts.adapter import AccountAdapter

TEMPLATES = Path(cairn_server.web.__file__).parent / "templates"
MAILS = sorted(
    str(path.relative_to(TEMPLATES)).removesuffix("_message.txt")
    for path in TEMPLATES.glob("*/email/*_message.txt")
    if path.name != "base_message.txt"
)
CONTEXT = {
    "current_site": SimpleNamespace(domain="cairn.example"),
    "email": "lena@people.example",
    "code": "TCSZ-RVMQ",
    "activate_url": "https://cairn.example/account/confirm-email/1/",
    "password_reset_url": "https://cairn.example/account/password/reset/",
    "signup_url": "https://cairn.example/account/signup/",
    "timestamp": "23 Nov 2026, 10:00",
    "ip": "192.0.2.1",
    "user_agent": "https://evil.example/ <script>alert(1)</script>",
    "from_email": "old@people.example",
    "to_email": "lena@people.example",
    "deleted_email": "old@people.example",
    "organisation": "Lakeside College",
}
LINKED = {
    "account/email/account_already_exists": CONTEXT["password_reset_url"],
    "account/email/unknown_account": CONTEXT["signup_url"],
}
CODED = [
    "account/email/claim_code",
    "account/email/email_confirmation",
    "account/email/join_code",
    "account/email/login_code",
    "account/email/password_reset_code",
]


def written(prefix, **changes):
    mail = AccountAdapter().render_mail(prefix, "lena@people.example", CONTEXT | changes)
    [(html, kind)] = mail.alternatives
    assert kind == "text/html"
    return mail, html


def words(html):
    """What a person reads of it."""
    body = html[html.index("<h1") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.mark.parametrize("prefix", MAILS)
def test_every_mail_has_both_forms_one_link_at_most_and_no_tracking(prefix):
    mail, html = written(prefix)

    assert re.findall(r'href="([^"]+)"', html) == ([LINKED[prefix]] if prefix in LINKED else [])
    assert not re.search(r"src=|url\(|@import|<script", html)
    assert ("TCSZ-RVMQ" in html) == ("TCSZ-RVMQ" in mail.body) == (prefix in CODED)
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("prefix", MAILS)
def test_both_forms_say_the_same(prefix):
    mail, html = written(prefix, user_agent="Firefox")

    for paragraph in mail.body.split("\n\n"):
        for line in paragraph.splitlines():
            assert line.strip() in words(html).replace("&#x27;", "'")


def test_b127_what_a_browser_calls_itself_stays_words():
    _mail, html = written("account/email/password_changed")

    assert "https://evil.example/ &lt;script&gt;" in html


def test_a_code_in_somebody_elses_words_is_no_code():
    """Only the code of this mail is shown as one, and only where it stands alone."""
    _mail, html = written("account/email/password_changed", user_agent="TCSZ-RVMQ")

    assert 'class="mail-code"' not in html


def test_a_link_where_there_is_no_code():
    _mail, html = written("account/email/email_confirmation", code=None)

    assert re.findall(r'href="([^"]+)"', html) == [CONTEXT["activate_url"]]


@pytest.mark.parametrize(
    ("page", "chosen", "subject", "tag"),
    [
        ("nl", "", "Uw wachtwoord is gewijzigd", '<html lang="nl" dir="ltr">'),
        ("nl", "ar", "تغيّرت كلمة مرورك", '<html lang="ar" dir="rtl">'),
    ],
)
def test_a_mail_is_in_the_language_that_the_person_chose_else_of_the_page(page, chosen, subject, tag):
    with translation.override(page):
        mail, html = written("account/email/password_changed", user=SimpleNamespace(language=chosen))
        assert translation.get_language() == page

    assert mail.subject == subject
    assert tag in html


def test_a_notification_knows_whose_it_is(learner, rf):
    learner.language = "fr"
    learner.save()
    EmailAddress.objects.update_or_create(user=learner, email=learner.email, primary=True, verified=True)

    with context.request_context(rf.get("/", headers={"user-agent": "Browser"})):
        AccountAdapter().send_notification_mail("account/email/password_changed", learner)

    assert post.outbox[-1].subject == "Votre mot de passe a été changé"
