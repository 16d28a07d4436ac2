# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.http import Http404
from django.test import RequestFactory

from cairn_server.web import dev_mail

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sent(data_dir: Path) -> dev_mail.Mail:
    backend = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=data_dir / "mail")
    for subject in ("First", "Zweite Nachricht: Größe"):
        message = EmailMultiAlternatives(
            subject, "Your code: 4711\n" + "-" * 79 + "\nbye", to=["a@people.example"]
        )
        message.attach_alternative("<p>Your <b>code</b></p>", "text/html")
        backend.send_messages([message])
    return next(
        mail for file in dev_mail.mailbox() for mail in dev_mail.mails_in(file) if mail.subject != "First"
    )


def test_a_message_is_found_by_its_name_and_read_whole(sent: dev_mail.Mail) -> None:
    found = dev_mail.find(sent.name)

    assert found.subject == "Zweite Nachricht: Größe"
    assert found.to == "a@people.example"
    assert "Your code: 4711" in found.text
    assert "<b>code</b>" in found.html


@pytest.mark.parametrize("name", ["../../keys/kek", "..%2Fkek", "x.log-0", "", "x.log-0/../y", "/etc/passwd"])
def test_no_path_is_made_from_an_address(name: str, sent: dev_mail.Mail, data_dir: Path) -> None:
    """B119"""
    (data_dir / "keys").mkdir()
    (data_dir / "keys" / "kek").write_text("secret")

    with pytest.raises(Http404):
        dev_mail.find(name)


def test_a_mail_in_html_may_do_nothing(sent: dev_mail.Mail) -> None:
    response = dev_mail.message(RequestFactory().get("/", {"as": "html"}), sent.name)

    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
