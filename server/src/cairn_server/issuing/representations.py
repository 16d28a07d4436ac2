# SPDX-License-Identifier: Apache-2.0
"""What is handed out of a credential: the stored bytes, as they are or inside a picture."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

import cairn
from cairn_server.errors import Refusal
from cairn_server.issuing.models import SecuredCredential
from cairn_server.issuing.signing import Format

if TYPE_CHECKING:
    from cairn_server.issuing.models import Credential

MEDIA_TYPES = {
    "json": "application/vc",
    "jwt": "application/vc+jwt",
    "png": "image/png",
    "svg": "image/svg+xml",
}


class NotInThisForm(Refusal):
    """Awards from a list are signed in one form. The other is made by who awards (as_token.py): nothing is
    signed on a GET."""

    status = 404

    def __init__(self) -> None:
        super().__init__("no-such-form", _("This credential is not there in this form. Take the JSON file."))


def representation(credential: Credential, format: str) -> tuple[bytes, str]:
    """The stored bytes in one of four forms, with their media type. Nothing is signed here, only wrapped."""
    if format == "jwt":
        try:
            return credential.secured_in(Format.JWT).bytes(), MEDIA_TYPES["jwt"]
        except SecuredCredential.DoesNotExist:
            raise NotInThisForm from None
    record = credential.secured_in(Format.JSON).bytes()
    if format == "json":
        return record, MEDIA_TYPES["json"]
    picture = credential.version.picture
    assert picture is not None, "a published version has its picture (database constraint)"
    if format == "png":
        return cairn.bake(bytes(picture.png), record), MEDIA_TYPES["png"]
    if format == "svg":
        return cairn.bake((picture.svg or _framed(bytes(picture.png))).encode(), record), MEDIA_TYPES["svg"]
    raise ValueError(f"there is no form {format!r}; there are {', '.join(MEDIA_TYPES)}")


def _framed(png: bytes) -> str:
    """An SVG around the pixels of an upload, whose own SVG is never kept (B112)."""
    data = b64encode(png).decode("ascii")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" width="600" height="600">'
        f'<image width="600" height="600" href="data:image/png;base64,{data}"/></svg>'
    )
