# SPDX-License-Identifier: Apache-2.0
"""The post through a real mail server, and what comes back of it (F13)."""

from __future__ import annotations

import email
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.post_office import PostOffice

from cairn_server.issuing import delivery, posting, returned, services
from cairn_server.issuing.models import Delivery
from cairn_server.issuing.posting import Pace
from cairn_server.issuing.returned import Report, StoppedAddress
from cairn_server.issuing.services import Recipient
from cairn_server.journal.models import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential

TOKEN = "a" * 22


@pytest.fixture
def office(settings: Any) -> Iterator[PostOffice]:
    made = PostOffice()
    made.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
    settings.EMAIL_USE_TLS = False
    yield made
    made.stop()


def several(award: Callable[..., Credential], number: int, domain: str = "people.example") -> None:
    for each in range(number):
        award(recipient=Recipient(f"Reader {each}", f"reader{each}@{domain}"), request_key=f"{domain}:{each}")


def test_many_letters_go_over_one_connection(award: Callable[..., Credential], office: PostOffice) -> None:
    several(award, 6)

    assert delivery.deliver_due(at=MONDAY) == 6

    assert len(office.taken) == 6
    assert office.connections == 1


def test_very_many_go_over_several_at_once(
    award: Callable[..., Credential], office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "LETTERS_PER_CONNECTION", 2)
    several(award, 6)

    assert delivery.deliver_due(at=MONDAY, pace=Pace(connections=3)) == 6

    assert office.connections == 3
    assert len({envelope.rcpt_tos[0] for envelope in office.taken}) == 6


def test_f13_what_was_taken_and_never_answered_is_sent_again_under_the_same_id(
    credential: Credential, office: PostOffice
) -> None:
    office.content = lambda: "drop"
    assert delivery.deliver_due(at=MONDAY) == 0
    office.content = lambda: None

    assert delivery.deliver_due(at=MONDAY + timedelta(minutes=2)) == 1

    first, second = (email.message_from_bytes(each.content)["Message-ID"] for each in office.taken)
    assert first == second == f"<{Delivery.objects.get().token}@cairn.example>"


def test_one_letter_that_breaks_the_line_does_not_take_the_others_along(
    award: Callable[..., Credential], office: PostOffice
) -> None:
    answers = iter(["drop", None, None])
    office.content = lambda: next(answers)
    several(award, 3)

    assert delivery.deliver_due(at=MONDAY) == 2
    assert Delivery.objects.filter(state="due").count() == 1


def test_an_address_that_does_not_exist_is_written_to_once(
    award: Callable[..., Credential], office: PostOffice
) -> None:
    office.recipient = lambda address: "550 5.1.1 no such user" if address.startswith("reader0") else None
    several(award, 2)

    assert delivery.deliver_due(at=MONDAY) == 1

    failed = Delivery.objects.get(state="failed")
    assert failed.problem == "returned 5.1.1"
    assert StoppedAddress.objects.get().address == "reader0@people.example"
    office.taken.clear()
    award(recipient=Recipient("Reader 0", "reader0@people.example"), request_key="later")
    assert delivery.deliver_due(at=TUESDAY) == 0
    assert office.taken == []
    assert Delivery.objects.latest("pk").problem == "not sent: bounced 5.1.1"


@pytest.mark.parametrize("said", ["550 5.7.1 relaying denied", "450 4.2.0 greylisted", "550 no"])
def test_a_refusal_that_may_be_about_us_is_tried_again(
    credential: Credential, office: PostOffice, said: str
) -> None:
    """Nobody's address is given up because our own server was set up wrongly for an hour."""
    office.recipient = lambda _address: said

    delivery.deliver_due(at=MONDAY)

    assert Delivery.objects.get().state == "due"
    assert not StoppedAddress.objects.exists()


def test_what_is_a_right_is_sent_all_the_same(
    issuer: Person, credential: Credential, office: PostOffice
) -> None:
    delivery.deliver_due(at=MONDAY)
    returned.note(Report(Delivery.objects.get().token, status="5.1.1"), at=MONDAY)
    services.revoke(credential, by=issuer, reason="A mistake.", at=TUESDAY)

    assert delivery.deliver_due(at=TUESDAY) == 1


def test_one_organisations_word_is_not_anothers(credential: Credential, office: PostOffice) -> None:
    """B135"""
    delivery.deliver_due(at=MONDAY)
    owed = Delivery.objects.get()

    returned.note(Report(owed.token, complaint=True), at=MONDAY)

    assert StoppedAddress.objects.get().organisation == credential.organisation


# Pace


def test_no_more_leave_in_a_minute_than_were_allowed(
    award: Callable[..., Credential], office: PostOffice
) -> None:
    several(award, 12)

    sent = [
        delivery.deliver_due(at=MONDAY + timedelta(seconds=second), pace=Pace(per_minute=6))
        for second in range(61)
    ]

    assert sum(sent[:60]) <= 7
    assert sum(sent) >= 6
    assert Delivery.objects.filter(attempts__gt=1).count() == 0


def test_a_domain_that_gets_enough_keeps_no_other_waiting(
    award: Callable[..., Credential], office: PostOffice
) -> None:
    several(award, 4, "busy.example")
    several(award, 1, "calm.example")

    delivery.deliver_due(at=MONDAY, pace=Pace(per_domain=10))

    readers = sorted(envelope.rcpt_tos[0] for envelope in office.taken)
    assert [reader.partition("@")[2] for reader in readers] == ["busy.example", "calm.example"]
    delivery.deliver_due(at=MONDAY + timedelta(minutes=1), pace=Pace(per_domain=600))
    assert len(office.taken) == 5


# What comes back


def report(*, status: str = "5.1.1", action: str = "failed", original: str = "", to: str = "") -> bytes:
    """A delivery report as Postfix mails it (RFC 3464)."""
    lines = [
        "From: MAILER-DAEMON@mx.example",
        f"To: {to or 'bounces@cairn.example'}",
        "Subject: Undelivered Mail Returned to Sender",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "I'm sorry to have to inform you …",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        "Final-Recipient: rfc822; lena@people.example",
        f"Action: {action}",
        f"Status: {status}",
        "",
        *(["--b", "Content-Type: message/rfc822", "", original, ""] if original else []),
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()


def complaint(original: str) -> bytes:
    """A complaint as mail providers mail it (RFC 5965)."""
    lines = [
        "From: fbl@provider.example",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "This is a complaint.",
        "--b",
        "Content-Type: message/feedback-report",
        "",
        "Feedback-Type: abuse",
        "User-Agent: Example/1.0",
        "Version: 1",
        "",
        "--b",
        "Content-Type: message/rfc822",
        "",
        original,
        "",
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()


OURS = f"Message-ID: <{TOKEN}@cairn.example>\r\nSubject: x\r\n\r\nHello"


def test_reports_are_read_as_they_are_mailed() -> None:
    assert returned.read(report(original=OURS)) == Report(TOKEN, status="5.1.1")
    assert returned.read(complaint(OURS)) == Report(TOKEN, complaint=True)
    by_path = report(to=f"bounces+{TOKEN}@cairn.example")
    assert returned.read(by_path) == Report(TOKEN, status="5.1.1")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Hello",
        report(original=OURS, action="delayed"),
        report(original="Message-ID: <somebody@else.example>\r\n\r\nHello"),
        report(original=OURS).replace(b"message/delivery-status", b"text/plain"),
        b"\xff\x00" * 1000,
        b'Content-Type: multipart/report; boundary="b"\r\n\r\n' + b"--b\r\n" * 1000,
        report(original=OURS) + b" " * returned.MOST_BYTES,
        OURS.encode(),  # the message itself is no report
    ],
)
def test_nothing_else_is_a_report(data: bytes) -> None:
    assert returned.read(data) is None


def test_a_report_marks_its_message_and_stops_the_address(credential: Credential, office: PostOffice) -> None:
    delivery.deliver_due(at=MONDAY)
    [envelope] = office.taken

    data = report(original=envelope.content.decode("utf-8"))
    noted = [returned.note(returned.read(data), at=TUESDAY) for _ in range(2)]  # reports come twice

    owed = Delivery.objects.get()
    assert noted == [owed, owed]
    assert (owed.state, owed.problem) == ("failed", "returned 5.1.1")
    assert StoppedAddress.objects.get().why == "bounced"
    entries = Entry.objects.filter(verb="message returned")
    assert [entry.details for entry in entries] == [{"kind": "awarded", "status": "5.1.1"}]


def test_a_forged_report_stops_nobodys_post(credential: Credential, office: PostOffice) -> None:
    delivery.deliver_due(at=MONDAY)

    forged = report(original=f"Message-ID: <{'b' * 22}@cairn.example>\r\nTo: lena@people.example\r\n\r\n")

    assert returned.note(returned.read(forged), at=TUESDAY) is None
    assert returned.note(Report(""), at=TUESDAY) is None
    assert not StoppedAddress.objects.exists()


def test_a_full_mailbox_is_no_wrong_address(credential: Credential, office: PostOffice) -> None:
    delivery.deliver_due(at=MONDAY)

    returned.note(Report(Delivery.objects.get().token, status="5.2.2"), at=TUESDAY)

    assert Delivery.objects.get().state == "failed"
    assert not StoppedAddress.objects.exists()


def test_the_return_path_names_the_message(credential: Credential, office: PostOffice) -> None:
    delivery.deliver_due(at=MONDAY, returns_to="bounces@cairn.example")

    [envelope] = office.taken
    token = Delivery.objects.get().token
    assert envelope.mail_from == f"bounces+{token}@cairn.example"
    assert email.message_from_bytes(envelope.content)["From"] == "Cairn <no-reply@cairn.example>"


# Reminders


def test_only_reminders_can_be_ended_and_they_say_how(credential: Credential, office: PostOffice) -> None:
    Delivery.objects.create(
        credential=credential, kind="ending", to=credential.recipient_email, created_at=MONDAY, due_at=MONDAY
    )

    delivery.deliver_due(at=MONDAY)

    links = [email.message_from_bytes(each.content).get("List-Unsubscribe", "") for each in office.taken]
    token = Delivery.objects.get(kind="ending").token
    assert [link.strip() for link in links] == ["", f"<https://cairn.example/reminders/{token}/stop>"]
    address = f"/reminders/{token}/stop"
    reader = Client(headers={"host": "cairn.example"}, enforce_csrf_checks=True)
    assert reader.get(address).status_code == 200
    assert not StoppedAddress.objects.exists()  # a scanner that looks at links ends nothing
    assert reader.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert StoppedAddress.objects.get().why == "unsubscribed"
    for kind in ("ending", "renewed"):
        Delivery.objects.create(
            credential=credential, kind=kind, to=credential.recipient_email, created_at=MONDAY, due_at=MONDAY
        )
    assert delivery.deliver_due(at=TUESDAY) == 1


def test_the_link_of_another_message_ends_nothing(credential: Credential, office: PostOffice) -> None:
    delivery.deliver_due(at=MONDAY)
    reader = Client(headers={"host": "cairn.example"})

    assert reader.post(f"/reminders/{Delivery.objects.get().token}/stop").status_code == 404


# The provider's word


def test_a_provider_reports_with_the_operators_token(
    credential: Credential, office: PostOffice, settings: Any
) -> None:
    delivery.deliver_due(at=MONDAY)
    token = Delivery.objects.get().token
    provider = Client(headers={"host": "cairn.example"}, enforce_csrf_checks=True)
    body = {"message_id": f"<{token}@cairn.example>", "kind": "bounce", "status": "5.1.1"}

    def post(word: str | None, data: Any = body, kind: str = "application/json") -> int:
        headers = {"authorization": f"Bearer {word}"} if word is not None else {}
        return provider.post("/api/mail-reports", data, content_type=kind, headers=headers).status_code

    assert post("anything") == 404  # not set up
    settings.MAIL_REPORTS_TOKEN = "a-long-secret-of-the-operator"
    assert [post(None), post(""), post("wrong"), post("é")] == [401] * 4
    good = settings.MAIL_REPORTS_TOKEN
    assert [post(good, {**body, "kind": "rumour"}), post(good, {**body, "status": "9"})] == [400, 400]
    assert post(good, "x", "text/plain") == 415
    assert Delivery.objects.get().state == "sent"
    assert post(good, {**body, "message_id": f"<{TOKEN}@cairn.example>"}) == 204
    assert post(good) == 204
    assert Delivery.objects.get().problem == "returned 5.1.1"


def test_the_same_as_mailed(credential: Credential, office: PostOffice, settings: Any) -> None:
    settings.MAIL_REPORTS_TOKEN = "a-long-secret-of-the-operator"
    delivery.deliver_due(at=MONDAY)
    [envelope] = office.taken

    answer = Client(headers={"host": "cairn.example"}).post(
        "/api/mail-reports",
        complaint(envelope.content.decode("utf-8")),
        content_type="message/rfc822",
        headers={"authorization": "Bearer a-long-secret-of-the-operator"},
    )

    assert answer.status_code == 204
    assert StoppedAddress.objects.get().why == "complained"


def test_a_mailbox_can_be_piped_into_the_command(
    credential: Credential, office: PostOffice, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    import io
    from types import SimpleNamespace

    from django.core.management import call_command

    delivery.deliver_due(at=MONDAY)
    [envelope] = office.taken
    for data in (report(original=envelope.content.decode("utf-8")), bytes(EmailMessage())):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        call_command("bounces")

    assert capsys.readouterr().out.splitlines() == [
        "Noted: returned with 5.1.1.",
        "Not about a message of ours.",
    ]
