# SPDX-License-Identifier: Apache-2.0
"""How much may be uploaded at all. What is larger than the largest list is refused before it is kept.

Files up to 2.5 MB stay in memory and larger ones go to disk as they come, so that without a limit one request
could fill the disk, on any page that takes a form.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.http import QueryDict
    from django.utils.datastructures import MultiValueDict

# Of a form beside its file: the names of its parts, the other fields.
_REST = 3_000_000


class Bounded(FileUploadHandler):
    """Refuses a body by its declared length, and one that declares too little by what really comes."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._room = settings.LIST_MAX_MB * 1_000_000 + _REST

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803 - as Django calls it
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, UploadedFile]] | None:
        if content_length > self._room:
            raise RequestDataTooBig
        return None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._room -= len(raw_data)
        if self._room < 0:
            raise RequestDataTooBig
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
