# SPDX-License-Identifier: Apache-2.0
"""An answer to a request, judged: who showed what, whether it counts, and whether it is what was asked for.

Everything in a ``vp_token`` goes before the verifier, each presentation as if it had come alone, with the
question to which it has to be the answer (B55, B58, B71). What nobody asked for is no answer: a presentation
under an id that is not in the query, of another format, or of another kind of credential.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cairn import Outcome, Report, Verifier
from cairn.canonical import to_json
from cairn.checks import Finding, presented_to
from cairn.errors import CairnError, MalformedError
from cairn.parts import CREDENTIAL, unfold
from cairn_server.presenting import dcql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cairn import Materials, Sources
    from cairn.checks import Check
    from cairn.reading import Unverified
    from cairn_server.presenting.dcql import Query, Wanted

MOST_PRESENTATIONS: Final = 20
# What the verifier calls the forms in which each format of the protocol may come.
_FORMS: Final = {
    dcql.LDP: ("vp+ld+json", "vc+ld+json"),
    dcql.JWT: ("vp+jwt", "vc+jwt"),
    dcql.SD_JWT_VC: ("dc+sd-jwt",),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One presentation, with what was found of it."""

    wanted: str
    report: Report | None
    problem: str = ""
    """Why it is no answer to the question, whatever the verifier says of it; a code of ours."""

    @property
    def accepted(self) -> bool:
        return self.report is not None and self.report.accepted and not self.problem


@dataclass(frozen=True, slots=True)
class Judged:
    """The whole answer."""

    shown: tuple[Shown, ...]
    complete: bool
    """Whether everything that has to be there is there, and accepted."""

    @property
    def accepted(self) -> bool:
        # Nothing shown is no answer, and one bad presentation among good ones is not overlooked.
        return bool(self.shown) and self.complete and all(each.accepted for each in self.shown)


def read_token(token: Any, query: Query) -> list[tuple[Wanted, bytes]]:
    """What a ``vp_token`` holds (section 8.1): for each id of the query a list; ``MalformedError`` else."""
    if not isinstance(token, dict) or not token:
        raise _malformed("vp_token is no object with presentations")
    found: list[tuple[Wanted, bytes]] = []
    for name, presentations in token.items():
        wanted = query.wanted(name)
        if wanted is None:
            raise _malformed("it answers what was not asked")
        if not isinstance(presentations, list) or not presentations:
            raise _malformed("the presentations are no list")
        if len(presentations) > 1 and not wanted.multiple:
            raise _malformed("there are several presentations of what was asked for once")
        found += [(wanted, _bytes(each, wanted.format)) for each in presentations]
    if len(found) > MOST_PRESENTATIONS:
        raise _malformed(f"there are more than {MOST_PRESENTATIONS} presentations")
    return found


def judge(
    token: Any,
    *,
    query: Query,
    audience: str,
    nonce: str,
    sources: Sources,
    checks: Sequence[Check],
    at: datetime,
) -> Judged:
    """Every presentation before the verifier. ``audience`` is the ``client_id`` that the wallet was given."""
    shown = [
        _judged(wanted, data, audience=audience, nonce=nonce, sources=sources, checks=checks, at=at)
        for wanted, data in read_token(token, query)
    ]
    good = {each.wanted for each in shown if each.accepted}
    return Judged(tuple(shown), query.is_answered_by(good))


def _judged(
    wanted: Wanted,
    data: bytes,
    *,
    audience: str,
    nonce: str,
    sources: Sources,
    checks: Sequence[Check],
    at: datetime,
) -> Shown:
    asked: tuple[Check, ...] = (*checks, _answers(audience, nonce, bound=wanted.bound))
    if wanted.bound:
        asked = (*asked, held_by_who_shows)
    try:
        report = Verifier(sources, asked).examine(data, at=at)
    except CairnError as error:
        return Shown(wanted.id, None, error.code)
    if report.format not in _FORMS.get(wanted.format, ()):
        return Shown(wanted.id, report, "presentation-format")
    documents = _credentials(report)
    # Of what nobody vouches for there is no document, and the report says no by itself.
    if not documents or not all(wanted.fits(each) is not None for each in documents if each is not None):
        return Shown(wanted.id, report, "presentation-not-asked")
    return Shown(wanted.id, report)


def _answers(audience: str, nonce: str, *, bound: bool) -> Check:
    """That it answers this question. Whoever asked for no binding also takes a credential as it is
    (section 8.1, Appendix B): of that nobody can say for whom it is."""
    asked = presented_to(audience, nonce)
    answered = Finding("holder", Outcome.PASSED, "answered", "It was made in answer to this request.")

    def holder(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        credential = materials.credential
        is_signed_for_us = credential.is_presentation or _has_key_binding(credential)
        if not bound and not is_signed_for_us:
            return ()
        return tuple(answered if each.outcome is Outcome.PASSED else each for each in asked(materials, at))

    return holder


def _has_key_binding(credential: Unverified) -> bool:
    return credential.format == dcql.SD_JWT_VC and not (credential.token or "~").endswith("~")


def held_by_who_shows(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """That every credential in a presentation names whoever signed the presentation as its subject.

    Without it, anybody who has got hold of a badge can show it, correctly signed with a key of their own. An
    SD-JWT says it with the key that it confirms, which its own check asks for.
    """
    presentation = materials.credential
    if not materials.by_itself or not presentation.is_presentation:
        return ()
    presenter = presentation.unverified_issuer
    for part in unfold(presentation):
        if part.within is None and part.role == CREDENTIAL and part.credential is not None:
            subjects = part.credential.unverified_document.get("credentialSubject")
            each = subjects if isinstance(subjects, list) else [subjects]
            named = {one.get("id") if isinstance(one, dict) else None for one in each}
            if named != {presenter}:
                message = "It was not awarded to the key of whoever shows it."
                return (Finding("holder", Outcome.FAILED, "holder-not-presenter", message),)
    return (Finding("holder", Outcome.PASSED, "bound", "It was awarded to whoever shows it."),)


def _credentials(report: Report) -> list[Mapping[str, Any] | None]:
    inside = [part.report.document for part in report.parts if part.role == CREDENTIAL]
    return inside if report.format.startswith("vp+") else [report.document]


def _bytes(presentation: Any, format: str) -> bytes:
    if format == dcql.LDP and isinstance(presentation, dict):
        return to_json(presentation)
    if format != dcql.LDP and isinstance(presentation, str) and presentation.isascii():
        return presentation.encode("ascii")
    raise _malformed("a presentation is not of the format that was asked for")


def _malformed(why: str) -> MalformedError:
    return MalformedError("answer-malformed", f"This is no answer to the request: {why}.")
