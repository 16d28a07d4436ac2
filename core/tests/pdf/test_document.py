# SPDX-License-Identifier: Apache-2.0
"""Where the objects of a file are, and everything that may be wrong with that."""

import resource
import time
import zlib

import pytest

from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.pdf import document
from cairn.pdf.document import Document, Stream, looks_like_pdf
from cairn.pdf.syntax import Reference
from pdf_files import build, build_streamed, deflated, predicted, stream

CATALOG = b"<</Type /Catalog>>"


def code_of(data, number=2):
    with pytest.raises(CairnError) as refusal:
        look(data, number)
    return refusal.value.code


def look(data, number):
    found = Document(data)
    value = found.get(Reference(number, 0))
    if isinstance(value, Stream):
        found.unpack(value, limit=1_000_000)


def content(data, number=2, limit=1_000_000):
    found = Document(data)
    return found.unpack(found.get(Reference(number, 0)), limit=limit)


# --- what is there


def test_a_file_begins_with_its_signature():
    assert looks_like_pdf(b"%PDF-1.7\n")
    assert not looks_like_pdf(b" %PDF-1.7\n")


def test_objects_are_found_through_the_table():
    found = Document(build({1: CATALOG, 2: b"[(a) 3 0 R]", 3: b"42"}))

    assert found.trailer["Root"] == Reference(1, 0)
    assert found.array(Reference(2, 0)) == [b"a", Reference(3, 0)]
    assert found.get(Reference(3, 0)) == 42
    assert found.get(Reference(9, 0)) is None
    assert found.dictionary(Reference(9, 0)) == {}
    assert found.array(None) == []
    assert not found.ends_with_stream


@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("widths", [(1, 4, 2), (1, 2, 1), (1, 8, 8)])
def test_objects_are_found_through_a_stream(predictor, widths):
    data = build_streamed(
        {1: CATALOG, 2: b"[(a)]", 3: b"42", 4: b"<</A 3 0 R>>"},
        packed=(2, 4),
        predictor=predictor,
        widths=widths,
    )
    found = Document(data)

    assert found.array(Reference(2, 0)) == [b"a"]
    assert found.get(found.dictionary(Reference(4, 0))["A"]) == 42
    assert found.ends_with_stream


def test_a_row_without_a_kind_is_a_place_in_the_file():
    assert Document(build_streamed({1: CATALOG, 2: b"7"}, widths=(0, 4, 2))).get(Reference(2, 0)) == 7


def test_what_was_added_last_counts():
    first = build({1: CATALOG, 2: b"1", 3: b"3"})
    place = first.rindex(b"xref\n", 0, first.rindex(b"startxref"))

    second = build({2: b"2"}, b"/Root 1 0 R/Prev %d" % place, earlier=first)

    assert Document(second).get(Reference(2, 0)) == 2
    assert Document(second).get(Reference(3, 0)) == 3


def test_a_free_number_has_no_object():
    data = build({1: CATALOG, 2: b"7"}).replace(b"2 1\n", b"2 1\n", 1)
    place = data.rindex(b" 00000 n", 0, data.index(b"trailer"))

    freed = data[:place] + b" 00000 f" + data[place + 8 :]

    assert Document(freed).get(Reference(2, 0)) is None


def test_a_hybrid_asks_its_stream_for_what_its_table_hides():
    inner = bytearray(b"%PDF-1.7\n")
    first = len(inner)
    inner += b"1 0 obj\n" + CATALOG + b"\nendobj\n"
    hidden = len(inner)
    inner += b"2 0 obj\n(hidden)\nendobj\n"
    places = len(inner)
    row = b"\1" + hidden.to_bytes(2, "big") + b"\0"
    inner += b"3 0 obj\n%s\nendobj\n" % stream(row, b"/Type /XRef/Size 4/W [1 2 1]/Index [2 1]")
    table = len(inner)
    inner += b"xref\n0 3\n0000000002 65535 f \n%010d 00000 n \n0000000000 00000 f \n" % first
    inner += b"trailer\n<</Size 4/Root 1 0 R/XRefStm %d>>\nstartxref\n%d\n%%%%EOF" % (places, table)

    assert Document(bytes(inner)).get(Reference(2, 0)) == b"hidden"


def test_streams_are_unpacked():
    for body in (stream(b"abc"), deflated(b"abc"), stream(b"abc", length=3)):
        assert content(build({1: CATALOG, 2: body})) == b"abc"
    by_reference = b"<</Length 3 0 R>>\nstream\r\nabc\r\nendstream"
    assert content(build({1: CATALOG, 2: by_reference, 3: b"3"})) == b"abc"
    listed = stream(zlib.compress(b"abc"), b"/Filter [/FlateDecode]/DecodeParms [null]")
    assert content(build({1: CATALOG, 2: listed})) == b"abc"


def test_png_rows_are_restored():
    rows = [bytes([1, 2, 3]), bytes([1, 2, 4]), bytes([200, 100, 50]), bytes([0, 0, 9])]
    body = zlib.compress(b"".join(predicted(rows)))
    more = b"/Filter /FlateDecode/DecodeParms <</Predictor 15/Columns 3>>"

    assert content(build({1: CATALOG, 2: stream(body, more)})) == b"".join(rows)


# --- what is wrong


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\nstartxref\n0\n%%EOF",
        b"%PDF-1.7\nstartxref\n99999\n%%EOF",
        b"%PDF-1.7\nstartxref\n-1\n%%EOF",
        build({1: CATALOG})[:-40],
        build({1: CATALOG}) + b" " * 2000,
        build({1: CATALOG}, b"/Root 1 0 R/Prev 99999"),
        build({1: CATALOG}, b"/Root 1 0 R/Prev -1"),
        build({1: CATALOG}, b"/Root 1 0 R/Prev (x)"),
        build({1: CATALOG}, b"/Root 1 0 R/Prev 9"),
        build({1: CATALOG}).replace(b"trailer\n<<", b"trailer\n[]<<"),
        build({1: CATALOG}).replace(b"trailer", b"trialer"),
        build({1: CATALOG}).replace(b"1 1\n", b"1 9\n"),
        build({1: CATALOG}).replace(b"1 1\n", b"1 9999999999\n"),
        build_streamed({1: CATALOG}, table=zlib.compress(b"")),
        build_streamed({1: CATALOG}, table=b"not packed"),
        build_streamed({1: CATALOG}, table=zlib.compress(b"\0" * 99)[:-4]),
        build_streamed({1: CATALOG}).replace(b"/W [1 4 2]", b"/W [0 0 0]"),
        build_streamed({1: CATALOG}).replace(b"/W [1 4 2]", b"/W [1 4]  "),
        build_streamed({1: CATALOG}).replace(b"/W [1 4 2]", b"/W [1 9 2]"),
        build_streamed({1: CATALOG}).replace(b"/W [1 4 2]", b"/W (1 4 2)"),
        build_streamed({1: CATALOG}).replace(b"/W [1 4 2]", b"/W [1/A 2]"),
        build_streamed({1: CATALOG}).replace(b"/Type /XRef", b"/Type /Xref"),
        build_streamed({1: CATALOG}).replace(b"/Index [1 1 3 1]", b"/Index [1 1 3  ]"),
        build_streamed({1: CATALOG}).replace(b"/Index [1 1 3 1]", b"/Index [1 1 3 9]"),
    ],
)
def test_a_damaged_list_of_places_is_refused_and_not_repaired_b114(data):
    with pytest.raises(MalformedError) as refusal:
        Document(data)
    assert refusal.value.code == "pdf-malformed"


def test_lists_that_lead_in_a_circle_are_refused_b114():
    data = build({1: CATALOG})
    place = data.index(b"xref\n")

    with pytest.raises(MalformedError, match="circle"):
        Document(build({1: CATALOG}, b"/Root 1 0 R/Prev %d" % place))


@pytest.mark.parametrize(
    "body",
    [
        b"2 0 R",
        b"7 8",
        b"7 endob",
        stream(b"abc", length=2),
        stream(b"abc", length=5),
        stream(b"abc", length=10**9),
        stream(b"abc", b"/X 1", length=0),
        b"<<>>\nstream\nabc\nendstream",
        b"<</Length -1>>\nstream\nabc\nendstream",
        b"<</Length 2 0 R>>\nstream\nabc\nendstream",
        b"[3]\nstream\nabc\nendstream",
        stream(b"not packed", b"/Filter /FlateDecode"),
        stream(zlib.compress(b"abc")[:-5], b"/Filter /FlateDecode"),
        stream(zlib.compress(b"\0abc"), b"/Filter /FlateDecode/DecodeParms <</Predictor 12/Columns 2>>"),
        stream(zlib.compress(b"\0abc"), b"/Filter /FlateDecode/DecodeParms <</Predictor 12/Columns 0>>"),
        stream(zlib.compress(b"\0abc"), b"/Filter /FlateDecode/DecodeParms <</Predictor 12/Columns (3)>>"),
        stream(zlib.compress(b"abc"), b"/Filter /FlateDecode/DecodeParms (x)"),
    ],
)
def test_a_damaged_stream_is_refused_b114(body):
    assert code_of(build({1: CATALOG, 2: body})) == "pdf-malformed"


@pytest.mark.parametrize(
    "more",
    [
        b"/Filter /LZWDecode",
        b"/Filter /RunLengthDecode",
        b"/Filter [/FlateDecode /FlateDecode]",
        b"/Filter [/ASCIIHexDecode]",
        b"/Filter (FlateDecode)",
        b"/Filter /FlateDecode/DecodeParms <</Predictor 2>>",
        b"/Filter /FlateDecode/DecodeParms <</Predictor 12/Colors 3/Columns 3>>",
        b"/Filter /FlateDecode/DecodeParms <</Predictor 12/Columns 3>>",
    ],
)
def test_what_is_packed_in_other_ways_is_not_unpacked_b114(more):
    # Rows of no filter, but for the last case: nothing else than what is said about them is wrong.
    rows = b"\4abc" if more.endswith(b"/Predictor 12/Columns 3>>") else b"\0abc"
    with pytest.raises(UnsupportedError) as refusal:
        content(build({1: CATALOG, 2: stream(zlib.compress(rows), more)}))
    assert refusal.value.code == "pdf-filter"


def test_very_many_rows_are_not_restored_b114():
    more = b"/Filter /FlateDecode/DecodeParms <</Predictor 12/Columns 3>>"
    packed = zlib.compress(b"\0abc" * 600_000)
    with pytest.raises(MalformedError) as refusal:
        content(build({1: CATALOG, 2: stream(packed, more)}), limit=10_000_000)
    assert refusal.value.code == "limit-pdf"


def test_a_packed_object_has_no_generation():
    found = Document(build_streamed({1: CATALOG, 2: b"7"}, packed=(2,)))
    assert found.get(Reference(2, 0)) == 7
    with pytest.raises(MalformedError):
        found.get(Reference(2, 1))


def test_an_object_under_another_number_is_refused_b114():
    data = build({1: CATALOG, 2: b"7"}).replace(b"2 0 obj", b"3 0 obj")
    assert code_of(data) == "pdf-malformed"
    beyond = build({1: CATALOG, 2: b"7"})
    place = b"%010d" % beyond.index(b"2 0 obj")
    assert code_of(beyond.replace(place, b"0000999999")) == "pdf-malformed"
    assert code_of(beyond.replace(place, b"00000000xx")) == "pdf-malformed"
    assert code_of(beyond.replace(place, b"%010d" % 3)) == "pdf-malformed"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/Type /ObjStm", b"/Type /ObjStn"),
        (b"/N 1", b"/N 2"),
        (b"/N 1", b"/N x".replace(b"x", b"/")),
        (b"/First 4", b"/First 2"),
    ],
)
def test_a_damaged_object_stream_is_refused_b114(old, new):
    data = build_streamed({1: CATALOG, 2: b"7", 3: b"8"}, packed=(2,))
    assert old in data
    assert code_of(data.replace(old, new)) == "pdf-malformed"


def test_an_object_stream_inside_itself_is_refused_b114():
    data = bytearray(b"%PDF-1.7\n")
    row = b"\1\0\0\0" + b"\2\0\2\0" + b"\2\0\2\0"
    start = len(data)
    data += b"9 0 obj\n%s\nendobj\n" % stream(row, b"/Type /XRef/Size 3/Root 1 0 R/W [1 2 1]")
    data += b"startxref\n%d\n%%%%EOF" % start

    assert code_of(bytes(data)) == "pdf-malformed"


@pytest.mark.parametrize("earlier", [False, True])
def test_an_encrypted_file_is_told_apart(earlier):
    locked = build({1: CATALOG, 9: b"<</Filter /Standard>>"}, b"/Root 1 0 R/Encrypt 9 0 R")
    if earlier:
        locked = build({1: CATALOG}, b"/Root 1 0 R/Prev %d" % locked.index(b"xref\n"), earlier=locked)

    with pytest.raises(UnsupportedError) as refusal:
        Document(locked)
    assert refusal.value.code == "pdf-encrypted"


def test_other_kinds_where_dictionaries_and_lists_belong_are_refused():
    found = Document(build({1: CATALOG, 2: b"7"}))
    for look in (found.dictionary, found.array):
        with pytest.raises(MalformedError):
            look(Reference(2, 0))


# --- what would take for ever


def limited(data, number=2):
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code = code_of(data, number)
    assert time.process_time() - begun < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 * 1024
    return code


def zeros(size):
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(b"0 " * 500_000) for _ in range(size)), packer.flush()])


def test_bombs_are_not_set_off_b114():
    bomb = zeros(200)

    assert len(bomb) < 250_000
    assert limited(build({1: CATALOG, 2: stream(bomb, b"/Filter /FlateDecode")})) == "limit-pdf"
    assert limited(build({1: CATALOG, 2: stream(b"x" * 1_000_001)})) == "limit-pdf"
    assert limited(build_streamed({1: CATALOG}, table=bomb)) == "limit-pdf"
    container = b"/Type /ObjStm/N 9999/First 399999/Filter /FlateDecode"
    packed = build_streamed({1: CATALOG, 2: b"7"}, packed=(2,))
    start = packed.index(b"3 0 obj\n")
    end = packed.index(b"4 0 obj\n")
    swollen = packed[:start] + b"3 0 obj\n" + stream(bomb, container) + b"\nendobj\n" + packed[end:]
    moved = len(swollen) - len(packed)
    swollen = swollen.replace(b"startxref\n%d" % end, b"startxref\n%d" % (end + moved))
    assert limited(swollen) == "limit-pdf"
    assert code_of(lying(b"/First 4", b"/First 999999")) == "limit-pdf"
    assert code_of(lying(b"/First 4", b"/First -1")) == "limit-pdf"
    assert code_of(lying(b"/N 1/", b"/N 99999/")) == "pdf-malformed"
    assert code_of(lying(b"/N 1/", b"/N (x)/")) == "pdf-malformed"


def lying(old, new):
    """A file whose object stream says something else of itself; its list of places is where it says."""
    data = build_streamed({1: CATALOG, 2: b"7"}, packed=(2,))
    assert data.count(old) == 1
    start = data.index(b"4 0 obj")
    return data.replace(old, new).replace(
        b"startxref\n%d" % start, b"startxref\n%d" % (start + len(new) - len(old))
    )


def test_everything_together_is_unpacked_once_b114(monkeypatch):
    monkeypatch.setattr(document, "_MAX_UNPACKED", 10_000)
    found = Document(build({1: CATALOG, 2: deflated(b"x" * 6_000), 3: deflated(b"y" * 6_000)}))

    found.unpack(found.get(Reference(2, 0)), limit=8_000)
    with pytest.raises(MalformedError) as refusal:
        found.unpack(found.get(Reference(3, 0)), limit=8_000)

    assert refusal.value.code == "limit-pdf"


def test_a_large_file_and_one_saved_very_often_are_not_followed_b114(monkeypatch):
    with pytest.raises(MalformedError) as refusal:
        Document(b"%PDF-1.7\n" + bytes(document.MAX_PDF))
    assert refusal.value.code == "limit-size"
    monkeypatch.setattr(document, "_MAX_SECTIONS", 5)
    data = build({1: CATALOG})
    for _ in range(5):
        place = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
        Document(data)
        data = build({1: CATALOG}, b"/Root 1 0 R/Prev %d" % place, earlier=data)
    with pytest.raises(MalformedError) as refusal:
        Document(data)
    assert refusal.value.code == "limit-pdf"


def test_a_million_objects_cost_nothing_b114():
    rows = b"0000000009 00000 n \n" * 700_000
    data = b"%PDF-1.7\n1 0 obj\n" + CATALOG + b"\nendobj\n"
    start = len(data)
    data += (
        b"xref\n1 700000\n" + rows + b"trailer\n<</Size 700001/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start
    )

    begun = time.process_time()
    assert Document(data).dictionary(Reference(1, 0)) == {"Type": "Catalog"}
    assert time.process_time() - begun < 0.5


def test_very_many_parts_of_a_list_are_not_searched_for_ever_b114():
    rows = b"".join(b"%d 1\n0000000009 00000 n \n" % number for number in range(2, 200_000))
    data = b"%PDF-1.7\n1 0 obj\n" + CATALOG + b"\nendobj\n"
    start = len(data)
    data += b"xref\n" + rows + b"trailer\n<</Size 9/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start

    assert limited(data, number=1) == "limit-pdf"
    index = b"/Index [%s]" % (b"1 1 " * 10_001)
    streamed = build_streamed({1: CATALOG}).replace(b"/Index [1 1 3 1]", index)
    assert limited(streamed, number=1) == "limit-pdf"


def test_looking_up_costs_what_it_searches_b114(monkeypatch):
    monkeypatch.setattr(document, "_MAX_STEPS", 1_000)
    rows = b"".join(b"%d 1\n0000000009 00000 n \n" % number for number in range(2, 600))
    data = b"%PDF-1.7\n1 0 obj\n" + CATALOG + b"\nendobj\n"
    data += b"xref\n" + rows + b"trailer\n<</Size 9/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)
    found = Document(data)

    found.get(Reference(9_001, 0))
    with pytest.raises(MalformedError) as refusal:
        found.get(Reference(9_002, 0))
    assert refusal.value.code == "limit-pdf"
