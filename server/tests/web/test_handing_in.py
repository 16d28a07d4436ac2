# SPDX-License-Identifier: Apache-2.0
"""One's own project in a browser: evidence in, nothing active out, nobody else's eyes."""

from __future__ import annotations

import html
import sys
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from server.tests import learning
from server.tests.conftest import MONDAY

from cairn_server.projects import reviewing, services
from cairn_server.projects.models import Evidence, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from django.http import HttpResponse
    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation
    from cairn_server.projects.models import Project


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def project(organisation: Organisation, issuer: Person, learner: Person) -> Project:
    made = learning.project(organisation, by=issuer)
    learning.enrolled(learner, organisation, by=issuer, project=made)
    return made


@pytest.fixture
def address(project: Project) -> str:
    return reverse("project-work", args=[project.public_id])


@pytest.fixture
def client(learner: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(learner)


def upload(name: str = "bowls.txt", content: bytes = b"Six bowls.") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def text_of(response: HttpResponse) -> str:
    return html.unescape(response.content.decode())


def test_from_the_brief_to_the_reviewers(client: Client, address: str) -> None:
    before = text_of(client.get(address))
    client.post(address, {"do": "begin"})
    client.post(address, {"do": "file", "file": upload()})
    client.post(
        address, {"do": "link", "url": "https://bowls.example/", "name": "Pictures", "is_public": "on"}
    )

    after = text_of(client.post(address, {"do": "hand-in", "statement": "They are *even*."}, follow=True))

    work = Work.objects.get()
    assert "<strong>six bowls</strong>" in before
    assert "With the reviewers" in after
    assert (
        work.state, [each.name for each in work.current.evidence.all()]
    ) == ("handed-in", ["bowls.txt", "Pictures"])  # fmt: skip


def test_a_mistake_is_said_at_its_field_and_nothing_is_lost(client: Client, address: str) -> None:
    client.post(address, {"do": "begin"})

    answers = [
        client.post(address, {"do": "file", "file": upload("x.exe", b"MZ\x90\x00")}),
        client.post(address, {"do": "file"}),
        client.post(address, {"do": "file", "file": upload("empty", b"")}),
        client.post(address, {"do": "link", "url": "javascript:alert(1)", "name": "Kept words"}),
        client.post(address, {"do": "hand-in", "statement": ""}),
    ]

    assert [each.status_code for each in answers] == [422] * 5
    assert "Bring a PDF" in text_of(answers[0])
    assert "This file is empty." in text_of(answers[2])
    assert "begins with https://" in text_of(answers[3])
    assert 'value="Kept words"' in text_of(answers[3])
    assert "Add a file or a link" in text_of(answers[4])


def test_a_file_that_is_too_large(client: Client, address: str, settings: Any) -> None:
    settings.ATTACHMENT_MAX_MB = 1
    client.post(address, {"do": "begin"})

    answer = client.post(address, {"do": "file", "file": upload(content=b"x" * 1_000_001)})

    assert answer.status_code == 422
    assert "larger than 1 MB" in text_of(answer)
    assert not Evidence.objects.exists()


def test_the_operators_scanner_looks_first(
    client: Client, address: str, settings: Any, tmp_path: Path
) -> None:
    """A real process, by the setting: what it refuses, and what it cannot look at, is not kept."""
    program = tmp_path / "a scanner.py"
    program.write_text("import sys\nsys.exit({b'bad': 1, b'odd': 3}.get(sys.stdin.buffer.read(), 0))")
    settings.ATTACHMENT_SCANNER = f"{sys.executable} '{program}'"
    client.post(address, {"do": "begin"})

    found = [
        client.post(address, {"do": "file", "file": upload(content=each)})
        for each in (b"bad", b"odd", b"good")
    ]

    assert [each.status_code for each in found] == [422, 422, 302]
    assert "virus scanner" in text_of(found[0])
    assert "Try again in a while" in text_of(found[1])
    assert Evidence.objects.count() == 1


def test_a_file_is_handed_out_and_never_shown(client: Client, address: str) -> None:
    """B109: whatever is in it, no browser runs it as a page of ours."""
    client.post(address, {"do": "begin"})
    client.post(address, {"do": "file", "file": upload("page.html", b"<script>alert(1)</script>")})

    answer = client.get(reverse("evidence-file", args=[Evidence.objects.get().public_id]))

    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="page.html.txt"'
    assert (
        answer["Content-Type"],
        answer["X-Content-Type-Options"],
    ) == ("text/plain; charset=utf-8", "nosniff")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert (answer["Cache-Control"], answer["Content-Length"]) == ("no-store", "25")


def test_other_peoples_work_does_not_exist(
    client: Client,
    address: str,
    outsider: Person,
    owner: Person,
    reviewer: Person,
    auditor: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    """B135: a draft and its files are nobody's but the learner's, the organisation's people included."""
    client.post(address, {"do": "begin"})
    client.post(address, {"do": "file", "file": upload()})
    file = reverse("evidence-file", args=[Evidence.objects.get().public_id])

    for other in (outsider, owner, reviewer, auditor):
        browser = signed_in(other)
        assert [
            browser.get(address).status_code,
            browser.post(address, {"do": "begin"}).status_code,
            browser.get(file).status_code,
        ] == [404] * 3
    client.logout()
    assert client.get(file)["Location"].startswith("/account/login/")
    assert Work.objects.count() == 1


def test_a_reviewer_opens_the_files_of_what_they_review(
    client: Client, address: str, reviewer: Person, auditor: Person, signed_in: Callable[[Person], Client]
) -> None:
    client.post(address, {"do": "begin"})
    client.post(address, {"do": "file", "file": upload()})
    client.post(address, {"do": "hand-in", "statement": ""})
    file = reverse("evidence-file", args=[Evidence.objects.get().public_id])
    before = signed_in(reviewer).get(file).status_code

    reviewing.take(Work.objects.get().current, by=reviewer, at=MONDAY)

    assert (
        before, signed_in(reviewer).get(file).status_code, signed_in(auditor).get(file).status_code
    ) == (404, 200, 404)  # fmt: skip


def test_somebody_elses_evidence_cannot_be_removed(
    client: Client,
    address: str,
    project: Project,
    outsider: Person,
    organisation: Organisation,
    issuer: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    """B135: with a work of one's own, and an identifier of another's."""
    client.post(address, {"do": "begin"})
    client.post(address, {"do": "file", "file": upload()})
    theirs = learning.project(organisation, by=issuer, name="Another")
    learning.enrolled(outsider, organisation, by=issuer, project=theirs)
    other, there = signed_in(outsider), reverse("project-work", args=[theirs.public_id])
    other.post(there, {"do": "begin"})

    answer = other.post(there, {"do": "remove", "evidence": Evidence.objects.get().public_id})

    assert answer.status_code == 404
    assert Evidence.objects.exists()


def test_what_was_said_is_read_and_answered(
    client: Client, address: str, reviewer: Person, issuer: Person
) -> None:
    """Not enough: feedback without a name, an appeal, or changes."""
    client.post(address, {"do": "begin"})
    client.post(address, {"do": "hand-in", "statement": "Here."})
    work = Work.objects.get()
    seat = reviewing.take(work.current, by=reviewer, at=MONDAY)
    reviewing.decide(seat, by=reviewer, levels=learning.POOR, feedback="**Thin** walls.", at=MONDAY)

    page = text_of(client.get(address))
    empty = client.post(address, {"do": "appeal", "reason": " "})
    client.post(address, {"do": "appeal", "reason": "They are 4 mm."})
    appealed = text_of(client.get(address))

    assert "<strong>Thin</strong> walls." in page
    assert reviewer.name not in page
    assert empty.status_code == 422
    assert "Your appeal is with somebody" in appealed
    again = reviewing.take_appeal(work.current.appeal, by=issuer, at=MONDAY)
    reviewing.decide(again, by=issuer, levels=learning.POOR, feedback="They are 7 mm.", at=MONDAY)
    changing = text_of(client.post(address, {"do": "changes"}, follow=True))
    assert "This is round 2." in changing


def test_every_text_is_text(client: Client, address: str, reviewer: Person) -> None:
    """B119 B126 B127: statement, names, links, feedback; for the learner and for the reviewer."""
    hostile = "<img src=x onerror=alert(1)>{{7*7}}"
    client.post(address, {"do": "begin"})
    client.post(address, {"do": "file", "file": upload(f'"{hostile}.txt')})
    client.post(address, {"do": "link", "url": "https://bowls.example/?a='b", "name": hostile})
    draft = client.get(address).content.decode()
    client.post(address, {"do": "hand-in", "statement": hostile})
    work = Work.objects.get()
    seat = reviewing.take(work.current, by=reviewer, at=MONDAY)
    reviewing.decide(seat, by=reviewer, levels=learning.POOR, feedback=hostile, at=MONDAY)

    for page in (draft, client.get(address).content.decode()):
        assert "<img src=x" not in page
        assert "{{7*7}}" in html.unescape(page)


def test_ones_data_has_the_files_beside_it(client: Client, address: str) -> None:
    client.post(address, {"do": "begin"})
    client.post(address, {"do": "file", "file": upload("../../bowls.txt", b"Six bowls.")})

    archive = zipfile.ZipFile(BytesIO(client.post(reverse("account-data")).getvalue()))

    [name] = [each for each in archive.namelist() if each.startswith("evidence/")]
    assert archive.read(name) == b"Six bowls."
    assert ".." not in name
    assert "Six bowls" in archive.read("data.json").decode()


def test_an_accepted_work_is_awarded_with_its_link(
    client: Client,
    address: str,
    reviewer: Person,
    learner: Person,
    signed_in: Callable[[Person], Client],
    organisation: Organisation,
) -> None:
    """In the browser of the reviewer; what was ticked is in the credential, and the file is not."""
    from cairn_server.issuing import representations
    from cairn_server.issuing.models import Credential

    client.post(address, {"do": "begin"})
    client.post(address, {"do": "file", "file": upload()})
    client.post(address, {"do": "link", "url": "https://bowls.example/", "is_public": "on"})
    client.post(address, {"do": "hand-in", "statement": "Here."})
    browser = signed_in(reviewer)
    taken = browser.post(
        reverse("review-seat", args=[organisation.public_id, Work.objects.get().current.public_id])
    )

    browser.post(taken["Location"], {**learning.GOOD, "feedback": "", "do": "decide"})

    document = representations.representation(Credential.objects.get(), "json")[0].decode()
    assert services.accepted(learner, Work.objects.get().project) is not None
    assert "https://bowls.example/" in document
    assert "bowls.txt" not in document
