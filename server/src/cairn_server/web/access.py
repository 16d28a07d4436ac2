# SPDX-License-Identifier: Apache-2.0
"""How a signed-in page finds what it shows, and who may open it.

Three answers, always in this order, so that nothing can be learned by asking (B135, B136):

1. nobody is signed in: the sign-in page, and back here afterwards;
2. the object is not the person's to see: 404, the same page as for an address that never existed;
3. the person is a member without the role: 403, in words.

Every view below ``/organisations/<org>/`` is wrapped in :func:`member_page`, which asks the three
questions and hands the view a :class:`Member`.  The services ask for the role again: a page may be
wrong about what it shows, a verb may not be wrong about what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from cairn_server.achievements.models import Achievement, AchievementVersion
from cairn_server.errors import NotAllowed, Refusal
from cairn_server.issuing.models import Batch, Credential
from cairn_server.organisations import roles
from cairn_server.organisations.models import ApiToken, Invitation, Organisation, SigningKey
from cairn_server.organisations.roles import Role
from cairn_server.webhooks.models import Endpoint

if TYPE_CHECKING:
    from django import forms

    from cairn_server.accounts.models import Person

# Who opens what.  Owner implies every role, an auditor reads everything and changes nothing.
READERS = (Role.OWNER, Role.ISSUER, Role.REVIEWER, Role.AUDITOR)
AWARD_READERS = (Role.OWNER, Role.ISSUER, Role.AUDITOR)
ISSUERS = (Role.OWNER, Role.ISSUER)
OVERSEERS = (Role.OWNER, Role.AUDITOR)
OWNERS = (Role.OWNER,)


@dataclass(frozen=True)
class Member:
    """A person inside one organisation: what the pages of that organisation are drawn for."""

    person: Person
    organisation: Organisation
    roles: frozenset[Role]

    def has(self, *wanted: Role) -> bool:
        return roles.allows(self.roles, wanted)

    # Templates ask by name which buttons to draw.

    @property
    def is_open(self) -> bool:
        return self.organisation.closed_at is None

    @property
    def may_issue(self) -> bool:
        return self.is_open and self.has(Role.ISSUER)

    @property
    def may_review(self) -> bool:
        return self.has(Role.ISSUER, Role.REVIEWER)

    @property
    def may_revoke(self) -> bool:
        """A closed organisation still answers for what it awarded."""
        return self.has(Role.ISSUER)

    @property
    def may_read_awards(self) -> bool:
        return self.has(*AWARD_READERS)

    @property
    def may_manage(self) -> bool:
        return self.is_open and self.has(Role.OWNER)

    @property
    def may_revoke_keys(self) -> bool:
        """Also in a closed organisation: what its keys sign is believed until somebody says otherwise."""
        return self.has(Role.OWNER)

    @property
    def may_oversee(self) -> bool:
        return self.has(*OVERSEERS)

    # The objects of this organisation that this person may see; anything else does not exist.

    def achievement(self, public_id: str) -> Achievement:
        return get_object_or_404(
            Achievement.objects.visible_to(self.person), organisation=self.organisation, public_id=public_id
        )

    def version(self, public_id: str) -> AchievementVersion:
        return get_object_or_404(
            AchievementVersion.objects.visible_to(self.person).select_related("achievement", "picture"),
            achievement__organisation=self.organisation,
            public_id=public_id,
        )

    def credential(self, public_id: str) -> Credential:
        return get_object_or_404(
            Credential.objects.visible_to(self.person).select_related("version__achievement"),
            organisation=self.organisation,
            public_id=public_id,
        )

    def batch(self, public_id: str) -> Batch:
        return get_object_or_404(
            Batch.objects.filter(organisation=self.organisation).select_related("version__achievement"),
            public_id=public_id,
        )

    def invitation(self, public_id: str) -> Invitation:
        return get_object_or_404(Invitation, organisation=self.organisation, public_id=public_id)

    def token(self, public_id: str) -> ApiToken:
        return get_object_or_404(ApiToken, organisation=self.organisation, public_id=public_id)

    def endpoint(self, public_id: str) -> Endpoint:
        return get_object_or_404(Endpoint, organisation=self.organisation, public_id=public_id)

    def key(self, fragment: str) -> SigningKey:
        return get_object_or_404(SigningKey, organisation=self.organisation, fragment=fragment)

    def colleague(self, public_id: str) -> Person:
        membership = self.organisation.memberships.filter(person__public_id=public_id).first()
        if membership is None:
            raise Http404
        return membership.person


# Takes the request and a Member; the decorated one takes the request and the organisation's id.
View = Callable[..., HttpResponseBase]


def member_page(*allowed: Role) -> Callable[[View], View]:
    """Open the view to members of the organisation named in the address who have one of ``allowed``."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def page(request: HttpRequest, organisation_id: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            member = member_of(person_of(request), organisation_id)
            if not member.has(*allowed):
                raise NotAllowed(
                    "role-required", _("Your role in this organisation does not include this page.")
                )
            try:
                return view(request, member, *args, **kwargs)
            except roles.SecondFactorRequired:
                # Known and curable, so it gets a page that says how instead of a bare refusal.
                return render(request, "organisation/second_factor.html", {"member": member}, status=403)

        return page

    return decorate


def member_of(person: Person, organisation_id: str) -> Member:
    """The person as a member of that organisation; 404 when they are not one."""
    organisation = get_object_or_404(Organisation.objects.visible_to(person), public_id=organisation_id)
    return Member(person, organisation, roles.roles_of(person, organisation))


def person_of(request: HttpRequest) -> Person:
    """The signed-in person; only called behind ``login_required``."""
    person = request.user
    assert person.is_authenticated
    return person


@contextmanager
def refusals_on(form: forms.Form) -> Iterator[None]:
    """Show what a verb refuses as an error of the form it came from, with the input kept.

    A missing right is not a mistake in the form, so it keeps its own page.
    """
    try:
        yield
    except NotAllowed:
        raise
    except Refusal as refusal:
        field = getattr(refusal, "field", None)
        form.add_error(field if field in form.fields else None, str(refusal.message))
