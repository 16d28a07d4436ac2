# SPDX-License-Identifier: Apache-2.0
"""The journal of an organisation: who did what and when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cairn_server.accounts.models import Person
from cairn_server.journal.models import Entry
from cairn_server.journal.services import broken_link
from cairn_server.web import listing
from cairn_server.web.access import OVERSEERS, Member, member_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponseBase
    from django.utils.functional import _StrPromise

    from cairn_server.organisations.models import Organisation


# The journal stores a verb; people read a sentence about whoever is named beside it.
SENTENCES: Mapping[str, _StrPromise] = {
    "certificate changed": gettext_lazy("Changed how certificates look"),
    "credential accepted": gettext_lazy("Accepted a credential"),
    "credential declined": gettext_lazy("Declined a credential"),
    "role moved to a joined account": gettext_lazy("Joined two accounts; a role is the one’s that stays"),
    "achievement cost set": gettext_lazy("Said what an achievement costs"),
    "achievement earned": gettext_lazy("Awarded what was earned"),
    "course changed": gettext_lazy("Changed a course"),
    "course made": gettext_lazy("Made a course"),
    "course opened": gettext_lazy("Opened a course"),
    "earning approved": gettext_lazy("Agreed to an award"),
    "earning asked again": gettext_lazy("Asked to have an award looked at again"),
    "earning begun": gettext_lazy("Began to say what an achievement takes"),
    "earning decision set": gettext_lazy("Said who agrees to an award"),
    "earning declined": gettext_lazy("Did not agree to an award yet"),
    "earning given up": gettext_lazy("Took away what an achievement takes"),
    "earning left": gettext_lazy("Stopped working on an achievement"),
    "earning resumed": gettext_lazy("Went on with an achievement"),
    "earning started": gettext_lazy("Started with an achievement"),
    "grant ended": gettext_lazy("Ended a grant of places"),
    "meeting attended": gettext_lazy("Was at a meeting"),
    "meeting made": gettext_lazy("Made a meeting"),
    "places granted": gettext_lazy("Granted places"),
    "requirement added": gettext_lazy("Added a requirement"),
    "requirement changed": gettext_lazy("Changed a requirement"),
    "requirement moved": gettext_lazy("Moved a requirement"),
    "requirement removed": gettext_lazy("Removed a requirement"),
    "requirement signalled": gettext_lazy("Told that somebody met a requirement"),
    "requirements met": gettext_lazy("Met everything that an achievement takes"),
    "room code hidden": gettext_lazy("Ended the code in a room"),
    "room code shown": gettext_lazy("Showed a code in a room"),
    "unit added": gettext_lazy("Added a unit"),
    "unit changed": gettext_lazy("Changed a unit"),
    "unit file added": gettext_lazy("Added a file to a unit"),
    "unit file removed": gettext_lazy("Removed a file of a unit"),
    "unit moved": gettext_lazy("Moved a unit"),
    "unit removed": gettext_lazy("Removed a unit"),
    "achievement archived": gettext_lazy("Archived an achievement"),
    "achievement drafted": gettext_lazy("Began an achievement"),
    "achievement edited": gettext_lazy("Changed a draft"),
    "achievement picture uploaded": gettext_lazy("Uploaded a picture for an achievement"),
    "achievement published": gettext_lazy("Published an achievement"),
    "achievement version drafted": gettext_lazy("Began a new version of an achievement"),
    "approval limit changed": gettext_lazy("Changed above how many people a list is approved"),
    "question group made": gettext_lazy("Made a group of questions"),
    "question group renamed": gettext_lazy("Renamed a group of questions"),
    "question written": gettext_lazy("Wrote a question"),
    "question retired": gettext_lazy("Retired a question"),
    "question taken back": gettext_lazy("Took a question back into the bank"),
    "assessment drafted": gettext_lazy("Began an assessment"),
    "assessment edited": gettext_lazy("Changed the draft of an assessment"),
    "assessment published": gettext_lazy("Published an assessment"),
    "assessment archived": gettext_lazy("Archived an assessment"),
    "assessment arranged": gettext_lazy("Arranged more time or attempts for somebody"),
    "attempt begun": gettext_lazy("Began an attempt"),
    "attempt handed in": gettext_lazy("Handed in an attempt"),
    "answer marked": gettext_lazy("Marked an answer"),
    "project drafted": gettext_lazy("Began a project"),
    "project edited": gettext_lazy("Changed the draft of a project"),
    "project published": gettext_lazy("Published a project"),
    "project archived": gettext_lazy("Archived a project"),
    "project extended": gettext_lazy("Gave somebody a later deadline"),
    "work begun": gettext_lazy("Began work on a project"),
    "evidence added": gettext_lazy("Added evidence"),
    "evidence removed": gettext_lazy("Removed evidence"),
    "work handed in": gettext_lazy("Handed in work"),
    "work changed": gettext_lazy("Began to change work"),
    "appeal made": gettext_lazy("Appealed a decision"),
    "review assigned": gettext_lazy("Gave out the seat of a reviewer"),
    "review released": gettext_lazy("Gave back the seat of a reviewer"),
    "review decided": gettext_lazy("Judged work"),
    "appeal taken": gettext_lazy("Took an appeal to decide"),
    "batch approved": gettext_lazy("Approved a list"),
    "batch cancelled": gettext_lazy("Cancelled a list"),
    "batch continued": gettext_lazy("Went on with a list, after rows were mended"),
    "batch finished": gettext_lazy("Finished awarding a list"),
    "batch paused": gettext_lazy("Paused a list"),
    "batch received": gettext_lazy("Brought a list"),
    "batch released": gettext_lazy("Sent the e-mails of a list"),
    "batch resumed": gettext_lazy("Went on with a list"),
    "batch started": gettext_lazy("Started awarding a list"),
    "batch undone": gettext_lazy("Undid a list before anybody was told"),
    "change of standing approved": gettext_lazy("Approved a change of many credentials"),
    "change of standing asked for": gettext_lazy("Asked for a change of many credentials"),
    "change of standing cancelled": gettext_lazy("Cancelled a change of many credentials"),
    "change of standing finished": gettext_lazy("Finished a change of many credentials"),
    "credential awarded": gettext_lazy("Awarded a credential"),
    "copy signed for a wallet": gettext_lazy("Signed a copy for a wallet"),
    "credential offered to a wallet": gettext_lazy("Offered a credential to a wallet"),
    "credential put into a wallet": gettext_lazy("Put a credential into a wallet"),
    "wallet offer withdrawn": gettext_lazy("Withdrew an offer to a wallet"),
    "credential reinstated": gettext_lazy("Reinstated a credential"),
    "credential renewed": gettext_lazy("Renewed a credential"),
    "credential replaced": gettext_lazy("Awarded a mended credential"),
    "credential revoked": gettext_lazy("Revoked a credential"),
    "credential sent again": gettext_lazy("Sent the e-mail of a credential again"),
    "credential signed as token": gettext_lazy("Signed a credential as a token too"),
    "credential suspended": gettext_lazy("Suspended a credential"),
    "batch chunk planned anew": gettext_lazy("Began a part of a list anew"),
    "credentials awarded": gettext_lazy("Awarded a part of a list"),
    "message complained of": gettext_lazy("A reader called a message unwanted"),
    "message returned": gettext_lazy("A message came back"),
    "message worded": gettext_lazy("Worded a message"),
    "message wording removed": gettext_lazy("Went back to the usual words of a message"),
    "credentials reinstated": gettext_lazy("Reinstated many credentials"),
    "credentials revoked": gettext_lazy("Revoked many credentials"),
    "credentials suspended": gettext_lazy("Suspended many credentials"),
    "identity fixed": gettext_lazy("Fixed the organisation’s identifier, with the first award"),
    "invitation accepted": gettext_lazy("Accepted an invitation"),
    "invitation withdrawn": gettext_lazy("Withdrew an invitation"),
    "key revoked": gettext_lazy("Declared a key compromised"),
    "key change proposed": gettext_lazy("Asked for a change of a key"),
    "key change withdrawn": gettext_lazy("Withdrew a change of a key"),
    "key retired": gettext_lazy("A key has finished its work"),
    "key destroyed": gettext_lazy("The secret half of a key was destroyed"),
    "key grows old": gettext_lazy("A key will soon be too old"),
    "keys need one person": gettext_lazy("Decides alone about keys"),
    "keys need two people": gettext_lazy("Two people decide about keys"),
    "re-issue started": gettext_lazy("Began to award again what a stolen key signed"),
    "key rotated": gettext_lazy("Replaced the signing key"),
    "life policy set": gettext_lazy("Changed reminders and approvals"),
    "list discarded": gettext_lazy("Discarded a list"),
    "list mended": gettext_lazy("Mended rows of a list"),
    "member invited": gettext_lazy("Invited a member"),
    "member left": gettext_lazy("Left the organisation"),
    "member removed": gettext_lazy("Removed a member"),
    "organisation changed": gettext_lazy("Changed the organisation’s settings"),
    "organisation closed": gettext_lazy("Closed the organisation"),
    "organisation created": gettext_lazy("Founded the organisation"),
    "organisation handed over": gettext_lazy("Handed the organisation over"),
    "organisation logo changed": gettext_lazy("Changed the logo"),
    "reason erased": gettext_lazy("Removed the words of a reason"),
    "renewal approved": gettext_lazy("Accepted a renewal"),
    "renewal asked for": gettext_lazy("Asked for a renewal"),
    "renewal refused": gettext_lazy("Did not accept a renewal"),
    "renewal rule removed": gettext_lazy("Removed the rule for renewals"),
    "renewal rule set": gettext_lazy("Set the rule for renewals"),
    "roles changed": gettext_lazy("Changed the roles of a member"),
    "status list renewed": gettext_lazy("Signed a status list anew"),
    "token created": gettext_lazy("Made an API token"),
    "token revoked": gettext_lazy("Withdrew an API token"),
    "undo window changed": gettext_lazy("Changed how long the e-mails of a list wait"),
    "webhook endpoint changed": gettext_lazy("Changed whom another program tells"),
    "webhook endpoint created": gettext_lazy("Had another program told of what happens"),
    "webhook endpoint removed": gettext_lazy("Removed a program that was told"),
    "webhook endpoint started": gettext_lazy("Had a program told again"),
    "webhook endpoint stopped": gettext_lazy("Stopped telling a program"),
    "webhook secret replaced": gettext_lazy("Replaced the secret shared with a program"),
    "webhook sent again": gettext_lazy("Sent a message to a program again"),
    "webhook tested": gettext_lazy("Sent a test to a program"),
    "catalogue left": gettext_lazy("Took the organisation out of the catalogue"),
    "catalogue joined": gettext_lazy("Put the organisation into the catalogue"),
}


def sentence(verb: str) -> str:
    """What is shown for a stored verb; one that this version does not know is shown as it is stored."""
    return str(SENTENCES.get(verb, verb))


def verbs_like(text: str) -> list[str]:
    """The verbs whose sentence, in the language of this page, has these words."""
    return [verb for verb in SENTENCES if text.casefold() in sentence(verb).casefold()]


class JournalFilterForm(forms.Form):
    q = forms.CharField(required=False, max_length=100)
    actor = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=listing.DateInput)
    until = forms.DateField(label=gettext_lazy("To"), required=False, widget=listing.DateInput)

    def __init__(self, *args: Any, people: dict[str, str]) -> None:
        super().__init__(*args)
        self.fields["actor"].choices = [("", _("Anybody")), *people.items()]  # type: ignore[attr-defined]

    def found(self, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        """A filter that makes no sense narrows nothing."""
        self.full_clean()
        asked = self.cleaned_data
        if text := asked.get("q"):
            entries = entries.filter(
                Q(verb__in=verbs_like(text)) | Q(verb__icontains=text) | Q(object_id=text)
            )
        if actor := asked.get("actor"):
            entries = entries.filter(actor_id=actor)
        return listing.between(entries, "at", asked.get("since"), asked.get("until"))


def actors_of(organisation: Organisation) -> dict[str, str]:
    """Everybody who acted here, by name; somebody erased since is an identifier and nothing more."""
    acted = Entry.objects.of(organisation.public_id).order_by().values_list("actor_id", flat=True).distinct()
    names = names_of(acted)
    return {actor: names.get(actor, actor) for actor in acted if actor}


def names_of(public_ids: Iterable[str]) -> dict[str, str]:
    """What the journal leaves out: the people behind its identifiers, as long as they are here."""
    people = Person.objects.filter(public_id__in=set(public_ids))
    return {person.public_id: str(person) for person in people}


@require_safe
@member_page(*OVERSEERS)
def index(request: HttpRequest, member: Member) -> HttpResponseBase:
    organisation = member.organisation
    people = actors_of(organisation)
    form = JournalFilterForm(request.GET, people=people)
    found = form.found(Entry.objects.of(organisation.public_id)).order_by("-number")
    if listing.wants_csv(request):
        return listing.csv_download(
            "journal",
            [_("Number"), _("Time"), _("Who"), _("What"), _("Kind"), _("Object"), _("Details"), _("Hash")],
            (
                [
                    entry.number,
                    entry.at.isoformat(),
                    people.get(entry.actor_id, entry.actor_id),
                    entry.verb,
                    entry.object_type,
                    entry.object_id,
                    json.dumps(entry.details, ensure_ascii=False),
                    entry.hash,
                ]
                for entry in found.iterator()
            ),
        )
    page = listing.page_of(request, found)
    return render(
        request,
        "organisation/journal.html",
        {
            "member": member,
            "form": form,
            "page": page,
            "rows": [(entry, people.get(entry.actor_id, "")) for entry in page],
            "broken": broken_link(organisation.public_id),
        },
    )
