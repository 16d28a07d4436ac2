# SPDX-License-Identifier: Apache-2.0
"""What a visitor brings to ``/verify``: files, links or a text, one or up to fifty of them.

It stays in memory for the length of one request: no temporary file, no row, no log line. Nothing in here
knows what this server has issued (contract ``honest-verifier``).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cairn.checks import held_by
from cairn.errors import MalformedError
from cairn.materials import ACCEPT_CREDENTIAL
from cairn_server import past

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from django.utils.datastructures import MultiValueDict

    from cairn import Sources

MEGABYTE = 1024 * 1024
LARGEST_FILE = 2 * MEGABYTE
LARGEST_TOTAL = 20 * MEGABYTE
LONGEST_TEXT = 512 * 1024
LONGEST_LINK = 2_000
MOST = 50

# What the file button offers first. Whatever else is brought is read all the same.
ENDINGS = (".png", ".svg", ".pdf", ".json", ".jsonld", ".jwt", ".jws", ".txt", ".csv")
LISTS = (".csv", ".txt")

PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)


class InMemory(FileUploadHandler):
    """Keeps small files in memory and never opens a temporary one; too much at once ends the upload."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = 0
        self.total = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.chunks: list[bytes] = []
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        self.total += len(raw_data)
        if self.total > 2 * LARGEST_TOTAL:
            raise StopUpload(connection_reset=True)
        if self.received <= LARGEST_FILE + self.chunk_size and self.kept <= LARGEST_TOTAL:
            self.kept += len(raw_data)
            self.chunks.append(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        file = SimpleUploadedFile(self.file_name or "", b"".join(self.chunks))
        file.size = self.received
        return file


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing to check: what the visitor calls it, and its bytes or the address where they lie.

    ``given`` is the visitor's own word, so it may be repeated whatever the verdict.
    """

    field: str
    given: str
    data: bytes | None = None
    link: str = ""

    def read(self, sources: Sources) -> bytes:
        """The bytes to judge; ``MalformedError`` for a file above the limit, of which they were not kept."""
        if self.link:
            return sources.fetch(self.link, accept=ACCEPT_CREDENTIAL, limit=LARGEST_FILE)
        if self.data is None:
            raise MalformedError("limit-size", "the file is larger than what is checked")
        return self.data


class SeveralFiles(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; ``clean`` gives a list."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        return [super(FilesField, self).clean(each, initial) for each in data or []]


class Ticks(forms.CheckboxSelectMultiple):
    """Ticks of which none is a choice as well.

    The page sends the name once more without a value, so that "none" and "not asked" are two things: whoever
    does not know of the field means everything.
    """

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[str]:
        if name not in data:
            return [str(value) for value, _label in self.choices]
        return [value for value in super().value_from_datadict(data, files, name) if value]


class VerifyForm(forms.Form):
    """Three ways to bring things, each on its own or together."""

    file = FilesField(
        label=gettext_lazy("Files"),
        required=False,
        # A file of no bytes is a file that cannot be read, and is told so beside its name.
        allow_empty_file=True,
        widget=SeveralFiles(attrs={"accept": ",".join(ENDINGS), "multiple": True}),
    )
    link = forms.CharField(
        label=gettext_lazy("Link or ID"),
        required=False,
        max_length=LONGEST_LINK,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Text of the credential, or a list of links"),
        help_text=gettext_lazy("JSON, or a token that begins with “eyJ”; or one link in each line."),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(
            attrs={"rows": 4, "class": "code", "spellcheck": "false", "autocomplete": "off"}
        ),
    )

    holder = forms.CharField(
        label=gettext_lazy("E-mail address of the holder"),
        help_text=gettext_lazy(
            "Type the address that you know, and we tell you whether it was given to that person. It is"
            " compared and forgotten."
        ),
        required=False,
        max_length=320,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off", "spellcheck": "false"}),
    )

    at = forms.CharField(
        label=gettext_lazy("As of which day?"),
        help_text=gettext_lazy(
            "We then ask for the lists of withdrawn credentials that were signed by the end of that day"
            " (UTC). Issuers with Cairn keep them; of others we may not be able to tell."
        ),
        required=False,
        max_length=40,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    refresh = forms.BooleanField(
        label=gettext_lazy("Ask the issuer for a newer copy"),
        help_text=gettext_lazy(
            "If the credential says where one would be, we ask there once and judge that. The issuer then"
            " learns that somebody looks at it."
        ),
        required=False,
    )

    lists = forms.MultipleChoiceField(
        label=gettext_lazy("Lists that count"),
        help_text=gettext_lazy(
            "They say whether the issuer is one that you know, and nothing about whether the credential is"
            " genuine. Without one, that question is not asked."
        ),
        required=False,
        widget=Ticks,
    )

    def clean_holder(self) -> str:
        typed = str(self.cleaned_data["holder"])
        try:
            if typed:
                held_by(typed)
        except MalformedError as error:
            raise forms.ValidationError(_("This is not an e-mail address."), "holder") from error
        return typed

    def clean_at(self) -> datetime | None:
        typed = str(self.cleaned_data["at"])
        if not typed:
            return None
        moment = past.moment_of(typed, now=timezone.now())
        if moment is None:
            raise forms.ValidationError(_("Give a day that is not ahead of today."), "at")
        return moment

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        # Of two with one name a reader would take the last and a person may mean the first (B14, B15).
        sent = cast("MultiValueDict[str, Any]", self.data)
        if any(len(sent.getlist(name)) > 1 for name in ("link", "text", "holder", "at", "refresh")):
            raise forms.ValidationError(_("Give each field only once."), "several")
        files: Sequence[UploadedFile] = cleaned.get("file") or ()
        if sum(file.size or 0 for file in files) > LARGEST_TOTAL:
            raise forms.ValidationError(
                _("These files are more than 20 MB together. Bring fewer at once."), "too-large"
            )
        cleaned["things"] = things = [
            *_of_files(files, public_url=self.public_url),
            *_of_link(cleaned.get("link") or "", public_url=self.public_url),
            *_of_text(cleaned.get("text") or "", public_url=self.public_url),
        ]
        if not things and not self.errors:
            raise forms.ValidationError(_("Choose a file, or paste a link or a text."), "nothing")
        if len(things) > MOST:
            raise forms.ValidationError(
                ngettext(
                    "This is %(n)s thing, and we check at most %(most)s at once.",
                    "These are %(n)s things, and we check at most %(most)s at once.",
                    len(things),
                )
                % {"n": len(things), "most": MOST},
                "too-many",
            )
        return cleaned

    def __init__(
        self, *args: Any, public_url: str = "", lists: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.public_url = public_url
        self.offered = [name for name, _called in lists]
        if not lists:
            del self.fields["lists"]
            return
        field = cast("forms.MultipleChoiceField", self.fields["lists"])
        field.choices = list(lists)
        field.initial = self.offered

    @property
    def are_all_lists_ticked(self) -> bool:
        """Whether all count, which is how the form is at first."""
        return "lists" not in self.fields or set(self.offered) <= set(self["lists"].value() or ())

    @property
    def lists_that_count(self) -> tuple[str, ...] | None:
        """The names that were chosen; None when there was nothing to choose from."""
        chosen: list[str] | None = self.cleaned_data.get("lists")
        return None if chosen is None else tuple(chosen)

    @property
    def things(self) -> list[Thing]:
        found: list[Thing] = self.cleaned_data["things"]
        return found


def address_of(link: str, *, public_url: str) -> str:
    """Where the credential lies that a visitor names: a link, our own short ID, or another checker's link.

    A VerifierPlus link holds the credential's address after the ``#``, which no server ever gets to see.
    """
    link = link.strip()
    if PUBLIC_ID.fullmatch(link):
        return f"{public_url}/c/{link}"
    # Not urlsplit: what is pasted here need not be an address at all ("http://[" makes it raise).
    fragment = link.partition("#")[2]
    inner = parse_qs(fragment.partition("?")[2]).get("vc", [""])[0]
    return inner if inner.startswith(("https://", "http://")) else link


def _of_files(files: Sequence[UploadedFile], *, public_url: str) -> Iterator[Thing]:
    for file in files:
        name, data = str(file.name)[:120], file.read()
        if (file.size or 0) > LARGEST_FILE:
            yield Thing("file", name)
        elif links := _listed_in(data) if name.lower().endswith(LISTS) else []:
            yield from (_linked("file", link, public_url=public_url) for link in links)
        else:
            yield Thing("file", name, data)


def _of_link(link: str, *, public_url: str) -> Iterator[Thing]:
    if link:
        yield _linked("link", link, public_url=public_url)


def _of_text(text: str, *, public_url: str) -> Iterator[Thing]:
    text = text.strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and all(_LINK.fullmatch(line) or PUBLIC_ID.fullmatch(line) for line in lines):
        yield from (_linked("text", line, public_url=public_url) for line in lines)
    elif text:
        yield Thing("text", _("the text you pasted"), text.encode())


def _linked(field: str, link: str, *, public_url: str) -> Thing:
    return Thing(field, link[:200], link=address_of(link[:LONGEST_LINK], public_url=public_url))


def _listed_in(data: bytes) -> list[str]:
    """The links of a list: the first in each row. Empty when the file is anything but a list of links.

    One row may be a heading.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return []
    found, others = [], 0
    try:
        for row in csv.reader(lines, delimiter=";" if lines and ";" in lines[0] else ","):
            link = next((cell.strip() for cell in row if _LINK.fullmatch(cell.strip())), None)
            if link is not None:
                found.append(link)
            elif any(cell.strip() for cell in row):
                others += 1
            if others > 1:
                return []
    except csv.Error:  # a NUL, or a cell of megabytes (B117)
        return []
    return found
