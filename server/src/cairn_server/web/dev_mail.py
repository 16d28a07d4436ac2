# SPDX-License-Identifier: Apache-2.0
"""The development mailbox: what the server would have sent, read from ``EMAIL_FILE_PATH``.

Routed only while ``settings.DEVELOPMENT``: whoever can open it can sign in as anybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cairn_server.web.listing import ROWS_PER_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from email.message import EmailMessage

# Django's file backend writes such a line after each message. One inside a text is not followed by a header.
BETWEEN = re.compile(rb"\n-{79}\n(?=[A-Za-z-]+: |\Z)")
NAME = re.compile(r"(?P<file>[A-Za-z0-9-]+\.log)-(?P<number>[0-9]{1,4})")


@dataclass(frozen=True)
class Mail:
    name: str
    message: EmailMessage

    @property
    def to(self) -> str:
        return str(self.message["To"] or "")

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def sent_at(self) -> datetime | None:
        return parsedate_to_datetime(str(self.message["Date"])) if self.message["Date"] else None

    def body(self, kind: str) -> str:
        part = self.message.get_body(preferencelist=(kind,))
        return str(part.get_content()) if part is not None else ""

    @property
    def text(self) -> str:
        return self.body("plain")

    @property
    def html(self) -> str:
        return self.body("html")


def mails_in(file: Path) -> Iterator[Mail]:
    for number, data in enumerate(BETWEEN.split(file.read_bytes())):
        if data.strip():
            yield Mail(f"{file.name}-{number}", message_from_bytes(data, policy=policy.default))


def mailbox() -> list[Path]:
    """The files, newest first; their names begin with the second they were written in."""
    folder = Path(settings.EMAIL_FILE_PATH)
    return (
        sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        if folder.is_dir()
        else []
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    page = Paginator(mailbox(), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    mails = [mail for file in page for mail in mails_in(file)]
    return render(request, "dev_mail/index.html", {"page": page, "mails": mails})


@require_safe
def message(request: HttpRequest, name: str) -> HttpResponse:
    mail = find(name)
    if request.GET.get("as") != "html":
        return render(request, "dev_mail/message.html", {"mail": mail})
    response = HttpResponse(mail.html)
    # As in a mail program: it may look as it likes, and do nothing.
    response["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
    )
    return response


def find(name: str) -> Mail:
    """The message of that name, among the files that are there: no path is ever made from the address."""
    asked = NAME.fullmatch(name)
    if asked:
        for file in mailbox():
            if file.name == asked["file"]:
                for mail in mails_in(file):
                    if mail.name == name:
                        return mail
    raise Http404
