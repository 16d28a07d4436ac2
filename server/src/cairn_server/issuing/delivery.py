# SPDX-License-Identifier: Apache-2.0
"""The letters about credentials: what they say, and when they are sent.

A message is owed from the moment of the act (a ``Delivery`` row in the same transaction). It is claimed by a
conditional update and sent outside any transaction (``posting``). No pictures from elsewhere, no tracking,
one link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cairn.errors import CairnError
from cairn_server.accounts.services import person_with_address
from cairn_server.issuing import choices, claiming, posting, returned, signing, wording
from cairn_server.issuing.answers import Answer
from cairn_server.issuing.frames import Damaged
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.issuing.posting import USUAL_PACE, Letter, Pace, Posting
from cairn_server.issuing.signing import Format
from cairn_server.organisations import installation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

# The messages that bring a credential; the others are about one.
BRINGS = (Delivery.Kind.AWARDED, Delivery.Kind.AGAIN, Delivery.Kind.REPLACED, Delivery.Kind.RENEWED)
# Of those, the ones that bring what was accepted before: there is nothing to ask.
FOLLOWS = (Delivery.Kind.REPLACED, Delivery.Kind.RENEWED)
# Those with a link to answer by, as long as nobody has.
REMINDS = (Delivery.Kind.UNCLAIMED, Delivery.Kind.EXPIRING)
ASKS = (Delivery.Kind.AWARDED, Delivery.Kind.AGAIN, Delivery.Kind.REPLACED, *REMINDS)


def owed(credential: Credential, kind: Delivery.Kind, *, at: datetime, reason: str | None = None) -> Delivery:
    """The message of an act, not yet saved: written in the transaction of the act, sent afterwards.

    What it says of the reason is what the credential says now: by the time it is sent, that may have changed.
    """
    tells_why = kind in (Delivery.Kind.REVOKED, Delivery.Kind.SUSPENDED, Delivery.Kind.REINSTATED)
    return Delivery(
        credential=credential,
        kind=kind,
        to=credential.recipient_email,
        reason=(credential.standing_reason if tells_why else "") if reason is None else reason,
        created_at=at,
        due_at=at,
    )


def deliver_due(*, at: datetime, limit: int = 100, pace: Pace = USUAL_PACE, returns_to: str = "") -> int:
    """Send what is due; how many were sent. What cannot be delivered is reported to ``returns_to``."""
    due = Delivery.objects.filter(state=Delivery.State.DUE, due_at__lte=at).order_by("due_at", "pk")
    claimed = posting.claimed(list(due[:limit]), pace, at=at)
    return posting.send(list(_postings(claimed, returns_to, at=at)), pace, at=at)


def _postings(claimed: Sequence[Delivery], returns_to: str, *, at: datetime) -> Iterator[Posting]:
    """A letter for each; one for all that a reader wants once a day; none for what they do not want."""
    together: dict[str, list[Delivery]] = {}
    for delivery in claimed:
        pace = choices.pace_of(delivery)
        if pace == choices.Pace.DAILY:
            together.setdefault(delivery.to, []).append(delivery)
        elif pace == choices.Pace.NEVER:
            posting.not_sent(delivery, "not wanted")
        elif (letter := _written(delivery, returns_to, at=at)) is not None:
            yield letter
    for group in together.values():
        if (letter := _daily(group, returns_to, at=at)) is not None:
            yield letter


def _written(delivery: Delivery, returns_to: str, *, at: datetime) -> Posting | None:
    """The letter, once its credential has been put into the wallet; None when there is none to send."""
    delivery = Delivery.objects.select_related(
        "credential__organisation", "credential__version__achievement"
    ).get(pk=delivery.pk)
    try:
        _hand_over(delivery, at=at)
        answer = claiming.answer_to(delivery.credential)
        why_not = _why_not(delivery, answer)
        if why_not:
            posting.not_sent(delivery, why_not)
            return None
        question = _question(delivery, answer, at=at)
        return Posting(delivery, message_of(delivery, returns_to=returns_to, question=question))
    except (OSError, CairnError, Damaged, signing.OwnProductRefused) as error:
        posting.failed(delivery, error)
        return None


def _daily(group: Sequence[Delivery], returns_to: str, *, at: datetime) -> Posting | None:
    """One letter for what was owed to one reader before this morning; what came later waits for the next."""
    ripe: list[Delivery] = []
    for each in Delivery.objects.filter(pk__in=[each.pk for each in group]).select_related(
        "credential__organisation", "credential__version__achievement"
    ):
        morning = choices.morning_after(each.created_at)
        if at < morning:
            # It was not tried, so this is no attempt.
            Delivery.objects.filter(pk=each.pk).update(due_at=morning, attempts=each.attempts - 1)
            continue
        why_not = _why_not(each, claiming.answer_to(each.credential))
        if why_not:
            posting.not_sent(each, why_not)
            continue
        try:
            _hand_over(each, at=at)
        except (OSError, CairnError, Damaged, signing.OwnProductRefused) as error:
            posting.failed(each, error)
            continue
        ripe.append(each)
    if not ripe:
        return None
    return Posting(ripe[0], _together(ripe, returns_to=returns_to), together=ripe[1:])


def _hand_over(delivery: Delivery, *, at: datetime) -> None:
    """What follows something accepted goes into the same wallet; and nothing is announced that is damaged."""
    if delivery.kind in FOLLOWS:
        claiming.follow(delivery.credential, at=at)
    if delivery.kind in BRINGS:
        delivery.credential.secured_in(Format.JSON).bytes()


def _why_not(delivery: Delivery, answer: Answer | None) -> str:
    """Why this message is not for its reader; empty when it is."""
    stopped = returned.why_stopped(delivery)
    if stopped is not None:
        return f"{stopped.why} {stopped.status}".strip()
    if answer is not None and delivery.kind in REMINDS:
        return "answered"
    unwanted = answer is not None and answer.said == Answer.Said.DECLINED
    if unwanted and delivery.kind in (*FOLLOWS, *returned.ENDED_BY_A_LINK):
        return "declined"
    return ""


@dataclass(frozen=True, slots=True)
class Question:
    """The link that a letter asks by, and until when it works."""

    link: str
    until: datetime


def _question(delivery: Delivery, answer: Answer | None, *, at: datetime) -> Question | None:
    """A new link for each letter: its secret is in that letter and nowhere else."""
    if delivery.kind not in ASKS or (answer is not None and answer.said == Answer.Said.ACCEPTED):
        return None
    credential = delivery.credential.first or delivery.credential
    before = claiming.last_link(credential) if delivery.kind in REMINDS else None
    link, secret = claiming.new_link(credential, at=at, ends=before.expires_at if before else None)
    return Question(f"{installation.public_url()}/claim/{secret}", link.expires_at)


def message_of(
    delivery: Delivery, *, returns_to: str = "", question: Question | None = None
) -> EmailMultiAlternatives:
    """One message, in the language that the reader chose, else that the issuer gave, else of the text."""
    organisation = delivery.credential.organisation
    reader = person_with_address(delivery.to)
    language = (
        (reader.language if reader is not None else "")
        or delivery.credential.language
        or delivery.credential.version.language
    )
    with translation.override(posting.spoken(language)):
        letter = write(delivery, language=language, question=question)
        context = {"letter": letter, "organisation": organisation}
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=render_to_string("issuing/letter.txt", context),
            to=[delivery.to],
            # The organisation answers questions; the address it is sent from is the operator's.
            reply_to=[organisation.email] if organisation.email else None,
            headers={"Auto-Submitted": "auto-generated", **_marks(delivery)},
        )
        message.attach_alternative(render_to_string("issuing/letter.html", context), "text/html")
    return posting.returning(message, delivery.token, returns_to)


def _together(deliveries: Sequence[Delivery], *, returns_to: str) -> EmailMultiAlternatives:
    """The letter of a day: a line for each, and one link to the wallet, where the reader is known."""
    delivery = deliveries[0]
    reader = person_with_address(delivery.to)
    with translation.override(posting.spoken(reader.language if reader else "")):
        lines = tuple(
            _DAILY[Delivery.Kind(each.kind)]().format(
                achievement=each.credential.version.name,
                organisation=each.credential.organisation.name,
                end=_day(each.credential.valid_until),
            )
            for each in deliveries
        )
        letter = Letter(
            subject=ngettext(
                "{n} piece of news in your wallet", "{n} pieces of news in your wallet", len(lines)
            ).format(n=len(lines)),
            heading=_("Your wallet"),
            greeting=_("Hello,"),
            paragraphs=lines,
            action=_("Open your wallet"),
            link=f"{installation.public_url()}/wallet",
            closing=_("You get this once a day, as you have chosen in your account."),
        )
        context = {"letter": letter, "organisation": {"name": urlsplit(installation.public_url()).hostname}}
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=render_to_string("issuing/letter.txt", context),
            to=[delivery.to],
            headers={"Auto-Submitted": "auto-generated", **_marks(delivery)},
        )
        message.attach_alternative(render_to_string("issuing/letter.html", context), "text/html")
    return posting.returning(message, delivery.token, returns_to)


def _marks(delivery: Delivery) -> dict[str, str]:
    """How a report names this message, and how a reader ends reminders (RFC 8058); never what is a right."""
    public_url = installation.public_url()
    marks = {"Message-ID": f"<{delivery.token}@{urlsplit(public_url).hostname}>"}
    if delivery.kind in returned.ENDED_BY_A_LINK:
        marks["List-Unsubscribe"] = f"<{public_url}/reminders/{delivery.token}/stop>"
        marks["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return marks


def write(delivery: Delivery, *, language: str = "", question: Question | None = None) -> Letter:
    """What the message says, from plain values: the text of others is never a template of ours (B127)."""
    credential = delivery.credential
    words = {
        "name": credential.recipient_name,
        "achievement": credential.version.name,
        "organisation": credential.organisation.name,
        "reason": delivery.reason,
        "date": formats.date_format(delivery.created_at, "DATE_FORMAT"),
        "contact": credential.organisation.email or credential.organisation.name,
        "until": _day(credential.suspended_until),
        "end": _day(credential.valid_until),
        "answer_by": _day(question.until) if question else "",
    }
    return compose(
        Delivery.Kind(delivery.kind),
        words,
        wording.find(credential.organisation, delivery.kind, language),
        link=question.link if question else credential.address(installation.public_url()),
    )


def compose(kind: Delivery.Kind, words: dict[str, str], own: wording.Wording | None, *, link: str) -> Letter:
    """Our sentences, with those of the organisation among them."""
    subject, paragraphs = _TEXTS[kind]()
    # A sentence about what there is not, such as the end of a suspension without one, is left out.
    empty = [f"{{{name}}}" for name, word in words.items() if not word]
    paragraphs = tuple(each for each in paragraphs if not any(name in each for name in empty))
    said = wording.filled(own, words)
    told = [paragraph.format(**words) for paragraph in paragraphs]
    return Letter(
        # A subject has one line, whatever a name holds (B128).
        subject=" ".join((said.subject or subject.format(**words)).split()),
        heading=words["achievement"],
        greeting=_("Hello {name},").format(**words),
        paragraphs=(*told[:1], *([said.paragraph] if said.paragraph else []), *told[1:]),
        action=_("Look at it and answer") if words.get("answer_by") else _("Open your credential"),
        link=link,
        closing=_("Questions? Ask {contact}.").format(**words),
    )


def _awarded() -> tuple[str, tuple[str, ...]]:
    return (
        _("{organisation} has awarded you “{achievement}”"),
        (
            _("{organisation} has awarded you “{achievement}”."),
            _("Your credential is signed and ready. Anyone you show it to can check that it is genuine."),
            _("Open the link to see it, and accept or decline it. No account is needed."),
            _("The link works until {answer_by}."),
        ),
    )


def _unclaimed() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” is waiting for you"),
        (
            _("{organisation} has awarded you “{achievement}”. You have not answered yet."),
            _("Open the link to see it, and accept or decline it. No account is needed."),
            _("The link works until {answer_by}."),
        ),
    )


def _expiring() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” waits for you until {answer_by}"),
        (
            _("{organisation} has awarded you “{achievement}”. You have not answered yet."),
            _("After {answer_by} the link works no more. You can then ask for a new one."),
            _("This is the last time we write about it."),
        ),
    )


def _again() -> tuple[str, tuple[str, ...]]:
    subject, paragraphs = _awarded()
    return subject, (*paragraphs, _("You may have had this message before; it was sent again on request."))


def _revoked() -> tuple[str, tuple[str, ...]]:
    return (
        _("{organisation} has revoked “{achievement}”"),
        (
            _("On {date}, {organisation} revoked your credential “{achievement}”."),
            _("Reason: {reason}"),
            _("This is final. Whoever checks the credential is told that it was revoked."),
        ),
    )


def _suspended() -> tuple[str, tuple[str, ...]]:
    return (
        _("{organisation} has suspended “{achievement}”"),
        (
            _("On {date}, {organisation} suspended your credential “{achievement}”."),
            _("Reason: {reason}"),
            _("It does not count at the moment. It can be given back, and you will be told when it is."),
            _("Unless the issuer decides otherwise, that is on {until}."),
        ),
    )


def _reinstated() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” counts again"),
        (
            _("On {date}, {organisation} gave back your credential “{achievement}”, which was suspended."),
            _("Reason: {reason}"),
            _("It counts again, as before."),
        ),
    )


def _replaced() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}”: a mended credential for you"),
        (
            _("{organisation} has mended your credential “{achievement}” and signed it anew."),
            _("The one before was withdrawn only because of the mistake in it. Its link leads to this one."),
            _("Please use this one from now on, wherever you show it."),
        ),
    )


def _renewed() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” is renewed"),
        (
            _("{organisation} has renewed your credential “{achievement}”."),
            _("It now counts until {end}. The link is the same as before."),
            _("Files that you downloaded before show the old dates; download them anew."),
        ),
    )


def _ending() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” ends on {end}"),
        (
            _("Your credential “{achievement}” from {organisation} counts until {end}."),
            _("If it can be renewed, its page and your wallet say how, and from when."),
            _("Afterwards it stays genuine, and whoever checks it reads until when it counted."),
        ),
    )


def _answered() -> tuple[str, tuple[str, ...]]:
    return (
        _("About your renewal of “{achievement}”"),
        (
            _("{organisation} has not renewed “{achievement}” this time."),
            _("Reason: {reason}"),
            _("You can send a new request from your wallet."),
        ),
    )


def _day(at: datetime | None) -> str:
    return formats.date_format(at, "DATE_FORMAT") if at is not None else ""


_TEXTS = {
    Delivery.Kind.AWARDED: _awarded,
    Delivery.Kind.AGAIN: _again,
    Delivery.Kind.REVOKED: _revoked,
    Delivery.Kind.SUSPENDED: _suspended,
    Delivery.Kind.REINSTATED: _reinstated,
    Delivery.Kind.REPLACED: _replaced,
    Delivery.Kind.RENEWED: _renewed,
    Delivery.Kind.ENDING: _ending,
    Delivery.Kind.ANSWERED: _answered,
    Delivery.Kind.UNCLAIMED: _unclaimed,
    Delivery.Kind.EXPIRING: _expiring,
}

_DAILY = {
    Delivery.Kind.AWARDED: lambda: _("{organisation} has awarded you “{achievement}”."),
    Delivery.Kind.RENEWED: lambda: _("{organisation} has renewed your credential “{achievement}”."),
    Delivery.Kind.UNCLAIMED: lambda: _("“{achievement}” from {organisation} waits for your answer."),
    Delivery.Kind.EXPIRING: lambda: _("“{achievement}” from {organisation} will soon wait no longer."),
    Delivery.Kind.ENDING: lambda: _(
        "Your credential “{achievement}” from {organisation} counts until {end}."
    ),
}
