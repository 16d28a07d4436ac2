# SPDX-License-Identifier: Apache-2.0
"""Letters about decisions, places and duties: what is owed, what it says, and when it is sent.

A notice is written by whoever follows the journal (``decisions``) or looks at the queues (``duties``), after
the act and outside of its transaction: nothing here can hold up a decision or take it back. What reviewers
wrote is never in a letter, only where to read it: an inbox has more readers than a page behind a sign-in.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives
from django.db import models
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cairn_server.accounts.models import Person
from cairn_server.issuing import choices, posting, returned, wording
from cairn_server.issuing.posting import USUAL_PACE, Letter, Pace, Posting
from cairn_server.journal import services as journal
from cairn_server.organisations import installation
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

KEPT = timedelta(days=90)


class Notice(models.Model):
    """A letter that is owed to one reader."""

    class Kind(models.TextChoices):
        ACCEPTED = "accepted", gettext_lazy("Project accepted")
        CHANGES = "changes", gettext_lazy("Changes asked for")
        REFUSED = "refused", gettext_lazy("Project not accepted")
        APPEAL_WON = "appeal-yes", gettext_lazy("Accepted on appeal")
        APPEAL_LOST = "appeal-no", gettext_lazy("Appeal not accepted")
        RESULT = "result", gettext_lazy("Answers marked")
        AGREED = "agreed", gettext_lazy("Approved")
        DECLINED = "declined", gettext_lazy("Not approved yet")
        PLACE = "place", gettext_lazy("Place given")
        DUTIES = "duties", gettext_lazy("Waiting for a decision")

    class State(models.TextChoices):
        DUE = posting.DUE, gettext_lazy("Waiting")
        SENT = posting.SENT, gettext_lazy("Sent")
        FAILED = posting.FAILED, gettext_lazy("Failed")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Of duties in several organisations there is one letter, and it is nobody's of them.
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="notices"
    )
    # The entry of the organisation's journal that it tells of; of duties, none.
    number = models.PositiveBigIntegerField(null=True, blank=True)
    # Null for an address that nobody here has proved to read: a place may be given to it all the same.
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
    )
    to = models.EmailField(max_length=254)
    # The language to write in where the reader has chosen none.
    language = models.CharField(max_length=35, blank=True, default="")
    # What is named in it, and of duties how many of what: names of things, and nobody's.
    words = models.JSONField()
    # Below the public address.
    path = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.DUE)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    token = models.CharField(max_length=22, blank=True, default="")

    class Meta:
        app_label = "earning"
        constraints = [
            # Read twice, an entry is told once.
            models.UniqueConstraint(
                fields=["organisation", "number", "to"],
                condition=Q(number__isnull=False),
                name="an_entry_is_told_once",
            ),
            models.CheckConstraint(
                name="only_duties_are_nobodys",
                condition=Q(kind="duties", organisation__isnull=True, number__isnull=True)
                | (~Q(kind="duties") & Q(organisation__isnull=False, number__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="due"), name="notices_due"),
            models.Index(fields=["token"], condition=~Q(token=""), name="notices_by_token"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def sender(self) -> Organisation | None:
        return self.organisation


class Follower(models.Model):
    """How far the journal of an organisation has been read for letters."""

    organisation = models.OneToOneField(
        Organisation, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    cursor = models.PositiveBigIntegerField(default=0)

    class Meta:
        app_label = "earning"

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.cursor}"


# Sending


def send_due(*, at: datetime, limit: int = 100, pace: Pace = USUAL_PACE, returns_to: str = "") -> int:
    """Send what is due; how many letters the mail server took."""
    due = Notice.objects.filter(state=Notice.State.DUE, due_at__lte=at).order_by("due_at", "pk")
    claimed = posting.claimed(list(due[:limit]), pace, at=at)
    fresh = Notice.objects.filter(pk__in=[each.pk for each in claimed])
    return posting.send(
        list(_postings(fresh.select_related("organisation", "person"), returns_to, at=at)), pace, at=at
    )


def _postings(claimed: models.QuerySet[Notice], returns_to: str, *, at: datetime) -> Iterator[Posting]:
    """A letter for each; one for all that a reader wants once a day; none for what they do not want."""
    together: dict[int, list[Notice]] = {}
    for notice in claimed:
        if notice.person is not None:
            # They may have another main address since.
            notice.to = notice.person.email
        pace = _wanted(notice)
        stopped = returned.stopped_for(
            notice, returned.StoppedAddress.Why.BOUNCED, returned.StoppedAddress.Why.COMPLAINED
        )
        if stopped is not None:
            posting.not_sent(notice, f"{stopped.why} {stopped.status}".strip())
        elif _is_awarded(notice):
            posting.not_sent(notice, "awarded")
        elif pace == choices.Pace.NEVER:
            posting.not_sent(notice, "not wanted")
        elif pace == choices.Pace.NOW:
            yield Posting(notice, _message(notice, returns_to, letter_of))
        elif at < (morning := choices.morning_after(notice.created_at)):
            # It was not tried, so this is no attempt.
            Notice.objects.filter(pk=notice.pk).update(due_at=morning, attempts=notice.attempts - 1)
        else:
            assert notice.person_id is not None, "only whoever has an account has chosen anything"
            together.setdefault(notice.person_id, []).append(notice)
    for group in together.values():
        yield Posting(group[0], _message(group[0], returns_to, partial(_daily, group)), together=group[1:])


def _is_awarded(notice: Notice) -> bool:
    """A "yes" that has become an award: that one has a letter of its own."""
    from cairn_server.earning.models import Enrolment

    return notice.kind == Notice.Kind.AGREED and (
        Enrolment.objects.filter(public_id=notice.words["enrolment"]).exclude(credential=None).exists()
    )


def _wanted(notice: Notice) -> choices.Pace:
    """How its reader wants it; duties are paced where they are written."""
    if notice.person is None or notice.kind == Notice.Kind.DUTIES:
        return choices.Pace.NOW
    return choices.Pace(choices.choice_of(notice.person).decisions)


def _message(
    notice: Notice, returns_to: str, letter_for: Callable[[Notice], Letter]
) -> EmailMultiAlternatives:
    public_url = installation.public_url()
    organisation = notice.organisation
    signed: Any = organisation or {"name": urlsplit(public_url).hostname}
    with translation.override(_language(notice)):
        letter = letter_for(notice)
        context = {"letter": letter, "organisation": signed}
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=render_to_string("issuing/letter.txt", context),
            to=[notice.to],
            reply_to=[organisation.email] if organisation is not None and organisation.email else None,
            headers={
                "Auto-Submitted": "auto-generated",
                "Message-ID": f"<{notice.token}@{urlsplit(public_url).hostname}>",
            },
        )
        message.attach_alternative(render_to_string("issuing/letter.html", context), "text/html")
    return posting.returning(message, notice.token, returns_to)


def _language(notice: Notice) -> str:
    chosen = notice.person.language if notice.person is not None else ""
    return posting.spoken(chosen or notice.language)


def letter_of(notice: Notice) -> Letter:
    """One letter in the language of the moment."""
    if notice.kind == Notice.Kind.DUTIES:
        return _letter_of_duties(notice)
    organisation = notice.organisation
    assert organisation is not None, "a constraint of the table"
    words = {
        "name": notice.person.name if notice.person is not None else "",
        "achievement": str(notice.words["thing"]),
        "organisation": organisation.name,
        "contact": organisation.email or organisation.name,
        "end": _day(notice.words.get("until", "")),
    }
    own = wording.find(organisation, notice.kind, _language(notice))
    return compose(Notice.Kind(notice.kind), words, own, link=installation.public_url() + notice.path)


def compose(kind: Notice.Kind, words: Mapping[str, str], own: wording.Wording | None, *, link: str) -> Letter:
    """Our sentences, with those of the organisation among them."""
    subject, paragraphs, action = _TEXTS[kind]()
    said = wording.filled(own, words)
    told = [paragraph.format(**words) for paragraph in paragraphs]
    return Letter(
        # A subject has one line, whatever a name holds (B128).
        subject=" ".join((said.subject or subject.format(**words)).split()),
        heading=words["achievement"],
        greeting=_("Hello {name},").format(**words) if words["name"] else _("Hello,"),
        paragraphs=(*told[:1], *([said.paragraph] if said.paragraph else []), *told[1:]),
        action=action,
        link=link,
        closing=_("Questions? Ask {contact}.").format(**words),
    )


def _daily(group: Sequence[Notice], _first: Notice) -> Letter:
    lines = []
    for each in group:
        assert each.organisation is not None
        words = {"achievement": each.words["thing"], "organisation": each.organisation.name}
        _subject, paragraphs, _action = _TEXTS[Notice.Kind(each.kind)]()
        lines.append(paragraphs[0].format(**words))
    return Letter(
        subject=ngettext("{n} decision about your work", "{n} decisions about your work", len(lines)).format(
            n=len(lines)
        ),
        heading=_("What you work on"),
        greeting=_("Hello,"),
        paragraphs=tuple(lines),
        action=_("Open what you work on"),
        link=f"{installation.public_url()}/earn",
        closing=_("You get this once a day, as you have chosen in your account."),
    )


def _day(moment: str) -> str:
    found = parse_datetime(moment) if moment else None
    return formats.date_format(found, "DATE_FORMAT") if found is not None else ""


Text = tuple[str, tuple[str, ...], str]


def _accepted() -> Text:
    return (
        _("“{achievement}” is accepted"),
        (
            _("{organisation} has accepted your project “{achievement}”."),
            _("What the reviewers say is on its page. You need to sign in to read it."),
        ),
        _("Read the feedback"),
    )


def _changes() -> Text:
    return (
        _("“{achievement}”: please change something"),
        (
            _("{organisation} has looked at your project “{achievement}” and asks you to change something."),
            _("What the reviewers say is on its page. You need to sign in to read it."),
            _("You can then hand it in again. If you do not agree, you can appeal there."),
        ),
        _("Read the feedback"),
    )


def _refused() -> Text:
    return (
        _("A decision about “{achievement}”"),
        (
            _("{organisation} has not accepted your project “{achievement}”."),
            _("What the reviewers say is on its page. You need to sign in to read it."),
            _("If you do not agree, you can appeal there: somebody else then looks at it."),
        ),
        _("Read the feedback"),
    )


def _appeal_won() -> Text:
    return (
        _("Your appeal: “{achievement}” is accepted"),
        (
            _("{organisation} has decided your appeal: your project “{achievement}” is accepted."),
            _("What was said about it is on its page. You need to sign in to read it."),
        ),
        _("Read the decision"),
    )


def _appeal_lost() -> Text:
    return (
        _("Your appeal about “{achievement}” is decided"),
        (
            _("{organisation} has decided your appeal about “{achievement}”: the decision stays as it was."),
            _("What was said about it is on its page. You need to sign in to read it."),
        ),
        _("Read the decision"),
    )


def _result() -> Text:
    return (
        _("Your result of “{achievement}”"),
        (
            _("{organisation} has marked your answers in “{achievement}”."),
            _("Your result is on its page. You need to sign in to see it."),
        ),
        _("See your result"),
    )


def _agreed() -> Text:
    return (
        _("“{achievement}”: it is agreed"),
        (
            _("{organisation} has agreed that you get “{achievement}”."),
            _("As soon as it is signed, you get another message with it."),
        ),
        _("See how far you are"),
    )


def _declined() -> Text:
    return (
        _("“{achievement}”: not yet"),
        (
            _("{organisation} does not award “{achievement}” to you yet."),
            _("The reason is on its page. You need to sign in to read it. You can ask again there."),
        ),
        _("Read the reason"),
    )


def _place() -> Text:
    return (
        _("A place for you: “{achievement}”"),
        (
            _("{organisation} gives you a place for “{achievement}”."),
            _("Sign in with this address and begin. Without an account you can make one with it."),
            _("The place is kept for you until {end}."),
        ),
        _("See what it takes"),
    )


_TEXTS: dict[Notice.Kind, Callable[[], Text]] = {
    Notice.Kind.ACCEPTED: _accepted,
    Notice.Kind.CHANGES: _changes,
    Notice.Kind.REFUSED: _refused,
    Notice.Kind.APPEAL_WON: _appeal_won,
    Notice.Kind.APPEAL_LOST: _appeal_lost,
    Notice.Kind.RESULT: _result,
    Notice.Kind.AGREED: _agreed,
    Notice.Kind.DECLINED: _declined,
    Notice.Kind.PLACE: _place,
}


def _letter_of_duties(notice: Notice) -> Letter:
    places = notice.words["duties"]
    lines = [
        ngettext(
            "{organisation}: {n} thing waits for you.", "{organisation}: {n} things wait for you.", each["n"]
        ).format(organisation=each["name"], n=each["n"])
        for each in places
    ]
    count = sum(each["n"] for each in places)
    return Letter(
        subject=ngettext(
            "{n} thing waits for your decision", "{n} things wait for your decision", count
        ).format(n=count),
        heading=_("Waiting for your decision"),
        greeting=_("Hello,"),
        paragraphs=(_("These are reviews, appeals, answers to mark or awards to agree to."), *lines),
        action=_("See what waits"),
        link=installation.public_url() + notice.path,
        closing=_("How often you get this is up to you: in your account, under letters to you."),
    )


# Afterwards


def note_return(report: returned.Report, *, at: datetime) -> Notice | None:
    """Act on what came back of the post; the notice it is about, or None when it is none of these."""
    notice = Notice.objects.select_related("organisation").filter(token=report.token).first()
    if not report.token or notice is None:
        return None
    said = "complained" if report.complaint else f"returned {report.status}"
    if notice.problem == said:
        return notice  # reports come twice, too
    notice.problem = said
    if not report.complaint and notice.state == Notice.State.SENT:
        notice.state = Notice.State.FAILED
    notice.save(update_fields=["problem", "state"])
    if report.complaint:
        returned.stop(notice, returned.StoppedAddress.Why.COMPLAINED, at=at)
    elif report.address_is_wrong:
        returned.stop(notice, returned.StoppedAddress.Why.BOUNCED, status=report.status, at=at)
    journal.record(
        verb="message complained of" if report.complaint else "message returned",
        by=None,
        organisation_id=notice.organisation.public_id if notice.organisation is not None else None,
        object=notice,
        details={"kind": notice.kind, "status": report.status},
        at=at,
    )
    return notice


def forget_old(*, at: datetime) -> int:
    """What was said is on the pages; that a letter was sent about it is worth nothing after some months."""
    return Notice.objects.filter(created_at__lt=at - KEPT).exclude(state=Notice.State.DUE).delete()[0]
