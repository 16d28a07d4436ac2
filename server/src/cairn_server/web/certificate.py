# SPDX-License-Identifier: Apache-2.0
"""``/c/<id>.pdf``: a credential on paper, with the credential itself inside; and how an organisation's look.

Every word about a credential comes out of the verified document, as on its page; the organisation's settings
choose a layout, a colour and a logo, and add no words. Paper cannot be called back, so none is made of what
does not count at this moment.
"""

from __future__ import annotations

import json
import re
import unicodedata
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.errors import Refusal
from cairn_server.issuing import analytics
from cairn_server.organisations import roles, services
from cairn_server.organisations.models import CertificateLayout
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import Role
from cairn_server.wallets.models import Look
from cairn_server.web import credential, display, markdown, printing, publication, share_cards, verdict
from cairn_server.web.access import OVERSEERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of
from cairn_server.web.pictures import ColourInput

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

# What a page has room for. The whole of it is in the credential that is attached.
MOST_NAME = 200
MOST_DESCRIPTION = 420
MOST_CRITERIA = 900
MOST_SKILLS = 16
# Never broken, so that what is copied is right; longer ones are cut.
MOST_IDENTIFIER = 88
MOST_FACTS = 12
# No line is broken inside a word, unless nobody could call it one.
_LONG_WORD = re.compile(r"\S{28}(?=\S)")
_BREAK = "\u200b"


class NotPrinted(Refusal):
    def __init__(self, why: str) -> None:
        told = {"why": why}
        super().__init__("not-printed", _("%(why)s A certificate is made only of what counts today.") % told)


@publication.for_everyone
def certificate(request: HttpRequest, credential_id: str) -> HttpResponse:
    """Judged when it is asked for; set once for the same words."""
    at = timezone.now()
    found = credential.find(credential_id)
    if found is None:
        return credential.absent(request)
    judged = credential.judge(found, at=at, now=at)
    if not judged.counts:
        raise NotPrinted(judged.bar.sentence)
    credential.note(credential_id, analytics.Kind.SHARED, Look.Kind.FILE)
    words, pictures, secured = parts(found, judged)
    made = _made(
        json.dumps(words, sort_keys=True), tuple(sorted(pictures.items())), secured, found.awarded_at
    )
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="certificate-{credential_id[:8]}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return publication.private(publication.page(response))


def parts(found: Credential, judged: credential.Judged) -> tuple[dict[str, Any], dict[str, str], bytes]:
    """The words, the pictures, and the bytes that go inside."""
    shown, address = judged.shown, found.address(settings.PUBLIC_URL)
    assert shown is not None, "what counts is shown"
    words = told(shown, organisation=found.organisation, address=address, sha256=judged.report.sha256)
    pictures = {
        "picture": share_cards.drawing(settings.PUBLIC_URL + shown.about.image_url),
        "logo": _logo(found.organisation),
        "qr": _qr(address),
    }
    return words, pictures, judged.secured


@lru_cache(maxsize=64)
def _made(words: str, pictures: tuple[tuple[str, str], ...], secured: bytes, at: datetime) -> bytes:
    """The same words, pictures and credential give the same bytes, so they are set once."""
    return printing.certificate(json.loads(words), pictures=dict(pictures), secured=secured, at=at)


# The words


def told(shown: display.Shown, *, organisation: Organisation, address: str, sha256: str) -> dict[str, Any]:
    """A credential in the words of a certificate, each a line of text and nothing else (B127, B129)."""
    about = shown.about
    name, recipient = line(about.name, MOST_NAME), line(shown.recipient, MOST_NAME)
    return {
        "lang": (get_language() or "en").split("-")[0],
        # Typst knows languages by two or three letters; what it does not know it sets as the page's own.
        "text_lang": about.language.split("-")[0].lower() if len(about.language.split("-")[0]) <= 3 else "",
        "layout": organisation.certificate_layout,
        "colour": organisation.certificate_colour,
        "title": " – ".join(filter(None, (plain(about.name, MOST_NAME), plain(shown.recipient, MOST_NAME)))),
        "kind": line(about.kind, 60) or _("Certificate"),
        "name": name,
        "to": _("Awarded to") if recipient else "",
        "recipient": recipient,
        "by": _("Awarded by"),
        "issuer": line(shown.issuer_name, MOST_NAME),
        "description": line(about.description, MOST_DESCRIPTION),
        "dates": [
            [_("Awarded on"), verdict.day(shown.awarded)],
            [_("Valid until"), verdict.day(shown.valid_until) if shown.valid_until else _("No end date")],
        ],
        "facts": [
            [line(term, 80), line(value, 120)]
            for term, value in (
                *about.facts,
                *((result.name or _("Result"), result.value) for result in shown.results),
            )
        ][:MOST_FACTS],
        "criteria_heading": _("What was assessed"),
        "criteria": _in_short(markdown.plain(about.criteria), MOST_CRITERIA),
        "skills_heading": _("Skills"),
        "skills": [line(skill.name, 80) for skill in about.skills[:MOST_SKILLS]],
        "more_skills": len(about.skills) > MOST_SKILLS,
        "picture_alt": _("%(name)s badge") % {"name": plain(about.name, MOST_NAME)},
        "logo_alt": plain(shown.issuer_name, MOST_NAME),
        "qr_alt": _("QR code with the link beside it"),
        "address": address,
        "scan": _("Scan the code, or open this address, to see whether it still counts:"),
        "closing": _(
            "The signed credential is attached to this file as credential.json."
            " It is what counts, not this page: bring the file to %(url)s/verify."
        )
        % {"url": settings.PUBLIC_URL},
        "attached": _("The signed credential"),
        "signed": [
            [_("Issuer’s identifier"), plain(shown.issuer_id, MOST_IDENTIFIER)],
            [_("Fingerprint (SHA-256)"), sha256],
        ],
    }


def line(text: str, most: int) -> str:
    """One line that can be broken anywhere if it has a word that no page has room for."""
    return _LONG_WORD.sub(rf"\g<0>{_BREAK}", plain(text, most))


def plain(text: str, most: int) -> str:
    """So many characters at most, without what cannot be seen: controls, turns of direction."""
    kept = "".join(
        character if not has_hidden_characters(character) else " " if character.isspace() else ""
        for character in unicodedata.normalize("NFC", text[: most * 4])
    )
    kept = " ".join(kept.split())
    return kept if len(kept) <= most else kept[: most - 1].rstrip() + "…"


def _in_short(paragraphs: list[str], most: int) -> list[str]:
    """The first paragraphs, as far as the room goes."""
    found: list[str] = []
    for paragraph in paragraphs:
        if most < 40:
            found[-1] += " …"
            break
        found.append(line(paragraph, most))
        most -= len(found[-1])
    return found


# The pictures


def _qr(address: str) -> str:
    out = BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=0, dark="#23262d", svgns=True)
    return out.getvalue().decode()


def _logo(organisation: Organisation) -> str:
    if not organisation.logo_png:
        return ""
    png = bytes(organisation.logo_png)
    # Where a PNG says how large it is (ISO/IEC 15948, 11.2.2).
    width, height = (int.from_bytes(png[start : start + 4], "big") for start in (16, 20))
    data = b64encode(png).decode("ascii")
    size = f'width="{width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size}>'
        f'<image {size} href="data:image/png;base64,{data}"/></svg>'
    )


# How those of an organisation look


class LooksForm(forms.Form):
    layout = forms.ChoiceField(
        label=gettext_lazy("Layout"), widget=forms.RadioSelect, choices=CertificateLayout.choices
    )
    colour = forms.RegexField(
        r"\A#[0-9A-Fa-f]{6}\Z",
        label=gettext_lazy("Colour"),
        max_length=7,
        widget=ColourInput,
        help_text=gettext_lazy("Of lines and bands. Text stays dark, so that everybody can read it."),
    )

    def clean_colour(self) -> str:
        return str(self.cleaned_data["colour"]).lower()


@require_http_methods(FORM_METHODS)
@member_page(*OVERSEERS)
def looks(request: HttpRequest, member: Member) -> HttpResponse:
    organisation = member.organisation
    if request.method == "POST":
        roles.require(member.person, Role.OWNER, organisation)
    form = LooksForm(
        posted(request),
        initial={"layout": organisation.certificate_layout, "colour": organisation.certificate_colour},
    )
    if form.is_bound and form.is_valid() and request.POST.get("do") != "preview":
        with refusals_on(form):
            services.set_certificate(organisation, by=member.person, at=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Saved. Every certificate looks like this from now on."))
            return redirect("organisation-certificate", organisation.public_id)
    wanted = {name: form[name].value() or "" for name in ("layout", "colour")}
    preview = reverse("organisation-certificate-preview", args=[organisation.public_id])
    context = {
        "member": member,
        "form": form,
        "preview": "" if form.is_bound and not form.is_valid() else f"{preview}?{urlencode(wanted)}",
    }
    return render(request, "organisation/certificate.html", context, status=status_of(form))


@require_safe
@member_page(*OVERSEERS)
def preview(request: HttpRequest, member: Member) -> HttpResponse:
    """The first page of an example in the look that the address describes; nothing is kept."""
    form = LooksForm(request.GET)
    if not form.is_valid():
        raise Http404
    organisation = member.organisation
    organisation.certificate_layout = form.cleaned_data["layout"]
    organisation.certificate_colour = form.cleaned_data["colour"]
    words = told(_example(organisation), organisation=organisation, address=settings.PUBLIC_URL, sha256=_NONE)
    response = HttpResponse(
        _drawn(json.dumps(words, ensure_ascii=False, sort_keys=True), _logo(organisation)),
        content_type="image/png",
    )
    response["Cache-Control"] = "private, no-cache"
    return response


@lru_cache(maxsize=16)
def _drawn(words: str, logo: str) -> bytes:
    read = json.loads(words)
    return printing.certificate_picture(read, pictures={"logo": logo, "qr": _qr(read["address"])})


_NONE = "0" * 64


def _example(organisation: Organisation) -> display.Shown:
    begins = datetime(timezone.now().year, 3, 1, tzinfo=UTC)
    return display.Shown(
        id="",
        about=display.About(
            name=_("An example"),
            kind=display.type_name("MicroCredential"),
            description=_("Here stands what the achievement is, in the words of its description."),
            criteria=mark_safe(f"<p>{_('Here stands in short what one has to do for it.')}</p>"),  # noqa: S308
            criteria_url="",
            image_url="",
            language="",
            facts=((_("Workload"), "–"),),
            skills=(),
            tags=(),
        ),
        recipient="Ada Lovelace",
        issuer_name=organisation.name,
        issuer_url="",
        issuer_id=organisation.did or "did:web:…",
        awarded=begins,
        valid_until=begins + timedelta(days=730),
        narrative=mark_safe(""),
        results=(),
        evidence=(),
    )
