# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io

import pytest
from lxml import etree
from PIL import Image
from server.tests.conftest import MONDAY
from server.tests.issuing.conftest import FIELDS, sources_of

import cairn
from cairn_server.achievements import services as achievements
from cairn_server.issuing import representations
from cairn_server.issuing.models import PendingLeaf, SecuredCredential
from cairn_server.issuing.representations import representation


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        ("json", "application/vc"),
        ("jwt", "application/vc+jwt"),
        ("png", "image/png"),
        ("svg", "image/svg+xml"),
    ],
)
def test_each_form_has_its_media_type_and_is_the_same_every_time(credential, form, media_type):
    first = representation(credential, form)

    assert first[1] == media_type
    assert representation(credential, form) == first


def test_json_and_jwt_are_the_stored_bytes(credential):
    for form, format in (("json", "vc+ld+json"), ("jwt", "vc+jwt")):
        assert representation(credential, form)[0] == credential.secured_in(format).bytes()


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_picture_carries_the_record_itself(credential, form):
    assert cairn.unbake(representation(credential, form)[0]) == representation(credential, "json")[0]


def test_the_png_is_still_the_picture(credential):
    with Image.open(io.BytesIO(representation(credential, "png")[0])) as baked:
        assert baked.tobytes() == Image.open(io.BytesIO(bytes(credential.version.picture.png))).tobytes()


def test_the_svg_of_an_uploaded_picture_is_our_own_around_its_pixels(issuer, organisation, award):
    """B112: what a stranger drew is never handed on; the pixels of it are."""
    shape = b'<rect id="mine" width="9" height="9"/>'
    drawn = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">' + shape + b"</svg>"
    draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    achievements.set_picture(draft, by=issuer, upload=drawn, at=MONDAY)
    achievements.publish(draft, by=issuer, at=MONDAY)
    credential = award(version=draft.__class__.objects.get(pk=draft.pk))

    svg = representation(credential, "svg")[0]

    assert b"mine" not in svg
    assert len(list(etree.fromstring(svg).iter("{http://www.w3.org/2000/svg}image"))) == 1
    report = cairn.Verifier(sources_of(credential)).examine(svg, at=MONDAY)
    assert report.verdict is cairn.Verdict.VERIFIED


def test_nothing_is_signed_and_nothing_written_for_a_reader(credential, monkeypatch):
    monkeypatch.setattr(cairn, "sign", lambda *_args, **_kwargs: pytest.fail("signed on a GET"))
    before = (SecuredCredential.objects.count(), PendingLeaf.objects.count())

    for form in representations.MEDIA_TYPES:
        representation(credential, form)

    assert (SecuredCredential.objects.count(), PendingLeaf.objects.count()) == before


def test_there_is_no_fifth_form(credential):
    with pytest.raises(ValueError, match="pdf"):
        representation(credential, "pdf")
