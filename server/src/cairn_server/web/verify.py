# SPDX-License-Identifier: Apache-2.0
"""``/verify``: anything a stranger brings, judged as a stranger would.

This module may not import anything that knows what this server has issued (contract ``honest-verifier``).
What is brought stays in memory for the length of one request: no temporary file, no row, no log line.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.shortcuts import render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cairn import MalformedError, Report, Sources, UnavailableError, UnsupportedError, Verifier
from cairn_server.web import display, verdict
from cairn_server.web.publication import page, private

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.datastructures import MultiValueDict

MEGABYTE = 1024 * 1024
LARGEST_FILE = 2 * MEGABYTE
LONGEST_TEXT = 512 * 1024

# What we ask a server for when a visitor pastes a link: the credential itself, then pictures that hold one.
ACCEPT = (
    "application/vc, application/vc+jwt, application/ld+json;q=0.9, application/json;q=0.8, image/*;q=0.5"
)

PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{22}")


class InMemory(FileUploadHandler):
    """Keeps one small file in memory and never opens a temporary one; a larger file ends the upload."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.chunks: list[bytes] = []
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > 8 * LARGEST_FILE:
            raise StopUpload(connection_reset=True)
        if self.received <= LARGEST_FILE + self.chunk_size:
            self.chunks.append(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        file = SimpleUploadedFile(self.file_name or "", b"".join(self.chunks))
        file.size = self.received
        return file


class VerifyForm(forms.Form):
    """Three ways to bring the same thing; exactly one is used."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".png,.svg,.json,.jsonld,.jwt,.jws,.txt"}),
    )
    link = forms.CharField(
        label=gettext_lazy("Link or ID"),
        required=False,
        max_length=2_000,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Text of the credential"),
        help_text=gettext_lazy("JSON, or a token that begins with “eyJ”."),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(
            attrs={"rows": 4, "class": "code", "spellcheck": "false", "autocomplete": "off"}
        ),
    )

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file and (file.size or 0) > LARGEST_FILE:
            raise forms.ValidationError(
                _("This file is larger than 2 MB, which is more than we check."), "too-large"
            )
        return file

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        given = [name for name in ("file", "link", "text") if cleaned.get(name)]
        # Of two with one name a reader would take the last and a person may mean the first (B14, B15).
        sent = cast("tuple[MultiValueDict[str, Any], ...]", (self.files, self.data))
        brought = sum(len(part.getlist(name)) for part in sent for name in given)
        if not given and not self.errors:
            raise forms.ValidationError(_("Choose a file, or paste a link or a text."), "nothing")
        if brought > 1:
            raise forms.ValidationError(_("Give one thing at a time: a file, a link or a text."), "several")
        return cleaned


# Exempt, because this page changes nothing for anyone, and strangers get no cookie that could carry a token.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        # A link in the address only fills the field in: following a link must never make us fetch something.
        return _form_page(request, VerifyForm(initial={"link": request.GET.get("link", "")[:2_000]}))

    request.upload_handlers = [InMemory(request)]
    form = VerifyForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, form, status=422)

    sources: Sources = import_string(settings.SOURCES)()
    at = timezone.now()
    try:
        data = _bytes_of(form, sources)
        report = Verifier(sources).examine(data, at=at)
    except (MalformedError, UnsupportedError, UnavailableError) as error:
        form.add_error(_field_of(form), _in_words(error))
        return _form_page(request, form, status=422)
    return _result_page(request, report, given=_name_of(form))


def _bytes_of(form: VerifyForm, sources: Sources) -> bytes:
    if file := form.cleaned_data["file"]:
        return file.read()
    if text := form.cleaned_data["text"]:
        return text.strip().encode()
    return sources.fetch(address_of(form.cleaned_data["link"]), accept=ACCEPT, limit=LARGEST_FILE)


def address_of(link: str) -> str:
    """Where the credential lies that a visitor names: a link, our own short ID, or another checker's link.

    A VerifierPlus link holds the credential's address after the ``#``, which no server ever gets to see.
    """
    link = link.strip()
    if PUBLIC_ID.fullmatch(link):
        return f"{settings.PUBLIC_URL}/c/{link}"
    # Not urlsplit: what is pasted here need not be an address at all ("http://[" makes it raise).
    fragment = link.partition("#")[2]
    inner = parse_qs(fragment.partition("?")[2]).get("vc", [""])[0]
    return inner if inner.startswith(("https://", "http://")) else link


def _field_of(form: VerifyForm) -> str:
    return next(name for name in ("file", "link", "text") if form.cleaned_data[name])


def _name_of(form: VerifyForm) -> str:
    """What the visitor calls it; their own words, so they may be repeated whatever the verdict."""
    if file := form.cleaned_data["file"]:
        return str(file.name)[:120]
    return form.cleaned_data["link"][:200] or _("the text you pasted")


def _in_words(error: MalformedError | UnsupportedError | UnavailableError) -> str:
    if isinstance(error, UnavailableError):
        # One sentence for every reason, so that nobody can map a network with it (B101).
        return _("We could not open this link.")
    if error.code.startswith("limit-"):
        return _("This is larger or more deeply nested than what we check.")
    if isinstance(error, UnsupportedError):
        return _("This is a kind of credential that we cannot check yet.")
    return _("We could not read this file. Is it the original, not a screenshot?")


def _form_page(request: HttpRequest, form: VerifyForm, *, status: int = 200) -> HttpResponse:
    return private(page(render(request, "verify/form.html", {"form": form}, status=status)))


def _result_page(request: HttpRequest, report: Report, *, given: str) -> HttpResponse:
    shown = (
        None if report.document is None else display.shown(report.document, public_url=settings.PUBLIC_URL)
    )
    status = report.finding("status")
    context = {
        "report": report,
        "words": verdict.words(report),
        "shown": shown,
        "is_badge": isinstance(shown, display.Shown),
        "given": given,
        "checker": version("opencairn"),
        "own_page": _own_page(shown.id) if shown else "",
        "withdrawn": status is not None and status.code in ("revoked", "suspended"),
        "domain": domain_of(report),
    }
    return private(page(render(request, "verify/result.html", context)))


def domain_of(report: Report) -> str:
    """The web address that vouches for the issuer, once that check has said yes."""
    issuer = report.finding("issuer")
    return issuer.details.get("domain", "") if issuer and issuer.outcome.value == "passed" else ""


def _own_page(credential_id: str) -> str:
    """The path of a credential's page on this server, where its date and reason of withdrawal stand."""
    path = credential_id.removeprefix(f"{settings.PUBLIC_URL}/c/")
    return f"/c/{path}" if path != credential_id and PUBLIC_ID.fullmatch(path) else ""
