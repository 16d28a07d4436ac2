# SPDX-License-Identifier: Apache-2.0
"""Which of the files inside a PDF is the credential, and putting one in."""

import time
from pathlib import Path

import pytest

from cairn.baking import bake
from cairn.canonical import to_json
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.pdf import attach, extract
from cairn.pdf.attachments import MAX_ATTACHMENTS
from cairn.pdf.document import Document
from cairn.pdf.syntax import Name, Reference
from cairn.proof import sign_jwt
from cairn.reading import read
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential, signed_sample
from cairn.verifier import Verdict, Verifier
from pdf_files import CATALOG, ONE_FILE, build, build_streamed, deflated, objects_of, specification, stream

VECTORS = Path(__file__).parents[1] / "vectors" / "pdf"
BADGE = signed_sample()
OTHER = signed_sample(sample_credential(id="urn:uuid:00000000-0000-4000-8000-000000000000"))
KEY = demo_key()
TOKEN = sign_jwt(
    sample_credential().to_document(), KEY, verification_method=key_method(KEY.public_key)
).encode()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
BY_OTHERS = ["pikepdf-table", "pikepdf-objstm", "pikepdf-linear", "pypdf", "fpdf2", "pdf-lib", "typst"]


def files(*named, more=b""):
    """A PDF with these (name, content) attached."""
    objects = {1: CATALOG}
    leaves = b""
    for index, (name, content) in enumerate(named):
        number = 10 + 2 * index
        objects[number] = specification(number + 1, b"(%s)" % name, more)
        objects[number + 1] = stream(content, b"/Type /EmbeddedFile")
        leaves += b"(%s) %d 0 R " % (name, number)
    return build({**objects, 2: b"<</Names [%s]>>" % leaves})


def code_of(data):
    with pytest.raises(CairnError) as refusal:
        extract(data)
    return refusal.value.code


# --- taken out


@pytest.mark.parametrize("name", BY_OTHERS)
def test_what_other_programs_have_attached_is_found(name):
    credential = (VECTORS / "credential.json").read_bytes()
    data = (VECTORS / f"{name}.pdf").read_bytes()

    assert extract(data) == credential
    assert Verifier(FixedSources()).examine(data, at=NOON).verdict is Verdict.VERIFIED


def test_a_protected_file_is_told_apart_from_a_broken_one():
    with pytest.raises(UnsupportedError) as refusal:
        read((VECTORS / "pikepdf-encrypted.pdf").read_bytes())
    assert refusal.value.code == "pdf-encrypted"


@pytest.mark.parametrize(
    "content", [BADGE, TOKEN, b"\n" + BADGE + b"\r\n", bake(SVG, BADGE), bake(SVG, TOKEN), TOKEN + b"~"]
)
def test_json_tokens_and_baked_pictures_are_taken_out(content):
    name = b"picture.svg" if content.startswith(b"<svg") else b"badge.json"

    found = read(files((name, content)))

    assert found.carrier == "pdf"
    assert found.size == len(files((name, content)))
    assert extract(files((name, content))) in (BADGE, TOKEN, TOKEN + b"~")


def test_the_carrier_is_what_the_report_tells():
    report = Verifier(FixedSources()).examine(build(objects_of(BADGE)), at=NOON)

    assert (report.verdict, report.carrier) == (Verdict.VERIFIED, "pdf")
    assert report.sha256 == Verifier(FixedSources()).examine(BADGE, at=NOON).sha256


def test_a_file_that_is_only_associated_is_found():
    objects = {**objects_of(BADGE), 1: b"<</Type /Catalog/AF [3 0 R]>>"}
    assert extract(build(objects)) == BADGE
    # In both lists it is one file still.
    both = b"<</Type /Catalog/AF [3 0 R]/Names <</EmbeddedFiles 2 0 R>>>>"
    assert extract(build({**objects, 1: both})) == BADGE


def test_a_tree_of_names_is_walked():
    objects = objects_of(BADGE) | {
        2: b"<</Kids [5 0 R 6 0 R]>>",
        5: b"<</Kids [7 0 R]>>",
        6: b"<</Names []>>",
    }
    assert extract(build({**objects, 7: ONE_FILE})) == BADGE


def test_other_files_are_left_alone():
    others = [
        (b"notes.txt", b"hello"),
        (b"data.json", b'{"a": 1}'),
        (b"list.json", b"[1, 2]"),
        (b"broken.json", b'{"a": 1'),
        (b"photo.png", b"no picture"),
        (b"drawing.svg", SVG),
        (b"invoice.xml", b"<a/>"),
    ]
    assert extract(files(*others, (b"diploma.json", BADGE))) == BADGE
    assert code_of(files(*others[:3], *others[4:])) == "pdf-nothing-attached"
    assert extract(files(others[0], others[3])) == b'{"a": 1'


def test_a_file_of_our_name_goes_before_others():
    assert extract(files((b"another.json", OTHER), (b"credential.json", BADGE))) == BADGE


def test_a_name_may_be_written_in_unicode():
    name = b"<feff" + "Diplôme.json".encode("utf-16-be").hex().encode() + b">"
    assert extract(build({**objects_of(BADGE), 3: specification(4, name)})) == BADGE
    name = b"<efbbbf" + "Diplôme.json".encode().hex().encode() + b">"
    assert extract(build({**objects_of(BADGE), 3: specification(4, name)})) == BADGE


@pytest.mark.parametrize(
    "name", ["feff" + "credential.json".encode("utf-16-be").hex(), "efbbbf" + b"credential.json".hex()]
)
def test_our_name_is_ours_in_any_spelling(name):
    ours = {20: specification(21, b"<%s>" % name.encode()), 21: stream(BADGE)}
    leaves = b"<</Names [(another.json) 3 0 R (ours) 20 0 R]>>"

    another = {**objects_of(OTHER), 2: leaves, 3: specification(4, b"(another.json)")}

    assert extract(build({**another, **ours})) == BADGE


def test_a_media_type_says_enough_where_the_name_says_nothing():
    bare = {
        **objects_of(BADGE, b"/Type /EmbeddedFile/Subtype /application#2Fvc"),
        3: specification(4, b"(x)"),
    }
    assert extract(build(bare)) == BADGE
    assert code_of(build({**bare, 4: stream(BADGE)})) == "pdf-nothing-attached"


# --- what is wrong with a file


def test_two_credentials_are_refused_b114():
    assert code_of(files((b"a.json", BADGE), (b"b.json", OTHER))) == "pdf-attached-twice"
    assert code_of(files((b"a.json", BADGE), (b"b.jwt", TOKEN))) == "pdf-attached-twice"
    assert code_of(files((b"credential.json", BADGE), (b"credential.jwt", TOKEN))) == "pdf-attached-twice"


def test_two_files_of_one_name_are_refused_b114():
    assert code_of(files((b"a.json", BADGE), (b"a.json", b'{"a": 1}'))) == "pdf-attached-twice"
    assert code_of(files((b"credential.json", BADGE), (b"credential.json", BADGE))) == "pdf-attached-twice"


def test_a_file_that_is_two_files_is_refused_b114():
    two = b"<</Type /Filespec/F (credential.json)/EF <</F 4 0 R/UF 5 0 R>>>>"
    assert code_of(build({**objects_of(BADGE), 3: two, 5: stream(OTHER)})) == "pdf-malformed"


@pytest.mark.parametrize(
    "change",
    [
        {1: b"<</Type /Catalog>>"},
        {1: b"<</Type /Catalog/Names null>>"},
        {2: b"<</Names []>>"},
        {2: b"<</Names [(credential.json)]>>"},
        {3: b"(credential.json)"},
        {3: b"<</F (credential.json)>>"},
        {3: b"<</F (credential.json)/EF <</F (x)>>>>"},
        {4: stream(b"")},
        {4: stream(b"hello")},
    ],
)
def test_a_pdf_without_a_credential_is_told_as_one(change):
    assert code_of(build({**objects_of(BADGE), **change})) == "pdf-nothing-attached"


def test_what_is_missing_is_told():
    with pytest.raises(MalformedError, match="no files attached"):
        extract(build({1: b"<</Type /Catalog>>"}))
    with pytest.raises(MalformedError, match="No file attached"):
        extract(files((b"notes.txt", b"hello")))


@pytest.mark.parametrize(
    "change",
    [
        {1: b"[]"},
        {1: b"<</Names [1]>>"},
        {2: b"(x)"},
        {2: b"<</Names 5 0 R>>", 5: b"7"},
        {2: b"<</Kids [2 0 R]>>"},
        {2: b"<</Kids [5 0 R]>>", 5: b"<</Kids [2 0 R]>>"},
        {3: specification(9)},
        {4: b"<</Length 5>>"},
    ],
)
def test_a_damaged_list_of_attachments_is_refused_b114(change):
    assert code_of(build({**objects_of(BADGE), **change})) == "pdf-malformed"


@pytest.mark.parametrize(
    "change",
    [
        {2: b"<</Names [%s]>>" % (b"(a) 3 0 R " * (MAX_ATTACHMENTS + 1))},
        {2: b"<</Kids [%s]>>" % (b"<</Names []>>" * (MAX_ATTACHMENTS + 1))},
        {number: b"<</Kids [%d 0 R]>>" % (number + 1) for number in (2, *range(5, 40))}
        | {2: b"<</Kids [5 0 R]>>"},
    ],
)
def test_very_many_attachments_are_not_looked_through_b114(change):
    assert code_of(build({**objects_of(BADGE), **change})) == "limit-pdf"


def test_a_packed_credential_is_unpacked_and_a_bomb_is_not_b114():
    packed = deflated(BADGE).replace(b"<<", b"<</Type /EmbeddedFile", 1)
    assert extract(build({**objects_of(BADGE), 4: packed})) == BADGE
    begun = time.process_time()
    assert code_of(build({**objects_of(BADGE), 4: deflated(b" " * 30_000_000)})) == "limit-pdf"
    assert time.process_time() - begun < 2


def test_overlapping_files_are_not_copied_for_each_b114():
    """Sixty-four attachments that share their eight megabytes."""
    filling = b" " * 8_000_000
    head = b"%PDF-1.7\n"
    objects = {1: CATALOG, 90: stream(filling)}
    leaves = b""
    for index in range(60):
        objects[10 + index] = specification(90, b"(%d.json)" % index)
        leaves += b"(%d) %d 0 R " % (index, 10 + index)
    data = build({**objects, 2: b"<</Names [%s]>>" % leaves}, before=head)

    begun = time.process_time()
    assert code_of(data) == "pdf-nothing-attached"
    assert time.process_time() - begun < 1


def test_a_damaged_picture_inside_is_told_as_one_b108():
    # A picture with two credentials is not passed over for another attachment.
    twice = bake(SVG, BADGE).replace(b"</svg>", bake(SVG, OTHER).partition(b">")[2])
    assert code_of(files((b"a.svg", twice), (b"b.json", BADGE))) in ("baked-twice", "svg-xml")


def test_active_content_is_not_even_read_b114():
    script = b"<</S /JavaScript/JS (app.launchURL\\('https://evil.example'\\))>>"
    catalog = CATALOG[:-2] + b"/OpenAction 5 0 R/AA <</WC 5 0 R>>>>"

    assert extract(build({**objects_of(BADGE), 1: catalog, 5: script})) == BADGE
    assert extract(build({**objects_of(BADGE), 1: catalog, 5: b"broken ("})) == BADGE


def test_the_page_and_the_names_prove_nothing_b110():
    """An altered credential is altered, whatever the PDF around it says."""
    altered = BADGE.replace(b"Knots", b"Boats")

    report = Verifier(FixedSources()).examine(build(objects_of(altered)), at=NOON)

    assert report.verdict is Verdict.NOT_VERIFIED


@pytest.mark.parametrize(
    "data", [build(objects_of(BADGE)), build_streamed(objects_of(BADGE), packed=(1, 2, 3))]
)
def test_every_cut_is_refused_or_makes_no_difference(data):
    for length in range(0, len(data), 7):
        try:
            assert extract(data[:length]) == BADGE
        except MalformedError:
            continue


# --- put in


@pytest.mark.parametrize("name", BY_OTHERS)
@pytest.mark.parametrize("credential", [OTHER, TOKEN])
def test_a_credential_is_attached_and_not_one_byte_changes(name, credential):
    data = (VECTORS / f"{name}.pdf").read_bytes()
    if name == "pypdf":  # has it under a name of its own, which stays
        data = data.replace(b"badge\\056json", b"badge\\056yaml")

    attached = attach(data, credential, at=NOON)

    assert attached.startswith(data)
    assert extract(attached) == credential
    assert extract(attach(attached, BADGE, at=NOON)) == BADGE
    assert attach(data, credential + b"\n", at=NOON) == attached


def test_what_is_attached_is_the_source_of_the_document():
    attached = Document(attach(build({1: b"<</Type /Catalog/Lang (en)>>"}), BADGE, at=NOON))
    catalog = attached.dictionary(attached.trailer["Root"])
    [associated] = catalog["AF"]
    specified = attached.dictionary(associated)
    file = attached.get(specified["EF"]["UF"])

    assert catalog["Lang"] == b"en"
    assert catalog["Names"]["EmbeddedFiles"]["Names"] == [b"credential.json", associated]
    assert specified["AFRelationship"] == Name("Source")
    assert specified["UF"] == b"credential.json"
    assert file.dictionary["Subtype"] == Name("application/vc")
    assert file.dictionary["Params"] == {"Size": len(BADGE), "ModDate": b"D:20261123120000Z"}


def test_what_is_added_begins_on_a_line_of_its_own():
    data = build({1: b"<</Type /Catalog>>"}).rstrip(b"\n")

    assert attach(data, BADGE, at=NOON).startswith(data + b"\n2 0 obj\n")
    assert attach(data + b"\n", BADGE, at=NOON).startswith(data + b"\n2 0 obj\n")


def test_other_attachments_stay_and_stay_in_order():
    data = attach(files((b"z.txt", b"z"), (b"a.txt", b"a")), TOKEN, at=NOON)
    found = Document(data)
    tree = found.dictionary(found.trailer["Root"])["Names"]["EmbeddedFiles"]["Names"]

    assert tree[::2] == [b"a.txt", b"credential.jwt", b"z.txt"]
    assert found.trailer["Size"] == 16


def test_a_file_with_streams_of_places_gets_another_one():
    data = build_streamed({1: b"<</Type /Catalog>>", 2: b"7"}, packed=(1, 2))

    attached = Document(attach(data, BADGE, at=NOON))

    assert attached.ends_with_stream
    assert attached.get(Reference(2, 0)) == 7
    assert extract(attached.data) == BADGE


@pytest.mark.parametrize("credential", [b"", b"hello", b"[]", b'{"a": 1}', b"{", SVG, bake(SVG, BADGE)])
def test_only_credentials_are_attached(credential):
    with pytest.raises(MalformedError) as refusal:
        attach(build({1: b"<</Type /Catalog>>"}), credential, at=NOON)
    assert refusal.value.code == "baked-content"


def test_a_credential_is_not_put_beside_another_one():
    data = files((b"diploma.json", BADGE))
    # Ours has a name that goes first, so it is found; the other one's own name would not be.
    assert extract(attach(data, OTHER, at=NOON)) == OTHER
    direct = b"<</Type /Catalog/AF [<</Type /Filespec/F (credential.json)/EF <</F 4 0 R>>>> 3 0 R]>>"
    with pytest.raises(MalformedError) as refusal:
        attach(build({**objects_of(BADGE), 1: direct}), OTHER, at=NOON)
    assert refusal.value.code == "pdf-attached-twice"


@pytest.mark.parametrize("trailer", [b"", b"/Root 7", b"/Root 1 0 R/Size 0".replace(b"/Size 0", b"")])
def test_a_file_without_a_beginning_is_not_added_to(trailer):
    data = build({1: b"<</Type /Catalog>>"}, trailer)
    if b"1 0 R" in trailer:
        data = data.replace(b"/Size 2", b"/Size x".replace(b"x", b"/"))
    with pytest.raises(MalformedError):
        attach(data, BADGE, at=NOON)


def test_a_document_that_is_not_json_like_ours_is_still_one():
    document = to_json({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": "urn:x:1"})
    assert extract(attach(build({1: b"<</Type /Catalog>>"}), document, at=NOON)) == document
