# SPDX-License-Identifier: Apache-2.0
"""Webhooks of an organisation: where it wants to be told, what was sent there, and what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.errors import NotAllowed, Refusal
from cairn_server.journal.models import Head
from cairn_server.web import listing
from cairn_server.web.access import OVERSEERS, OWNERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of
from cairn_server.webhooks import events, services, signing
from cairn_server.webhooks.models import Endpoint, Message

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cairn.fetch import HttpPoster


def poster() -> HttpPoster:
    made: HttpPoster = import_string(settings.WEBHOOK_POSTER)()
    return made


class EndpointForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=2048,
        widget=forms.URLInput,
        help_text=gettext_lazy("An https address of the system that shall be told."),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told of"),
        choices=[(event.type, event.label) for event in events.EVENTS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one event.")},
    )


@require_safe
@member_page(*OVERSEERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    context = {"member": member, "endpoints": member.organisation.webhook_endpoints.all()}
    return render(request, "webhooks/index.html", context)


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def new(request: HttpRequest, member: Member) -> HttpResponse:
    form = EndpointForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = services.create_endpoint(
                member.organisation, by=member.person, poster=poster(), at=timezone.now(), **form.cleaned_data
            )
            return _secret_page(request, member, made)
    return render(request, "webhooks/edit.html", {"member": member, "form": form}, status=status_of(form))


@require_safe
@member_page(*OVERSEERS)
def endpoint(request: HttpRequest, member: Member, endpoint_id: str) -> HttpResponse:
    found = member.endpoint(endpoint_id)
    page = listing.page_of(request, found.messages.order_by("-created_at", "-pk"))
    for message in page.object_list:
        message.last = _last_answer(message)
    head = Head.objects.filter(organisation_id=member.organisation.public_id).first()
    context = {
        "member": member,
        "endpoint": found,
        "events": [events.BY_TYPE[each].label for each in found.events if each in events.BY_TYPE],
        "page": page,
        "waiting": found.messages.filter(state=Message.State.DUE).count(),
        "unread": (head.number if head else 0) - found.cursor,
    }
    return render(request, "webhooks/endpoint.html", context)


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def edit(request: HttpRequest, member: Member, endpoint_id: str) -> HttpResponse:
    found = member.endpoint(endpoint_id)
    form = EndpointForm(posted(request), initial={"url": found.url, "events": found.events})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            services.change_endpoint(
                found, by=member.person, poster=poster(), at=timezone.now(), **form.cleaned_data
            )
            messages.success(request, _("Saved."))
            return redirect("webhook", member.organisation.public_id, found.public_id)
    context = {"member": member, "endpoint": found, "form": form}
    return render(request, "webhooks/edit.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def remove(request: HttpRequest, member: Member, endpoint_id: str) -> HttpResponse:
    found = member.endpoint(endpoint_id)
    if request.method == "POST":
        services.remove_endpoint(found, by=member.person, at=timezone.now())
        messages.success(request, _("Removed. Nothing more is sent there."))
        return redirect("webhooks", member.organisation.public_id)
    return render(request, "webhooks/remove.html", {"member": member, "endpoint": found})


@require_POST
@member_page(*OWNERS)
def act(request: HttpRequest, member: Member, endpoint_id: str) -> HttpResponse:
    """One press of a button on the page of an endpoint."""
    found, by, at = member.endpoint(endpoint_id), member.person, timezone.now()
    wanted = request.POST.get("act", "")
    try:
        if wanted == "secret":
            return _secret_page(request, member, services.replace_secret(found, by=by, at=at))
        if wanted == "test":
            services.send_test(found, by=by, at=at)
            messages.success(request, _("A test message is on its way. Reload the page to see the answer."))
        elif wanted == "stop":
            services.stop_endpoint(found, by=by, at=at)
            messages.success(request, _("Stopped. What happens meanwhile is sent when you start it again."))
        elif wanted == "start":
            services.start_endpoint(found, by=by, at=at)
            messages.success(request, _("Started. What happened meanwhile is sent now."))
        elif wanted == "again":
            message = get_object_or_404(found.messages, public_id=request.POST.get("message", ""))
            services.send_again(message, by=by, at=at)
            messages.success(request, _("It is sent once more."))
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    return redirect("webhook", member.organisation.public_id, found.public_id)


def _secret_page(request: HttpRequest, member: Member, endpoint: Endpoint) -> HttpResponse:
    # In the answer to the POST and nowhere else: no address, no cache, no second look (B153).
    secret = signing.current_secret(endpoint, key=settings.SECRET_KEY)
    context = {"member": member, "endpoint": endpoint, "secret": secret}
    response = render(request, "webhooks/secret.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _last_answer(message: Message) -> dict[str, Any] | None:
    if not message.answers:
        return None
    last = message.answers[-1]
    return {**last, "at": parse_datetime(last["at"])}
