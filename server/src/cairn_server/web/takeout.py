# SPDX-License-Identifier: Apache-2.0
"""Everything of a person as one ZIP file, written while it is sent: one piece at a time is in memory.

index.html         opens without a network: what is there, and how to check it
credentials/       every credential exactly as it was signed
to-show/           of those of which parts can be kept back: the copy that others may have
waiting/           the same of what was awarded to one's addresses and waits for an answer
pictures/          those awarded here, inside their badges (PNG)
records/           learner records (CLR 2.0) that this installation signs
europass/          the same achievements in the words of Europass, unsigned
evidence/          the files that one handed in for projects
resume.json        JSON Resume
data.json          everything else that is kept about the person
"""

from __future__ import annotations

import json
import re
import zipfile
from functools import lru_cache
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import uuid4

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

import cairn
from cairn.errors import CairnError
from cairn_server.accounts import proving
from cairn_server.accounts import services as accounts
from cairn_server.achievements.models import AchievementVersion
from cairn_server.assessments import services as assessments
from cairn_server.earning import services as earning
from cairn_server.errors import Refusal
from cairn_server.issuing import claiming
from cairn_server.issuing import services as issuing
from cairn_server.issuing.representations import representation
from cairn_server.organisations import receipts
from cairn_server.organisations import services as organisations
from cairn_server.portability import services as portability
from cairn_server.presenting import services as presenting
from cairn_server.projects import services as projects
from cairn_server.wallets import services as wallets
from cairn_server.wallets import taking
from cairn_server.web import display
from cairn_server.web.backpack import suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.wallets.models import HeldCredential

# Rows that are fetched at once; each may hold a picture.
PIECE = 25
# Where the rows of the page stand; a comment, and no text of a person's.
ROWS = "<!--rows-->"
_PICTURE = re.compile(r"/a/([A-Za-z0-9_-]{22})/image\.png")


class _Sent:
    """What ``zipfile`` writes to: it holds what was not sent yet, and cannot be gone back in."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        waiting, self._waiting = self._waiting, []
        return b"".join(waiting)


def stream(person: Person, *, language: str, at: datetime) -> Iterator[bytes]:
    """The file, piece by piece, in the language of whoever asked for it."""
    sent = _Sent()
    with (
        translation.override(language),
        zipfile.ZipFile(cast("IO[bytes]", sent), "w", zipfile.ZIP_DEFLATED) as file,
    ):
        for _file in _files(file, person, at=at):
            yield sent.taken()
    yield sent.taken()


def _files(file: zipfile.ZipFile, person: Person, *, at: datetime) -> Iterator[None]:
    """Writes one after the other, and stops after each so that it can be sent."""
    records = _Records(person, at=at)
    with _Aside() as list_of_files, _Aside() as rows_of_page:
        held = wallets.held_by(person).defer("report", "words", "skills")
        count, own_copies = 0, False
        for count, credential in enumerate(held.iterator(chunk_size=PIECE), start=1):
            files = list(_of_one(credential, count))
            for name, data, stored in files:
                file.writestr(name, data, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
            own_copies = own_copies or credential.is_own_copy
            told = _about(credential, [name for name, _data, _stored in files])
            list_of_files.add(("," if count > 1 else "") + "\n" + json.dumps(told, ensure_ascii=False))
            rows_of_page.add(render_to_string("account/takeout_row.html", {"each": told}))
            if record := records.take(credential.for_others):
                file.writestr(*record)
            yield
        if record := records.close():
            file.writestr(*record)
        waiting = []
        for name, title, secured in _waiting(person, at=at):
            file.writestr(name, secured)
            waiting.append((name, title))
            yield
        for evidence in projects.files_of(person):
            assert evidence.file is not None  # a link has none
            with file.open(projects.file_name(evidence), "w") as entry:
                for piece in evidence.file.read():
                    entry.write(piece)
                    yield
        file.writestr("resume.json", _json(wallets.resume(person)))
        yield
        everything = {
            "account": accounts.export_data(person),
            "organisations": organisations.export_data(person),
            "awards": issuing.export_data(person)["awards"],
            "showing": wallets.export_data(person),
            "presenting": presenting.export_data(person),
            "connected": portability.export_data(person),
            "earning": earning.export_data(person),
            "assessments": assessments.export_data(person),
            "projects": projects.export_data(person)["projects"],
        }
        yield from _written(
            file, "data.json", _json(everything)[:-2] + ',\n  "wallet": [', list_of_files, "]\n}\n"
        )
        context = {
            "count": count,
            "own_copies": own_copies,
            "rows": ROWS,
            "records": records.names,
            "problem": records.problem,
            "waiting": waiting,
            "at": at,
            "site": settings.PUBLIC_URL,
        }
        before, _rows, after = render_to_string("account/takeout.html", context).partition(ROWS)
        yield from _written(file, "index.html", before, rows_of_page, after)


class _Aside:
    """Lines that are written at the end: on disk as soon as they are many."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=500_000)  # noqa: SIM115 - closed with this object

    def __enter__(self) -> _Aside:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add(self, text: str) -> None:
        self._file.write(text.encode())

    def pieces(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(100_000):
            yield piece


def _written(file: zipfile.ZipFile, name: str, before: str, middle: _Aside, after: str) -> Iterator[None]:
    with file.open(name, "w") as entry:
        entry.write(before.encode())
        for piece in middle.pieces():
            entry.write(piece)
            yield
        entry.write(after.encode())
    yield


def _waiting(person: Person, *, at: datetime) -> Iterator[tuple[str, str, bytes]]:
    """What they could accept today without another code: whoever asks for their data has a right to it."""
    fresh = proving.fresh_addresses(person, at=at)
    found = claiming.waiting_for(person, at=at).filter(recipient_email__in=fresh).select_related("version")
    for number, credential in enumerate(found, start=1):
        yield f"waiting/{number:04}.json", credential.version.name, representation(credential, "json")[0]


def _of_one(held: HeldCredential, number: int) -> Iterator[tuple[str, bytes | str, bool]]:
    """The files of one credential: name, content, and whether packing it would be in vain."""
    # Names of ours: what strangers wrote into a credential is no file name (B119).
    yield f"credentials/{number:04}.{suffix_of(held)}", bytes(held.secured), False
    if held.is_own_copy:
        yield f"to-show/{number:04}.{suffix_of(held)}", held.for_others, False
    if baked := _baked(held, held.for_others):
        yield f"pictures/{number:04}.png", baked, True
    if held.document is not None and (words := taking.europass(held.document)) is not None:
        yield f"europass/{number:04}.json", _json(words), False


def _baked(held: HeldCredential, secured: bytes) -> bytes | None:
    """The badge with the credential inside; of another server's there is no picture here."""
    found = _PICTURE.fullmatch(display.own_image(held.picture, public_url=settings.PUBLIC_URL))
    png = _png(found[1]) if found else None
    if png is None:
        return None
    try:
        return cairn.bake(png, secured)
    except CairnError:
        return None  # an SD-JWT, say: no picture can carry it


@lru_cache(maxsize=8)
def _png(version_id: str) -> bytes | None:
    """Of a published version, which does not change any more."""
    version = AchievementVersion.objects.published().filter(public_id=version_id).first()
    return bytes(version.picture.png) if version is not None and version.picture is not None else None


class _Records:
    """Learner records of some credentials each, signed as they become full."""

    def __init__(self, person: Person, *, at: datetime) -> None:
        self.names: list[str] = []
        self.problem = ""
        self._at, self._subject = at, f"urn:uuid:{uuid4()}"
        self._name = _("Credentials of %(name)s") % {"name": person.name} if person.name else _("Credentials")
        self._held: list[dict[str, Any]] = []
        self._bytes = 0

    def take(self, secured: bytes) -> tuple[str, bytes] | None:
        """A record that is full now, if there is one."""
        document = taking.fits_into_a_record(secured)
        if document is None or len(secured) > taking.MOST_BYTES:
            return None
        is_full = len(self._held) == taking.MOST_IN_A_RECORD or self._bytes + len(secured) > taking.MOST_BYTES
        full = self._signed(partial=True) if is_full else None
        self._held.append(document)
        self._bytes += len(secured)
        return full

    def close(self) -> tuple[str, bytes] | None:
        return self._signed(partial=bool(self.names)) if self._held else None

    def _signed(self, *, partial: bool) -> tuple[str, bytes] | None:
        record = taking.learner_record(
            self._held,
            id=f"urn:uuid:{uuid4()}",
            name=self._name,
            subject_id=self._subject,
            partial=partial,
            at=self._at,
        )
        self._held, self._bytes = [], 0
        try:
            signed = receipts.sign_learner_record(record, at=self._at)
        except (Refusal, CairnError) as error:
            # Without a signature it would be a claim of nobody's; all it would list is there all the same.
            self.problem = str(getattr(error, "message", error))
            return None
        name = f"records/clr-{len(self.names) + 1:03}.json"
        self.names.append(name)
        return name, signed


def _about(held: HeldCredential, files: list[str]) -> dict[str, Any]:
    return {
        "file": files[0],
        "files": files,
        "name": held.name,
        "id": held.credential_id,
        # By this name the log of looks calls it.
        "looked_at_as": held.public_id,
        "issuer": held.issuer_id,
        "issuer_name": held.issuer_name,
        "awarded_at": held.awarded_at.isoformat() if held.awarded_at else None,
        "ends_at": held.ends_at.isoformat() if held.ends_at else None,
        "received_at": held.received_at.isoformat(),
        "source": held.source,
        "arrival": held.arrival,
        "came_from": held.came_from,
        "visibility": held.visibility,
        # The first of its files is for its holder alone.
        "own_copy": held.is_own_copy,
        "note": held.note,
        "verdict": held.verdict,
        "standing": held.standing,
        "checked_at": held.checked_at.isoformat() if held.checked_at else None,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
