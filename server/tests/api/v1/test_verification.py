# SPDX-License-Identifier: Apache-2.0
"""Verification over the API: any issuer's credential, by anyone, judged as a stranger would."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from server.tests.api.conftest import Caller
from server.tests.conftest import MONDAY, TUESDAY

from cairn import bake
from cairn_server.issuing import representations, services
from cairn_server.organisations.models import InstallationKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential

pytestmark = pytest.mark.django_db
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def secured(credential: Credential) -> bytes:
    return representations.representation(credential, "json")[0]


@pytest.fixture
def token(credential: Credential) -> bytes:
    return representations.representation(credential, "jwt")[0]


def verify(body: bytes, content_type: str = "application/vc", **headers: str) -> dict[str, object]:
    answer = Caller().send("POST", "/verify", body, content_type, **headers)
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/vc",
        "application/vc+ld+json",
        "application/ld+json",
        "application/json; charset=utf-8",
        "application/octet-stream",
    ],
)
def test_our_own_credential_is_accepted_from_anyone(secured: bytes, content_type: str) -> None:
    report = verify(secured, content_type)

    assert report["accepted"] is True
    assert report["verdict"] == "verified"
    assert report["document"]["credentialSubject"]["achievement"]["name"] == "First firing"  # type: ignore[index]


@pytest.mark.parametrize("content_type", ["application/vc+jwt", "application/jwt", "text/plain"])
def test_a_token_is_accepted(token: bytes, content_type: str) -> None:
    assert verify(token, content_type)["accepted"] is True


def test_a_picture_is_accepted(secured: bytes) -> None:
    assert verify(bake(PNG, secured), "image/png")["carrier"] == "png"


def test_a_form_with_one_file_is_accepted(secured: bytes) -> None:
    answer = Caller().client.post("/api/v1/verify", {"file": SimpleUploadedFile("badge.json", secured)})

    assert answer.json()["accepted"] is True


def test_b75_a_changed_credential_is_refused_and_none_of_it_is_shown(secured: bytes) -> None:
    report = verify(secured.replace(b"First firing", b"Final firing"))

    assert report["accepted"] is False
    assert report["verdict"] == "not-verified"
    assert report["document"] is None
    [signature] = [found for found in report["findings"] if found["check"] == "signature"]  # type: ignore[attr-defined,index]
    assert signature["outcome"] == "failed"
    assert signature["type"].startswith("https://")
    assert "Final firing" not in json.dumps(report)


def test_a_revoked_credential_is_refused(secured: bytes, credential: Credential, owner: Person) -> None:
    services.revoke(credential, by=owner, reason="issued in error", at=MONDAY)

    report = verify(secured)

    assert report["accepted"] is False
    [status] = [found for found in report["findings"] if found["check"] == "status"]  # type: ignore[attr-defined,index]
    assert (status["outcome"], status["code"]) == ("failed", "revoked")


def test_the_verifier_reads_our_records_only_as_a_stranger_could(
    secured: bytes, credential: Credential, settings: object
) -> None:
    """With the public views out of reach it cannot tell, whatever the database knows."""
    settings.SOURCES = f"{__name__}.Nowhere"  # type: ignore[attr-defined]

    assert verify(secured)["verdict"] == "could-not-check"


class Nowhere:
    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        raise OSError("no road")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("text/html", 415), ("application/xml", 415), ("application/cbor", 415), ("", 415), ("image/jpeg", 415)],
)
def test_b21_what_is_not_listed_is_unsupported(secured: bytes, content_type: str, status: int) -> None:
    assert Caller().send("POST", "/verify", secured, content_type).status_code == status


def test_b14_a_content_type_that_lies_is_unsupported(secured: bytes, token: bytes) -> None:
    for body, content_type in (
        (secured, "application/vc+jwt"),
        (secured, "image/png"),
        (token, "application/vc"),
        (bake(PNG, secured), "image/svg+xml"),
    ):
        answer = Caller().send("POST", "/verify", body, content_type)
        assert (answer.status_code, answer.json()["code"]) == (415, "media-type")  # type: ignore[attr-defined]


def test_b14_a_compressed_body_is_unsupported(secured: bytes) -> None:
    bomb = gzip.compress(bytes(10_000_000))

    assert Caller().send("POST", "/verify", bomb, Content_Encoding="gzip").status_code == 415


def test_b14_a_form_with_anything_but_files_is_refused(secured: bytes) -> None:
    def file() -> SimpleUploadedFile:
        return SimpleUploadedFile("badge.json", secured)

    for form in (
        {"file": file(), "other": file()},
        {"file": [file(), file()], "other": file()},
        {"file": file(), "at": "2020"},
        {"file": [file() for _ in range(51)]},
        {},
    ):
        answer = Caller().client.post("/api/v1/verify", form)
        assert (answer.status_code, answer.json()["code"]) == (400, "form-parts")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=é"])
def test_b14_a_form_without_a_boundary_cannot_be_read(content_type: str) -> None:
    assert Caller().send("POST", "/verify", b"--x", content_type).status_code == 400


def test_b10_a_body_that_is_too_large_is_refused() -> None:
    for size in (2_200_000, 3_000_000):
        answer = Caller().send("POST", "/verify", b'{"a":"' + b"x" * size + b'"}', "application/vc")
        assert (answer.status_code, answer.json()["code"]) == (413, "limit-size")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"not a credential",
        b"[]",
        b'{"issuer":"a","issuer":"b"}',  # B1
        b'{"a":NaN}',  # B2
        b'{"a":"\\u0000"}',  # B6
        b"\xef\xbb\xbf{}",  # B7
        b"[" * 100_000,  # B3
    ],
)
def test_what_cannot_be_read_is_a_problem(body: bytes) -> None:
    answer = Caller().client.post("/api/v1/verify", body, content_type="application/octet-stream")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_bad_token_is_noticed_even_where_none_is_needed(
    secured: bytes, caller: Callable[..., Caller]
) -> None:
    assert Caller("cairn_wrong").send("POST", "/verify", secured, "application/vc").status_code == 401
    assert caller("awards:read").send("POST", "/verify", secured, "application/vc").status_code == 403
    assert caller("verify").send("POST", "/verify", secured, "application/vc").status_code == 200


def test_b149_a_flood_is_slowed_down(secured: bytes, settings: object) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api": {"burst": 2, "per_minute": 1}}  # type: ignore[attr-defined]
    answers = [Caller().send("POST", "/verify", secured, "application/vc") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0


def test_an_expired_credential_is_genuine_with_a_remark(award: Callable[..., Credential]) -> None:
    short = award(valid_until=TUESDAY)
    secured = representations.representation(short, "json")[0]

    with time_machine.travel(TUESDAY.replace(hour=23), tick=False):
        report = verify(secured)

    assert (report["verdict"], report["accepted"]) == ("verified-with-remarks", False)


# A receipt


def test_a_receipt_is_sent_on_request_and_verifies_here(secured: bytes) -> None:
    answer = Caller().send("POST", "/verify?receipt=true", secured, "application/vc").json()  # type: ignore[attr-defined]

    receipt = answer["receipt"]
    assert receipt["credentialSubject"]["sha256"] == answer["sha256"]
    assert "First firing" not in json.dumps(receipt)
    again = verify(json.dumps(receipt).encode())
    assert (again["verdict"], again["kind"]) == ("verified", "Verifiable Credential 2.0")


def test_a_receipt_repeats_what_was_checked_when_asked(secured: bytes) -> None:
    answer = Caller().send("POST", "/verify?receipt=true&content=true", secured, "application/vc").json()  # type: ignore[attr-defined]

    assert answer["receipt"]["credentialSubject"]["content"]["name"] == "First firing"


def test_a_receipt_of_what_nobody_vouches_for_repeats_nothing(secured: bytes) -> None:
    changed = secured.replace(b"First firing", b"Final firing")

    answer = Caller().send("POST", "/verify?receipt=true&content=true", changed, "application/vc").json()  # type: ignore[attr-defined]

    assert "content" not in answer["receipt"]["credentialSubject"]
    assert "firing" not in json.dumps(answer)


def test_without_a_wish_there_is_no_receipt_and_no_key(secured: bytes) -> None:
    assert "receipt" not in verify(secured)
    assert not InstallationKey.objects.exists()


# Many at once


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_a_list_is_answered_line_by_line_in_its_order(
    secured: bytes, token: bytes, credential: Credential
) -> None:
    link = f"https://cairn.example/c/{credential.public_id}"
    changed = json.loads(secured.replace(b"First firing", b"Final firing"))
    body = json.dumps([json.loads(secured), token.decode(), link, changed, "nothing", link + "x"])

    found = lines(Caller().send("POST", "/verify", body.encode()))

    assert [each["index"] for each in found] == [0, 1, 2, 3, 4, 5]
    assert [each["report"]["verdict"] for each in found[:4]] == ["verified"] * 3 + ["not-verified"]
    assert [each["problem"]["status"] for each in found[4:]] == [400, 503]
    assert found[5]["problem"]["detail"] == "We could not open this link."


def test_files_of_a_form_are_answered_line_by_line(secured: bytes) -> None:
    names = ("a.json", "b.json", "c.json")
    files = [SimpleUploadedFile(name, secured) for name in names]

    found = lines(Caller().client.post("/api/v1/verify", {"file": files}))

    assert [each["report"]["accepted"] for each in found] == [True] * 3


def test_a_thousand_lines_are_verified_with_a_token(secured: bytes, caller: Callable[..., Caller]) -> None:
    # Much the most of them small and broken, so that the suite stays fast.
    body = b"\n".join([secured, *[b'{"a":1}'] * 998, json.dumps("eyJ.eyJ.x").encode()])

    found = lines(caller("verify").send("POST", "/verify", body, "application/x-ndjson"))

    assert len(found) == 1_000
    assert found[0]["report"]["verdict"] == "verified"
    assert found[-1]["problem"]["status"] == 400


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[" + b",".join([b"{}"] * 51) + b"]", "application/json"),
        (b"{}\n" * 51, "application/x-ndjson"),
    ],
)
def test_without_a_token_fifty_are_the_most(body: bytes, content_type: str) -> None:
    answer = Caller().send("POST", "/verify", body, content_type)

    assert (answer.status_code, answer.json()["code"]) == (400, "limit-count")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    [b"[1]", b"[null]", b"[[]]", b'[],"list":[]', b'[],"x":{}', b"[", b'["a",]', b'[{"a":1,"a":2}]'],
)
def test_a_list_that_is_none_is_refused_as_a_whole(body: bytes) -> None:
    """B1, B9: the strict parser reads lists too."""
    assert Caller().send("POST", "/verify", body).status_code == 400


def test_b10_lines_that_are_too_long_or_too_many_bytes_are_refused() -> None:
    for body in (b'{"a":"' + b"x" * 2_200_000 + b'"}', (b'{"a":"' + b"x" * 1_000_000 + b'"}\n') * 22):
        answer = Caller().send("POST", "/verify", body, "application/x-ndjson")
        assert (answer.status_code, answer.json()["code"]) == (413, "limit-size")  # type: ignore[attr-defined]


def test_each_of_many_has_its_own_receipt(secured: bytes) -> None:
    found = lines(
        Caller().send("POST", "/verify?receipt=true", secured + b"\n" + secured, "application/x-ndjson")
    )

    for each in found:
        assert verify(json.dumps(each["report"]["receipt"]).encode())["verdict"] == "verified"


def test_a_mistake_of_ours_ends_one_line_and_not_the_list(secured: bytes, settings: object) -> None:
    settings.SOURCES = f"{__name__}.Broken"  # type: ignore[attr-defined]

    found = lines(
        Caller().send("POST", "/verify", b'["https://a.example/1", ' + secured + b"]", "application/json")
    )

    assert found[0]["problem"]["status"] == 500
    assert "report" in found[1]


class Broken:
    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        if url.startswith("https://a.example"):
            raise ZeroDivisionError
        raise OSError("no road")


def test_b149_each_of_many_is_counted(settings: object) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verify-many": {"burst": 5, "per_minute": 1}}  # type: ignore[attr-defined]
    answers = [Caller().send("POST", "/verify", b"[{},{},{}]") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]


def test_an_unknown_wish_is_refused(secured: bytes) -> None:
    assert Caller().send("POST", "/verify?receipt=perhaps", secured, "application/vc").status_code == 422
