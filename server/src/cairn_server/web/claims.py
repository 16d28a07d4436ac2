# SPDX-License-Identifier: Apache-2.0
"""What a verified document says, for the kinds that have no page of their own.

Every claim is shown as the issuer wrote it, under the issuer's own name for it: we do not know what it means.
Takes the document out of a ``Report``, never an upload.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cairn_server import receipts
from cairn_server.web import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST = 60
DEEPEST = 4
LONGEST = 600

# The data models' own members and the claims about a token: said elsewhere on the page, or only for machines.
_FRAME = frozenset(
    {
        "@context", "id", "type", "proof", "issuer", "name", "description", "validFrom", "validUntil",
        "issuanceDate", "expirationDate", "credentialStatus", "credentialSchema", "refreshService",
        "termsOfUse", "renderMethod", "credentialSubject", "verifiableCredential", "holder", "endorsement",
        "endorsementJwt", "iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "_sd",
        "_sd_alg", "jti",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plain:
    """A verified document of a kind that has no page of its own: who signed it, its name, what it claims."""

    id: str
    name: str
    description: str
    issuer_id: str
    issuer_name: str
    # Who shows a presentation; nobody issues one.
    holder_id: str
    claims: tuple[tuple[str, str], ...]
    left_out: int = 0


def plain(document: Mapping[str, Any]) -> Plain:
    issuer = document.get("issuer", document.get("iss"))
    named = issuer if isinstance(issuer, dict) else {"id": issuer}
    claims = list(_receipt(document) if _is_receipt(document) else _claims(document))
    return Plain(
        id=_text(document.get("id")),
        name=_text(document.get("name")) or _text(document.get("vct")),
        description=_text(document.get("description")),
        issuer_id=_text(named.get("id")),
        issuer_name=_text(named.get("name")),
        holder_id=_identifier(document.get("holder")),
        claims=tuple(claims[:MOST]),
        left_out=max(0, len(claims) - MOST),
    )


def _identifier(value: Any) -> str:
    """VCDM 2.0 §4.13: a holder is a URL, or an object with one."""
    return _text(value.get("id")) if isinstance(value, dict) else _text(value)


def _claims(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    subjects = document.get("credentialSubject", [])
    for subject in subjects if isinstance(subjects, list) else [subjects]:
        if isinstance(subject, dict):
            yield from _flat({name: value for name, value in subject.items() if name != "type"}, "", 1)
    yield from _flat({name: value for name, value in document.items() if name not in _FRAME}, "", 1)


def _flat(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Each leaf with the words that lead to it; whole branches below a certain depth are only counted."""
    if isinstance(value, dict):
        if set(value) <= {"@value", "@language", "@direction"} and "@value" in value:
            yield path, _text(value["@value"])
            return
        for name, inner in value.items():
            if depth > DEEPEST:
                yield path, _("(more, not shown here)")
                return
            here = _words(name) if name != "id" or path else _("Whom it is about")
            yield from _flat(inner, f"{path} › {here}" if path else here, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(inner, path, depth)
    elif value is not None and path:
        yield path, _text(value)


def _words(name: str) -> str:
    """The issuer's own name for a claim, with its words apart: ``givenName`` and ``given_name`` alike."""
    name = name.rpartition("/")[2].rpartition("#")[2] if "://" in name else name
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", name).strip()
    return (apart[:1].upper() + apart[1:])[:80]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, dict) and "@value" in value:  # a language-tagged text (VCDM 2.0 §11.1)
        value = value["@value"]
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    if isinstance(value, str | int | float):
        text = str(value)
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return ""


def _is_receipt(document: Mapping[str, Any]) -> bool:
    return receipts.KIND in (document.get("type") or ())


def _receipt(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A receipt of ours or of another server: what was checked, when, and the answer."""
    subjects = document.get("credentialSubject", [])
    for subject in subjects if isinstance(subjects, list) else [subjects]:
        if not isinstance(subject, dict):
            continue
        said = _text(subject.get("verdict"))
        known = {each.value: str(words) for each, words in verdict.VERDICTS.items()}
        checked = _text(subject.get("checkedAt"))
        at = verdict.moment(checked)
        yield _("Checked"), verdict.minute(at) if at else checked
        yield _("Verdict"), known.get(said, said)
        yield _("Kind"), _text(subject.get("kind"))
        yield _("Fingerprint (SHA-256)"), _text(subject.get("sha256"))
        yield _("Checked with"), _text(subject.get("checkedWith"))
        content = subject.get("content")
        if isinstance(content, dict):
            yield from _flat(content, "", 1)
