# SPDX-License-Identifier: Apache-2.0
"""XLSX as programs write it, and what must not come of one that was written to hurt (B116, B120)."""

from __future__ import annotations

import tracemalloc
import zipfile

import pytest
from server.tests import spreadsheets
from server.tests.spreadsheets import HEAD, MAIN, day, formula, parts, shared, sheet, spreadsheet, zipped

from cairn_server.issuing.lists import limits
from cairn_server.issuing.lists.problems import Unreadable
from cairn_server.issuing.lists.spreadsheet import SpreadsheetTable

SHEET = "xl/worksheets/sheet1.xml"


def cells(file, **chosen) -> list[list[str]]:
    return [cells for _line, cells, _wrong in SpreadsheetTable(file, **chosen).lines()]


def refusal(file) -> str:
    with pytest.raises(Unreadable) as refused:
        list(SpreadsheetTable(file).lines())
    return refused.value.problem.code


def test_rows_have_the_numbers_that_people_see_and_empty_ones_are_left_out():
    table = SpreadsheetTable(spreadsheet([["email", "name"], ["", ""], ["a@b.example", "A"]]))

    assert list(table.lines()) == [(1, ["email", "name"], ""), (3, ["a@b.example", "A"], "")]


def test_a_cell_is_the_text_that_people_see():
    rows = [
        [
            12,
            1.5,
            "text",
            day(46349),
            day(46349.75),
            day(46349, style=spreadsheets.OWN_DAY),
            day(0.95, style=spreadsheets.PERCENT),
            day(42, style=spreadsheets.PADDED),
            ('<c r="REF" t="b"><v>1</v></c>',),
            ('<c r="REF" t="e"><v>#N/A</v></c>',),
            ('<c r="REF" t="d"><v>2026-11-23T00:00:00</v></c>',),
            day(1.1000000000000001, style=spreadsheets.PLAIN),
        ]
    ]

    assert cells(spreadsheet(rows)) == [
        [
            "12", "1.5", "text", "2026-11-23", "2026-11-23", "2026-11-23", "95%", "00042", "TRUE", "#N/A",
            "2026-11-23", "1.1",
        ]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "is_1904", "shown"),
    [
        (1, False, "1900-01-01"),
        (59, False, "1900-02-28"),
        (61, False, "1900-03-01"),  # day 60 is one that never was
        (46349, False, "2026-11-23"),
        (44887, True, "2026-11-23"),
        (0, True, "1904-01-01"),
        (9_999_999, False, "9999999"),
    ],
)
def test_days_are_counted_as_spreadsheets_count_them(number, is_1904, shown):
    assert cells(spreadsheet([[day(number)]], is_1904=is_1904)) == [[shown]]


def test_texts_that_are_shared_are_put_together_without_how_they_are_pronounced():
    texts = [
        "<si><t>plain</t></si>",
        "<si><r><t>in </t></r><r><rPr><b/></rPr><t>runs</t></r></si>",
        '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si>',
        "<si><t>one_x000A_two &amp; _x005F_x0041_</t></si>",
        "<si/>",
    ]
    row = [shared(number) for number in range(5)] + ["end"]

    assert cells(spreadsheet([row], texts=texts)) == [
        ["plain", "in runs", "東京", "one\ntwo & _x0041_", "", "end"]
    ]


def test_a_formula_is_not_evaluated_and_its_stored_value_is_taken():
    table = SpreadsheetTable(
        spreadsheet([[formula('CONCATENATE("a","@b.example")', "a@b.example"), formula("1+1"), "x"]])
    )

    assert [cells for _line, cells, _wrong in table.lines()] == [["a@b.example", "", "x"]]
    assert table.formulas == 2


def test_the_first_visible_sheet_is_read_unless_another_is_chosen():
    contents = parts(sheet([["first"]]), sheet([["second"]]), sheet([["third"]]))
    contents["xl/workbook.xml"] = contents["xl/workbook.xml"].replace(
        '<sheet name="Sheet1"', '<sheet state="hidden" name="Sheet1"'
    )

    assert SpreadsheetTable(zipped(contents)).sheets == ("Sheet2", "Sheet3")
    assert cells(zipped(contents)) == [["second"]]
    assert cells(zipped(contents), sheet="Sheet3") == [["third"]]
    with pytest.raises(Unreadable):
        SpreadsheetTable(zipped(contents), sheet="Sheet1")


def test_a_prefix_before_every_name_changes_nothing():
    """The transitional and the strict form, and programs that write prefixes, differ only in namespaces."""
    written = (
        f'{HEAD}<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData>'
        '<x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c><x:c><x:v>7</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )

    assert cells(zipped(parts(written))) == [["a", "7"]]


def test_what_comes_after_the_rows_is_no_row():
    after = '<mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells><hyperlinks/>'

    assert cells(zipped(parts(sheet([["a", "b"]], after=after)))) == [["a", "b"]]


def test_cells_far_to_the_right_are_too_many_and_cost_nothing():
    row = "".join(f'<c r="{letters}1"><v>1</v></c>' for letters in ("A", "XFD"))
    (found,) = cells(zipped(parts(f'<worksheet xmlns="{MAIN}"><row r="1">{row}</row></worksheet>')))

    assert len(found) == limits.MAX_COLUMNS + 1


# What is refused


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        ({"readme.txt": "hello"}, "list-not-spreadsheet"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"},
         "list-open-document"),
        (parts(sheet([["a"]])) | {"xl/workbook.xml": "<workbook/>"}, "list-spreadsheet-broken"),
        (parts("<worksheet><row r='1'><c t='s'><v>0</v></c></row></worksheet>"), "list-spreadsheet-broken"),
        (parts("<worksheet><row r='1'><c t='s'><v>-1</v></c></row></worksheet>"), "list-spreadsheet-broken"),
        (parts("<worksheet><row r='1'><c s='x'><v>0</v></c></row></worksheet>"), "list-spreadsheet-broken"),
        (parts("<worksheet><row r='2'/><row r='1'/></worksheet>"), "list-spreadsheet-broken"),
        (parts("<worksheet><row r='1'/><row r='1'/></worksheet>"), "list-spreadsheet-broken"),
        (parts("<worksheet><row r='1048577'/></worksheet>"), "list-spreadsheet-broken"),
        (parts("<worksheet><row r='1'><c r='XFE1'/></row></worksheet>"), "list-spreadsheet-broken"),
        (parts("<worksheet><row r='1'>"), "list-spreadsheet-broken"),
        (parts("<worksheet>" + "<a>" * 40 + "</a>" * 40 + "</worksheet>"), "list-spreadsheet-broken"),
    ],
)  # fmt: skip
def test_what_no_program_writes_is_refused(contents, code):
    assert refusal(zipped(contents)) == code


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE worksheet [<!ENTITY e "x">]>',
        '<!DOCTYPE worksheet SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
@pytest.mark.parametrize(
    "part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml", "_rels/.rels"]
)
def test_b120_a_document_type_is_refused_in_every_part(part, declared):
    contents = parts(sheet([["a"]]))
    contents[part] = contents[part].replace(HEAD, HEAD + declared)

    assert refusal(zipped(contents)) == "list-spreadsheet-broken"


def test_b120_parts_outside_the_archive_are_not_followed():
    contents = parts(sheet([["a"]]))
    name = "xl/_rels/workbook.xml.rels"
    far = 'Target="http://127.0.0.1:9/a" TargetMode="External"'
    contents[name] = contents[name].replace('Target="worksheets/sheet1.xml"', far)
    assert refusal(zipped(contents)) == "list-spreadsheet-broken"

    contents[name] = contents[name].replace(' TargetMode="External"', "")
    assert refusal(zipped(contents)) == "list-spreadsheet-broken"

    # A part that is there is not meant, when the reference says that it is elsewhere.
    contents[name] = contents[name].replace(
        "http://127.0.0.1:9/a", 'worksheets/sheet1.xml" TargetMode="External'
    )
    assert refusal(zipped(contents)) == "list-spreadsheet-broken"


def test_b116_a_part_that_unpacks_to_a_thousand_times_its_size_is_refused_early():
    bomb = parts(f"<worksheet>{' ' * 60_000_000}</worksheet>")
    tracemalloc.start()
    try:
        assert refusal(zipped(bomb)) == "list-spreadsheet-large"
        assert tracemalloc.get_traced_memory()[1] < 80_000_000 + 10_000_000  # the bomb itself is 60 MB
    finally:
        tracemalloc.stop()


def test_b116_parts_together_are_bounded_too(monkeypatch):
    """Each of them is small enough."""
    monkeypatch.setattr("cairn_server.issuing.lists.archive.MAX_UNPACKED", 20_000)
    texts = [f"<si><t>{'a' * 12_000}</t></si>"]

    assert refusal(spreadsheet([["b" * 12_000]], texts=texts)) == "list-spreadsheet-large"
    assert cells(spreadsheet([["b"]], texts=texts)) == [["b"]]


def test_b120_one_endless_tag_is_refused_before_it_is_whole():
    """The parser keeps a tag until it ends: the memory of a bomb without a single element."""
    import os

    noise = os.urandom(2_000_000).hex()  # compresses to half, so the ratio says nothing

    assert refusal(zipped(parts(f'<worksheet a="{noise}"/>'))) == "list-spreadsheet-large"


def test_b120_one_endless_text_is_refused():
    noise = "0123456789abcdef" * 40_000
    contents = parts(f"<worksheet><row r='1'><c t='str'><v>{noise}</v></c></row></worksheet>")

    assert refusal(zipped(contents)) == "list-spreadsheet-large"


def test_b116_a_million_entries_are_refused_before_their_table_is_read(monkeypatch):
    many = zipped({f"{n}": "" for n in range(2_001)} | parts(sheet([["a"]])))
    monkeypatch.setattr(zipfile, "ZipFile", None)  # not even opened

    assert refusal(many) == "list-spreadsheet-large"


def test_b116_two_parts_of_one_name_are_refused():
    file = zipped(parts(sheet([["a"]])))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr(SHEET, sheet([["b"]]))

    assert refusal(file) == "list-spreadsheet-broken"


def _in_the_table(file, name: str, offset: int, value: bytes):
    """The archive with some bytes of the entry's line in the table of contents replaced."""
    data = bytearray(file.getvalue())
    place = data.rindex(name.encode()) - 46
    data[place + offset : place + offset + len(value)] = value
    return type(file)(bytes(data))


def test_b116_an_encrypted_part_is_refused_with_a_sentence_of_its_own():
    file = _in_the_table(spreadsheet([["a"]]), SHEET, 8, b"\x01\x00")

    assert refusal(file) == "list-spreadsheet-protected"


def test_b116_parts_that_lie_on_one_another_are_refused():
    """Also where nobody opens the part: the same bytes would be counted, and unpacked, as several."""
    file = zipped(parts(sheet([["a"]])) | {"docProps/unused.bin": b"x"})
    assert cells(file) == [["a"]]

    file = _in_the_table(file, "docProps/unused.bin", 42, b"\x00\x00\x00\x00")

    assert refusal(file) == "list-spreadsheet-broken"


def test_b116_a_way_of_packing_that_no_spreadsheet_uses_is_refused():
    assert refusal(zipped(parts(sheet([["a"]])), compression=zipfile.ZIP_LZMA)) == "list-spreadsheet-broken"


@pytest.mark.parametrize("cut", [30, 200, 1_000, -30, -1])
def test_a_file_that_was_cut_off_is_refused(cut):
    data = spreadsheet([["email", "name"], ["a@b.example", "A"]]).getvalue()

    assert refusal(type(spreadsheet([]))(data[:cut])) in ("list-spreadsheet-broken", "list-spreadsheet-large")


def test_every_flipped_byte_is_a_refusal_or_a_list_and_never_an_error():
    data = spreadsheet([["email", "name"], ["a@b.example", "A"], [day(46349), 1.5]]).getvalue()
    kind = type(spreadsheet([]))
    for place in range(0, len(data), 3):
        changed = bytearray(data)
        changed[place] ^= 0x41
        try:
            list(SpreadsheetTable(kind(bytes(changed))).lines())
        except Unreadable:
            continue


def test_a_large_sheet_is_read_in_little_memory():
    texts = [f"<si><t>Person number {n} with a long name</t></si>" for n in range(50_000)]
    file = spreadsheet(([shared(n), n, "x"] for n in range(50_000)), texts=texts)
    tracemalloc.start()
    try:
        count = sum(1 for _line in SpreadsheetTable(file).lines())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == 50_000
    assert peak < 6_000_000
