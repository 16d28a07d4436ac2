# SPDX-License-Identifier: Apache-2.0
"""``/c/<id>.pdf``: what stands on it, what is inside it, who gets one, and how an organisation's look."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pikepdf
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from PIL import Image
from server.tests.desk import png

import cairn.pdf
from cairn.errors import UnavailableError
from cairn_server.achievements import services as achievements
from cairn_server.achievements.uploads import accept_upload
from cairn_server.errors import NotAllowed
from cairn_server.issuing import claiming, representations, status_lists
from cairn_server.issuing import services as issuing
from cairn_server.journal.models import Entry
from cairn_server.organisations import services
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.names import BadText
from cairn_server.wallets import sharing
from cairn_server.web import certificate, display, printing
from cairn_server.web import credential as page_module

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = "A" * 22


@pytest.fixture(autouse=True)
def nothing_set() -> Iterator[None]:
    certificate._made.cache_clear()
    yield
    certificate._made.cache_clear()


def ask(stranger, credential, **how):
    return stranger.get(f"/c/{credential.public_id}.pdf", **how)


def text_of(data: bytes) -> str:
    """What a reader would copy from it: the glyphs by the ToUnicode map of their font."""
    found: list[str] = []
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for page in pdf.pages:
            maps = {name: _unicode(font) for name, font in page.Resources.Font.items()}
            glyphs: dict[int, str] = {}
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    glyphs = maps[str(operands[0])]
                elif str(operator) in ("Tj", "TJ"):
                    parts = operands[0] if str(operator) == "TJ" else operands
                    codes = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
                    found += [
                        glyphs.get(int.from_bytes(codes[at : at + 2]), "") for at in range(0, len(codes), 2)
                    ]
                elif str(operator) == "ET":
                    found.append(" ")
    return re.sub(r"\s+", " ", "".join(found))


def _unicode(font: pikepdf.Object) -> dict[int, str]:
    table = font.ToUnicode.read_bytes().decode()
    pairs = re.findall(r"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>\n", table)
    return {int(code, 16): bytes.fromhex(said).decode("utf-16-be") for code, said in pairs}


def claims(data: bytes) -> tuple[str | None, ...]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        meta = pdf.open_metadata()
        names = ("pdfaid:part", "pdfaid:conformance", "pdfuaid:part")
        return tuple(meta.get(name) for name in names)


# What it is


def test_it_says_who_earned_what_from_whom_and_when(stranger, credential):
    response = ask(stranger, credential)
    text = text_of(response.content)

    assert response["Content-Type"] == "application/pdf"
    for said in (
        "Micro-credential",
        "Ceramics: first firing",
        "Ada Lovelace",
        "Lakeside College",
        "Throws and fires a set of bowls.",
        "To earn this, you throw six bowls.",
        "EQF level 5",
        "operate kilns",
        "No end date",
        f"https://cairn.example/c/{credential.public_id}",
        credential.organisation.did,
    ):
        assert said in text, said


@pytest.mark.parametrize("layout", ["upright", "landscape"])
def test_it_is_tagged_made_to_be_kept_and_has_the_signed_bytes_inside(stranger, credential, owner, layout):
    look(credential.organisation, owner, layout=layout)
    signed, _type = representations.representation(credential, "json")

    made = ask(stranger, credential).content

    assert claims(made) == ("3", "A", "1")
    assert cairn.pdf.extract(made) == signed
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
        [specification] = pdf.Root.AF
        assert str(specification.AFRelationship) == "/Source"
        assert str(specification.EF.F.Subtype) == "/application/vc"
        assert str(specification.UF) == "credential.json"
    page = stranger.post("/verify", {"file": SimpleUploadedFile("c.pdf", made)}).content.decode()
    assert "This is genuine, unchanged and currently valid." in page
    assert "Ada Lovelace" in page


def test_its_words_are_those_of_the_verified_document_and_not_of_our_rows(stranger, credential):
    type(credential).objects.filter(pk=credential.pk).update(recipient_name="Eve Mallory")
    Organisation.objects.update(name="Somewhere else")

    text = text_of(ask(stranger, credential).content)

    assert "Ada Lovelace" in text
    assert "Lakeside College" in text
    assert "Eve" not in text
    assert "Somewhere" not in text


def test_no_cache_and_no_search_engine_keeps_it(stranger, credential):
    response = ask(stranger, credential)

    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"].startswith("noindex")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r'attachment; filename="certificate-[\w-]{8}\.pdf"', response["Content-Disposition"])


def test_the_address_of_the_credential_leads_to_it(stranger, credential):
    response = stranger.get(f"/c/{credential.public_id}", headers={"accept": "application/pdf"})

    assert (response.status_code, response["Location"]) == (303, f"/c/{credential.public_id}.pdf")
    assert "Accept" in response["Vary"]


def test_the_page_has_a_button_for_it(stranger, credential):
    page = stranger.get(f"/c/{credential.public_id}").content.decode()

    assert f'href="/c/{credential.public_id}.pdf"' in page
    assert "Certificate (PDF)" in page


def test_the_same_words_are_set_once_and_give_the_same_bytes(stranger, credential, monkeypatch):
    first = ask(stranger, credential).content
    certificate._made.cache_clear()
    again = ask(stranger, credential).content
    monkeypatch.setattr(printing, "certificate", lambda *_, **__: pytest.fail("set twice"))

    assert first == again == ask(stranger, credential).content


def test_it_is_in_the_language_of_whoever_reads_it(stranger, credential):
    made = ask(stranger, credential, headers={"accept-language": "ar"}).content

    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert str(pdf.Root.Lang) == "ar"
        assert pdf.Root.ViewerPreferences.Direction == "/R2L"
    assert "Ada Lovelace" in text_of(made)


# Who gets one


def test_none_is_made_of_what_was_withdrawn(stranger, owner, credential):
    ask(stranger, credential)
    issuing.suspend(credential, by=owner, reason="A question.", at=timezone.now())
    suspended = ask(stranger, credential)
    issuing.reinstate(credential, by=owner, reason="Answered.", at=timezone.now())
    reinstated = ask(stranger, credential)
    issuing.revoke(credential, by=owner, reason="Awarded in error.", at=timezone.now())
    revoked = ask(stranger, credential)

    assert [each.status_code for each in (suspended, reinstated, revoked)] == [409, 200, 409]
    assert "Reason: Awarded in error." in revoked.content.decode()
    assert "A certificate is made only of what counts today." in revoked.content.decode()
    page = stranger.get(f"/c/{credential.public_id}").content.decode()
    assert "Certificate (PDF)" not in page


def test_none_is_made_while_something_could_not_be_checked(stranger, credential, monkeypatch):
    real = page_module.import_string("cairn_server.config.sources.build")()

    class NoLists:
        def fetch(self, url, **how):
            if "/s/" in url:
                raise UnavailableError("unreachable", "gone")
            return real.fetch(url, **how)

    monkeypatch.setattr(page_module, "import_string", lambda name: NoLists)

    assert ask(stranger, credential).status_code == 409


def test_one_that_has_ended_says_when(stranger, award):
    ended = award(valid_until=timezone.now() + timedelta(days=1))

    with time_machine.travel(timezone.now() + timedelta(days=3)):
        status_lists.renew_status_lists(at=timezone.now())
        response = ask(stranger, ended)

    assert response.status_code == 200
    assert "Valid until" in text_of(response.content)
    assert "No end date" not in text_of(response.content)


def test_whose_page_is_closed_and_what_never_was_look_the_same(stranger, learner, award):
    given = issuing.award(
        by=award().organisation.memberships.get(role="owner").person,
        version=award().version,
        recipient=issuing.Recipient(name="Lena", email=learner.email),
        request_key="closed",
        at=timezone.now(),
    )
    held = claiming.accept(given, by=learner, at=timezone.now())
    assert ask(stranger, given).status_code == 200

    sharing.close_address(held, by=learner, at=timezone.now())

    closed, unknown = ask(stranger, given), stranger.get(f"/c/{UNKNOWN}.pdf")
    assert (closed.status_code, closed.content) == (404, unknown.content)


def test_b149_setting_it_is_limited_whichever_way_leads_there(stranger, credential, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verify": {"burst": 1, "per_minute": 1}}

    assert [ask(stranger, credential).status_code for _ in range(2)] == [200, 429]


# Any script, and strangers' words


@pytest.mark.parametrize("layout", ["upright", "landscape"])
@pytest.mark.parametrize("name", ["فاطمة بنت محمد", "अनन्या शर्मा", "Ελένη Παπαδοπούλου", "Ольга Ким"])
def test_names_in_other_scripts_are_set_and_the_file_stays_one_to_keep(stranger, award, owner, name, layout):
    given = award(name)
    look(given.organisation, owner, layout=layout)

    made = ask(stranger, given).content

    assert claims(made) == ("3", "A", "1")
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert name in str(pdf.docinfo.get("/Title", "")) or name in pdf.open_metadata()["dc:title"]


@pytest.mark.parametrize("name", ["王小明", "\U00012000"])
def test_a_script_that_this_machine_may_not_have_still_gives_a_file_with_the_credential(
    stranger, award, name
):
    """Claims are made only of what is true: without a font for it, it is an ordinary PDF."""
    given = award(name)

    made = ask(stranger, given).content

    assert cairn.pdf.extract(made) == representations.representation(given, "json")[0]
    assert claims(made) in (("3", "A", "1"), (None, None, None))


def shown(**changes) -> display.Shown:
    about = {
        "name": "Firing", "kind": "", "description": "", "criteria": "", "criteria_url": "", "image_url": "",
        "language": "", "facts": (), "skills": (), "tags": (),
    }  # fmt: skip
    about |= {name: changes.pop(name) for name in list(changes) if name in about}
    given = {
        "id": "", "recipient": "Ada", "issuer_name": "School", "issuer_url": "", "issuer_id": "did:web:x",
        "awarded": timezone.now(), "valid_until": None, "narrative": "", "results": (), "evidence": (),
    }  # fmt: skip
    return display.Shown(about=display.About(**about), **(given | changes))


def set_in(layout: str, what: display.Shown) -> bytes:
    organisation = Organisation(name="School", certificate_layout=layout)
    words = certificate.told(
        what, organisation=organisation, address="https://x.example/c/1", sha256="0" * 64
    )
    pictures = {"qr": certificate._qr(words["address"])}
    return printing.certificate(words, pictures=pictures, secured=b'{"a": 1}', at=timezone.now())


MARKUP = '#panic("x") #read("/etc/passwd") {{7*7}} $x$ ` *b* <h> \\u{41}'


@pytest.mark.parametrize("layout", ["upright", "landscape"])
def test_b115_b127_what_a_stranger_wrote_is_text_and_no_programme(layout):
    what = shown(
        name=MARKUP,
        recipient=MARKUP,
        issuer_name=MARKUP,
        description=MARKUP,
        criteria=f"<p>{MARKUP.replace('<', '&lt;')}</p>",
        skills=(display.Skill(MARKUP, "", "", "", ""),),
        facts=((MARKUP, MARKUP),),
        language="zz",
        kind=MARKUP,
    )

    made = set_in(layout, what)

    assert claims(made) == ("3", "A", "1")
    assert text_of(made).count('#read("/etc/passwd")') >= 5


@pytest.mark.parametrize("layout", ["upright", "landscape"])
def test_b128_b129_what_cannot_be_seen_is_left_out_and_what_is_too_long_is_cut(layout):
    hostile = "\u202eecalevoL\u202c \x00\x07\u2028Ada\u2066\u200f"
    what = shown(
        name="A" * 10_000,
        recipient=hostile,
        description="word " * 10_000,
        criteria="<p>" + "x" * 10_000 + "</p>" + "<p>more</p>" * 1_000,
        skills=(display.Skill("y" * 10_000, "", "", "", ""),) * 200,
        facts=(("z" * 10_000, "z" * 10_000),) * 200,
        issuer_name="B" * 10_000,
        language="x" * 8,
    )

    made = set_in(layout, what)

    assert claims(made) == ("3", "A", "1")
    assert "ecalevoL Ada" in text_of(made)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages) <= 4


def test_a_long_word_can_be_broken_and_an_identifier_is_what_it_is():
    identifier = "did:web:cairn.example:i:" + "A" * 50
    words = certificate.told(
        shown(recipient="A" * 60, issuer_id=identifier),
        organisation=Organisation(name="School"),
        address="https://x.example/c/1",
        sha256="0" * 64,
    )

    assert words["recipient"].split("\u200b") == ["A" * 28, "A" * 28, "A" * 4]
    assert words["signed"][0][1] == identifier
    assert "\u200b" not in words["title"]


def test_a_line_keeps_the_joiners_that_letters_need():
    assert certificate.line("क्\u200dष  \u200bx", 20) == "क्\u200dष x"


# How those of an organisation look


def look(organisation, by, *, layout="landscape", colour="#84331c"):
    services.set_certificate(organisation, by=by, layout=layout, colour=colour, at=timezone.now())


@pytest.fixture
def own(organisation) -> str:
    return f"/organisations/{organisation.public_id}/certificate"


def test_an_owner_chooses_and_the_next_certificate_looks_like_it(
    stranger, signed_in, owner, organisation, credential, own
):
    before = ask(stranger, credential).content

    answer = signed_in(owner).post(own, {"layout": "landscape", "colour": "#84331C", "do": "save"})

    assert answer.status_code == 302
    organisation.refresh_from_db()
    assert (organisation.certificate_layout, organisation.certificate_colour) == ("landscape", "#84331c")
    after = ask(stranger, credential).content
    for data, is_wide in ((before, False), (after, True)):
        with pikepdf.open(io.BytesIO(data)) as pdf:
            _x, _y, width, height = (float(each) for each in pdf.pages[0].MediaBox)
            assert (width > height) is is_wide
    entry = Entry.objects.filter(verb="certificate changed").get()
    assert entry.details == {"layout": "landscape", "colour": "#84331c"}


def test_a_preview_is_drawn_and_nothing_is_kept(signed_in, owner, organisation, own):
    client = signed_in(owner)

    page = client.post(own, {"layout": "landscape", "colour": "#84331c", "do": "preview"})
    drawn = client.get(page.context["preview"])

    organisation.refresh_from_db()
    assert organisation.certificate_layout == "upright"
    picture = Image.open(io.BytesIO(drawn.content))
    assert picture.width > picture.height
    colours = {colour for _count, colour in picture.convert("RGB").getcolors(1_000_000)}
    assert (0x84, 0x33, 0x1C) in colours


def test_the_logo_stands_on_it(stranger, owner, organisation, credential):
    def pictures() -> int:
        with pikepdf.open(io.BytesIO(ask(stranger, credential).content)) as pdf:
            return sum("/Width" in each for each in pdf.objects if isinstance(each, pikepdf.Stream))

    before = pictures()
    services.set_logo(organisation, by=owner, png=accept_upload(png()), at=timezone.now())

    assert pictures() > before


@pytest.mark.parametrize(
    "wrong", [{"layout": "round"}, {"colour": "red"}, {"colour": ""}, {"colour": "url(x)"}, {}]
)
def test_what_is_no_look_is_refused_beside_its_field(signed_in, owner, own, wrong):
    good = {"layout": "upright", "colour": "#84331c"}
    data = good | wrong if wrong else {}

    assert signed_in(owner).post(own, data).status_code == 422
    assert signed_in(owner).get(f"{own}.png", data).status_code == 404


def test_only_an_owner_changes_it(signed_in, auditor, issuer, organisation, own):
    for person in (auditor, issuer):
        assert signed_in(person).post(own, {"layout": "landscape", "colour": "#84331c"}).status_code == 403
        with pytest.raises(NotAllowed):
            look(organisation, person)
    organisation.refresh_from_db()
    assert organisation.certificate_layout == "upright"


def test_an_outsider_finds_nothing(signed_in, outsider, own):
    client = signed_in(outsider)

    answers = [client.get(own), client.get(f"{own}.png"), client.post(own, {"layout": "landscape"})]

    assert [each.status_code for each in answers] == [404, 404, 404]


def test_the_service_and_the_table_know_the_layouts(organisation, owner):
    for wrong in ({"layout": "round"}, {"colour": "#FFF"}, {"colour": "#84331c\n"}):
        with pytest.raises(BadText):
            look(organisation, owner, **wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.update(certificate_layout="round")


def test_its_achievement_has_the_picture_that_was_designed(stranger, credential, owner, organisation):
    at = timezone.now()
    with translation.override("en"):
        plain = achievements.draft_achievement(
            by=owner,
            organisation=organisation,
            fields={"name": "Glazing", "description": "Glazes.", "criteria": "Five bowls."},
            at=at,
        )
    achievements.set_picture(plain, by=owner, upload=png(), at=at)
    uploaded = issuing.award(
        by=owner,
        version=achievements.publish(plain, by=owner, at=at),
        recipient=issuing.Recipient(name="Ada", email="ada@people.example"),
        request_key="uploaded",
        at=at,
    )

    for each in (credential, uploaded):
        made = ask(stranger, each).content
        assert claims(made) == ("3", "A", "1")
        # The alternative text of the badge, for whoever does not see it.
        assert "badge" in " ".join(alternatives(made))


def alternatives(data: bytes) -> list[str]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return [
            str(each.Alt) for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and "/Alt" in each
        ]
