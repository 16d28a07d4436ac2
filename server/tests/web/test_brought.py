# SPDX-License-Identifier: Apache-2.0
"""What may be brought, and what becomes of it before anything is judged."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopUpload
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from cairn.errors import MalformedError
from cairn_server.web import brought

URL = "https://cairn.example"


def things(text: str = "", *files: tuple[str, bytes], link: str = "") -> list[brought.Thing]:
    data = QueryDict(mutable=True)
    data.update({"text": text, "link": link})
    uploaded = MultiValueDict({"file": [SimpleUploadedFile(name, content) for name, content in files]})
    form = brought.VerifyForm(data, uploaded, public_url=URL)
    assert form.is_valid(), form.errors
    return form.things


def test_an_upload_is_kept_up_to_the_limit_and_then_only_counted():
    handler = brought.InMemory()
    handler.new_file("file", "x.json", "application/json", None)
    chunk = b"x" * handler.chunk_size
    for start in range(0, 3 * brought.LARGEST_FILE, handler.chunk_size):
        handler.receive_data_chunk(chunk, start)

    assert sum(map(len, handler.chunks)) <= brought.LARGEST_FILE + handler.chunk_size
    assert handler.file_complete(0).size >= 3 * brought.LARGEST_FILE


def test_many_files_together_take_no_more_memory_than_the_limit():
    handler = brought.InMemory()
    chunk = b"x" * handler.chunk_size
    kept = []

    def send(number: int) -> None:
        handler.new_file("file", f"{number}.json", "application/json", None)
        kept.append(handler.chunks)
        for start in range(0, brought.LARGEST_FILE, handler.chunk_size):
            handler.receive_data_chunk(chunk, start)

    for number in range(2 * brought.LARGEST_TOTAL // brought.LARGEST_FILE):
        send(number)
    with pytest.raises(StopUpload):
        send(99)

    assert sum(len(each) for chunks in kept for each in chunks) <= brought.LARGEST_TOTAL + handler.chunk_size


def test_files_of_more_than_twenty_megabytes_together_are_refused():
    uploaded = MultiValueDict(
        {"file": [SimpleUploadedFile(f"{n}.json", b" " * brought.LARGEST_FILE) for n in range(11)]}
    )

    form = brought.VerifyForm(QueryDict(), uploaded)

    assert not form.is_valid()
    assert "more than 20 MB together" in str(form.errors)


def test_a_file_above_the_limit_is_one_that_cannot_be_read():
    [thing] = things("", ("big.json", b" " * (brought.LARGEST_FILE + 1)))

    with pytest.raises(MalformedError, match="limit-size"):
        thing.read(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://a.example/1\nhttps://b.example/2", ["https://a.example/1", "https://b.example/2"]),
        ("\n https://a.example/1 \r\n\r\n", ["https://a.example/1"]),
        (
            "AAAAAAAAAAAAAAAAAAAAAA\nhttps://a.example",
            [f"{URL}/c/AAAAAAAAAAAAAAAAAAAAAA", "https://a.example"],
        ),
        ("https://verifierplus.org/#verify?vc=https://a.example/1", ["https://a.example/1"]),
    ],
)
def test_a_text_of_links_is_so_many_things(text, links):
    assert [thing.link for thing in things(text)] == links


@pytest.mark.parametrize(
    "text", ['{"a": "https://a.example"}', "eyJ.eyJ.x", "https://a.example\n{}", "two words"]
)
def test_any_other_text_is_one_thing(text):
    [thing] = things(text)

    assert (thing.data, thing.link) == (text.encode(), "")


@pytest.mark.parametrize(
    ("name", "content", "links"),
    [
        ("l.csv", b"https://a.example/1\nhttps://a.example/2\n", 2),
        ("l.CSV", b"\xef\xbb\xbfname,link\r\nAnn,https://a.example/1\r\n", 1),
        ("l.csv", b"https://a.example/1;Ann\nhttps://a.example/2;Bo", 2),
        ("l.txt", b"https://a.example/1", 1),
        # A list of something else, and no list at all.
        ("l.csv", b"name\nAnn\nBo", 0),
        ("l.txt", b"eyJ.eyJ.x", 0),
        ("l.json", b"https://a.example/1", 0),
        ("l.csv", b"\xff\xfe", 0),
        ("l.csv", b'"' + b"x" * 200_000, 0),  # B117
        ("l.csv", b"a\x00b", 0),
    ],
)
def test_a_list_in_a_file_is_so_many_links(name, content, links):
    found = things("", (name, content))

    assert [bool(thing.link) for thing in found] == [True] * links or [thing.data for thing in found] == [
        content
    ]
    assert len(found) == max(links, 1)


def test_b119_the_name_of_a_file_is_cut_and_stays_a_name():
    [thing] = things("", ("../../" + "x" * 500 + ".json", b"{}"))

    assert len(thing.given) <= 120
    assert "/" not in thing.given
