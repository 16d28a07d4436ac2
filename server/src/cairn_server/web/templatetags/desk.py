# SPDX-License-Identifier: Apache-2.0
"""What the frames of the signed-in pages need: where a person is, and where they can go from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from cairn_server.issuing.models import Batch, Credential
from cairn_server.wallets.models import HeldCredential
from cairn_server.web import journal
from cairn_server.web import stones as drawing
from cairn_server.web.sign_in import in_our_words
from cairn_server.web.templatetags.ui import status, stepper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from django.forms import Form
    from django.utils.safestring import SafeString

    from cairn_server.web.access import Member

register = template.Library()


@register.inclusion_tag("ui/tabs.html")
def organisation_tabs(member: Member, here: str) -> dict[str, Any]:
    """The pages of one organisation that this member may open; ``here`` is the name of the current one."""
    pages = [
        ("organisation", _("Overview"), True),
        ("achievements", _("Achievements"), True),
        ("learning", _("Learning"), True),
        ("reviews", _("Reviews"), member.may_review),
        ("credentials", _("Credentials"), member.may_read_awards),
        ("renewals", _("Renewals"), member.may_read_awards),
        ("analytics", _("Figures"), member.may_read_awards),
        ("organisation-members", _("Members"), True),
        ("organisation-keys", _("Keys"), True),
        ("organisation-tokens", _("API"), member.may_oversee),
        ("organisation-journal", _("Journal"), member.may_oversee),
        ("organisation-settings", _("Settings"), member.may_oversee),
    ]
    organisation_id = member.organisation.public_id
    return {
        "items": [
            (words, reverse(name, args=[organisation_id]), name == here)
            for name, words, shown in pages
            if shown
        ],
        "label": _("Organisation"),
    }


@register.inclusion_tag("ui/tabs.html")
def wallet_tabs(here: str) -> dict[str, Any]:
    """The pages of one's own wallet; ``here`` is the name of the current one."""
    pages = [
        ("wallet", _("Credentials")),
        ("earn", _("Working on")),
        ("wallet-collections", _("Collections")),
        ("portfolio-edit", _("Portfolio")),
        ("wallet-presented", _("Shown")),
        ("ask", _("Asked for")),
        ("wallet-looks", _("Who looked")),
    ]
    return {
        "items": [(words, reverse(name), name == here) for name, words in pages],
        "label": _("Wallet"),
    }


@register.inclusion_tag("ui/tabs.html", takes_context=True)
def account_tabs(context: template.Context) -> dict[str, Any]:
    """The pages of one's own account; the current one is found by its address: half are not our views."""
    request = context.get("request")
    path = request.path if request else ""
    pages = [
        ("account", _("Account")),
        ("account_email", _("Addresses")),
        ("account_change_password", _("Password")),
        ("mfa_index", _("Second factor")),
        ("usersessions_list", _("Sessions")),
        ("connected-sites", _("Connected sites")),
    ]
    items = []
    for name, words in pages:
        try:
            address = reverse(name)
        except NoReverseMatch:  # this installation leaves that part of allauth out
            continue
        here = path == address if name == "account" else path.startswith(address)
        items.append(
            (words, address, here or (name == "account_change_password" and path.endswith("/password/set/")))
        )
    return {"items": items, "label": _("Your account")}


@register.simple_tag
def first_cairn(steps: Sequence[tuple[str, str, bool]]) -> SafeString:
    """The first steps as stones: what is done is solid, what is left is outlined."""
    states = [drawing.Stone.SOLID if done else drawing.Stone.OUTLINE for _view, _words, done in steps]
    return drawing.draw(states, label="", seed=3)


@register.inclusion_tag("ui/stepper.html", name="award_steps")
def award_steps(current: int) -> dict[str, Any]:
    """Where one is between a name and an award: the same three steps for a person and for a list."""
    return stepper([_("Who and what"), _("Preview"), _("Awarded")], current)


@register.inclusion_tag("ui/stepper.html", name="list_steps")
def list_steps(current: int) -> dict[str, Any]:
    """Where a list is: brought, its columns settled, looked at, awarded."""
    return stepper([_("List"), _("Columns"), _("Check"), _("Award")], current)


@register.inclusion_tag("ui/status.html", name="batch_state")
def batch_state(batch: Batch) -> dict[str, Any]:
    kind = {
        Batch.State.DONE: "positive",
        Batch.State.DONE_WITH_ERRORS: "caution",
        Batch.State.AWAITING_APPROVAL: "caution",
        Batch.State.PAUSED: "caution",
        Batch.State.CANCELLED: "negative",
    }.get(Batch.State(batch.state), "neutral")
    return status(batch.get_state_display(), kind)


@register.filter
def duration(value: timedelta | None) -> str:
    """How long something takes, in the two largest units that people count in."""
    seconds = max(0, int(value.total_seconds())) if value is not None else 0
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes % 60}
    if minutes >= 10:
        return _("%d min") % minutes
    if minutes:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds % 60}
    return _("%d s") % seconds


@register.inclusion_tag("ui/status.html", name="standing")
def standing(credential: Credential, at: datetime) -> dict[str, Any]:
    """How a credential stands: an expired one is neither revoked nor simply active."""
    word, kind = standing_of(credential, at)
    return status(word, kind)


def standing_of(credential: Credential, at: datetime) -> tuple[str, str]:
    match credential.standing:
        case Credential.Standing.REVOKED:
            return _("Revoked"), "negative"
        case Credential.Standing.SUSPENDED:
            return _("Suspended"), "caution"
    if credential.valid_until is not None and credential.valid_until < at:
        return _("Expired"), "caution"
    return _("Active"), "positive"


@register.inclusion_tag("ui/status.html")
def held_standing(held: HeldCredential, at: datetime) -> dict[str, Any]:
    """How a credential in a wallet stood when it was checked last; dates are read today."""
    match held.standing:
        case HeldCredential.Standing.REVOKED:
            return status(_("Revoked"), "negative")
        case HeldCredential.Standing.SUSPENDED:
            return status(_("Suspended"), "caution")
    if held.verdict == "not-verified":
        return status(_("Not verified"), "negative")
    if held.has_ended(at):
        return status(_("Expired"), "caution")
    if held.verdict == "could-not-check":
        return status(_("Could not check"), "unknown")
    return status(_("Active"), "positive")


@register.inclusion_tag("wallet/_picture.html")
def held_picture(pictures: Mapping[int, str], held: HeldCredential) -> dict[str, Any]:
    """Its picture if this server has it; another server's would tell its owner who looks."""
    return {"address": pictures.get(held.pk, "")}


@register.filter
def sentence(verb: str) -> str:
    return journal.sentence(verb)


@register.filter(name="in_our_words")
def worded(form: Form) -> Form:
    return in_our_words(form)
