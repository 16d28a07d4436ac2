# SPDX-License-Identifier: Apache-2.0
"""Letting other sites in and out: they register, a learner agrees, they use it, the learner takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AccessToken, Grant, RefreshToken, clear_expired

from cairn.errors import MalformedError
from cairn.fetch import Url
from cairn.legacy import OPEN_BADGES_2
from cairn.reading import EMBEDDED, TOKEN
from cairn_server.accounts import services as accounts
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.portability.models import LONGEST_URL, Client, Connection, Consent, Host, SpentCode
from cairn_server.portability.scopes import RIGHTS, Right, known, rights_of
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.wallets.models import Collection, HeldCredentialQuerySet

LONGEST_NAME: Final = 200
MOST_REDIRECTS: Final = 10
GRANT_TYPES: Final = ("authorization_code", "refresh_token")
AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post")
# Used this often, "last used" is as exact as anybody asks for.
USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)
# A code lives for minutes; whoever has no token by now does not come back with it.
CONSENT_WAITS: Final = timedelta(hours=1)
# A site that registered, and that nobody let in for so long.
CLIENT_WAITS: Final = timedelta(days=180)


class BadRegistration(Refusal):
    """What a site says about itself cannot stand (RFC 7591 section 3.2.2)."""

    status = 400

    def __init__(self, error: str, why: str) -> None:
        super().__init__("bad-registration", why)
        self.error = error


class NothingChosen(Refusal):
    """The site asks to read, and the learner has not said what."""

    status = 422
    field = "reads"

    def __init__(self) -> None:
        super().__init__("nothing-chosen", _("Choose what the site may read."))


class BadName(Refusal):
    status = 400

    def __init__(self) -> None:
        super().__init__(
            "bad-name", _("A name is at most 200 characters long, without control or invisible ones.")
        )


# A site introduces itself


@dataclass(frozen=True, slots=True)
class Registered:
    client: Client
    # Told once: the table has its digest.
    secret: str
    auth_method: str
    grant_types: Sequence[str]


def register(metadata: Mapping[str, Any], *, may_be_local: bool) -> Registered:
    """Write a site down that introduces itself. It may do nothing until somebody lets it in.

    All its addresses are on one host, so that the name a learner reads is the place a code goes to.
    ``may_be_local`` lets http and this machine through, for development.
    """
    redirects = _texts(metadata, "redirect_uris", "invalid_redirect_uri")
    if not 1 <= len(redirects) <= MOST_REDIRECTS:
        raise BadRegistration("invalid_redirect_uri", f"redirect_uris has 1 to {MOST_REDIRECTS} addresses.")
    hosts = {_address(each, "redirect_uris", may_be_local=may_be_local) for each in redirects}
    said = {name: _text(metadata, name) for name in ("client_uri", "logo_uri", "tos_uri", "policy_uri")}
    if not said["client_uri"]:
        raise BadRegistration("invalid_client_metadata", "client_uri is missing: the address of the site.")
    hosts |= {_address(each, name, may_be_local=may_be_local) for name, each in said.items() if each}
    if len(hosts) > 1:
        raise BadRegistration("invalid_client_metadata", "All addresses of a client are on one host.")
    name = " ".join(_text(metadata, "client_name").split())
    if not 1 <= len(name) <= LONGEST_NAME or has_hidden_characters(name):
        raise BadRegistration(
            "invalid_client_metadata",
            f"client_name has 1 to {LONGEST_NAME} characters, and no invisible ones.",
        )
    scope = known(_text(metadata, "scope"))
    if not rights_of(scope.split()):
        raise BadRegistration("invalid_client_metadata", "scope names none of: " + ", ".join(RIGHTS) + ".")
    grant_types = _texts(metadata, "grant_types") or ["authorization_code"]
    if "authorization_code" not in grant_types or not set(grant_types) <= set(GRANT_TYPES):
        raise BadRegistration(
            "invalid_client_metadata", "grant_types is authorization_code, with refresh_token or without."
        )
    if (_texts(metadata, "response_types") or ["code"]) != ["code"]:
        raise BadRegistration("invalid_client_metadata", "response_types is code.")
    method = _text(metadata, "token_endpoint_auth_method") or AUTH_METHODS[0]
    if method not in AUTH_METHODS:
        raise BadRegistration(
            "invalid_client_metadata", "token_endpoint_auth_method is " + " or ".join(AUTH_METHODS) + "."
        )
    client = Client(
        name=name,
        redirect_uris=" ".join(redirects),
        client_type=Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
        registration_source=Client.RegistrationSource.DCR,
        scope=scope,
        **said,
        **{each: _text(metadata, each)[:255] for each in ("software_id", "software_version")},
    )
    secret = client.client_secret  # saving turns it into its digest
    try:
        client.full_clean()
    except ValidationError as error:
        raise BadRegistration("invalid_client_metadata", " ".join(error.messages)) from error
    # No entry in the journal: strangers register, and what they write there could never be deleted.
    client.save()
    return Registered(client, secret, method, grant_types)


def _text(metadata: Mapping[str, Any], name: str) -> str:
    said = metadata.get(name, "")
    if not isinstance(said, str) or len(said) > LONGEST_URL or "\x00" in said:
        raise BadRegistration("invalid_client_metadata", f"{name} is not a text of that kind.")
    return said


def _texts(metadata: Mapping[str, Any], name: str, error: str = "invalid_client_metadata") -> list[str]:
    said = metadata.get(name, [])
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        raise BadRegistration(error, f"{name} is a list of texts.")
    return said


def _address(text: str, name: str, *, may_be_local: bool) -> str:
    """The host of an address in its one spelling (B131): no user part, no fragment, ASCII in lower case."""
    error = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
    try:
        url = Url.parse(text)
    except MalformedError as problem:
        raise BadRegistration(error, f"{name}: {text[:100]!r} is not a plain https address.") from problem
    if url.scheme != "https" and not may_be_local:
        raise BadRegistration(error, f"{name}: {text[:100]!r} does not begin with https.")
    return url.host


# A learner lets it in, and out


@transaction.atomic
def let_in(
    client: Client,
    *,
    by: Person,
    scopes: Sequence[str],
    reads: str,
    collection: Collection | None,
    at: datetime,
) -> Consent:
    """Note what this learner lets the site do. It takes the place of what they agreed to before."""
    asks_to_read = Right.READ in rights_of(scopes)
    chosen = Consent.Reads(reads) if asks_to_read and reads in Consent.Reads.values else Consent.Reads.NOTHING
    if asks_to_read and chosen == Consent.Reads.NOTHING:
        raise NothingChosen
    if (collection is not None) != (chosen == Consent.Reads.COLLECTION):
        raise NothingChosen
    if collection is not None and collection.person_id != by.pk:
        raise NotVisible
    consent, _new = Consent.objects.select_for_update().update_or_create(
        person=by,
        client=client,
        defaults={"scope": " ".join(scopes), "reads": chosen, "collection": collection, "given_at": at},
    )
    journal.record(
        verb="site let in",
        by=by,
        organisation_id=None,
        object=consent,
        details={"client": client.client_id, "scope": consent.scope, "reads": consent.reads},
        at=at,
    )
    return consent


@transaction.atomic
def take_back(consent: Consent, *, by: Person, at: datetime) -> None:
    """The site may do nothing more, from this moment. What it has read or brought stays where it is."""
    if consent.person_id != by.pk:
        raise NotVisible
    # Whoever is being given a token just now holds this row, and the token goes with the others.
    held = Consent.objects.select_for_update().filter(pk=consent.pk).first()
    if held is None:
        return
    _forget_tokens(held)
    journal.record(
        verb="site shut out",
        by=by,
        organisation_id=None,
        object=held,
        details={"client": held.client.client_id},
        at=at,
    )
    held.delete()


def _forget_tokens(consent: Consent) -> None:
    for model in (Grant, RefreshToken, AccessToken):
        model.objects.filter(user=consent.person_id, application=consent.client_id).delete()


def note_use(consent: Consent, *, at: datetime) -> None:
    if consent.last_used_at is None or at - consent.last_used_at >= USE_IS_NOTED_EVERY:
        Consent.objects.filter(pk=consent.pk).update(last_used_at=at)


def move(*, into: Person, other: Person, at: datetime) -> None:
    """Two accounts become one: sites were let into one wallet, and not into two. They ask again.

    What this server may do elsewhere moves along, but for a host that both are connected to.
    """
    for consent in Consent.objects.filter(person=other):
        take_back(consent, by=other, at=at)
    mine = Connection.objects.filter(person=into).values("host")
    Connection.objects.filter(person=other, host__in=mine).delete()


# What a site reads


def readable(consent: Consent, *, since: datetime | None = None) -> HeldCredentialQuerySet:
    """The badges of Open Badges 3.0 that this site may read, oldest arrival first: as pages go on, nothing
    moves."""
    found = _chosen(consent, since=since).filter(format__in=(EMBEDDED, TOKEN))
    return found.exclude(achievement_id="")


def readable_assertions(consent: Consent, *, since: datetime | None = None) -> HeldCredentialQuerySet:
    """The same of Open Badges 2: no program of today's makes the one into the other without breaking it."""
    return _chosen(consent, since=since).filter(format=OPEN_BADGES_2)


def _chosen(consent: Consent, *, since: datetime | None) -> HeldCredentialQuerySet:
    """What the learner chose for this site, and somebody vouches for.

    Of a credential that is held in several copies or forms, the one that stands for all.
    """
    held = (
        HeldCredential.objects.visible_to(consent.person)
        .current()
        .filter(document__isnull=False)
        .order_by("received_at", "pk")
    )
    match consent.reads:
        case Consent.Reads.ALL:
            pass
        case Consent.Reads.PUBLIC:
            held = held.public()
        case Consent.Reads.COLLECTION if consent.collection is not None:
            held = held.filter(collections=consent.collection)
        case _:
            return held.none()
    return held if since is None else held.filter(begins_at__gt=since)


def change_name(consent: Consent, *, name: object, at: datetime) -> None:
    """The learner's name, as the site writes it: one that the learner could have typed themselves."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise BadName
    name = " ".join(name.split())
    if has_hidden_characters(name):
        raise BadName
    person = consent.person
    accounts.update_person(by=person, name=name, language=person.language, at=at)


# Housekeeping


def forget_old(*, at: datetime) -> int:
    """Delete tokens that are over, consents that no token stands on, and sites that nobody ever let in."""
    clear_expired()
    of_this = {"user": OuterRef("person"), "application": OuterRef("client")}
    over = Consent.objects.filter(
        ~Exists(AccessToken.objects.filter(**of_this)),
        ~Exists(RefreshToken.objects.filter(**of_this, revoked=None)),
        given_at__lt=at - CONSENT_WAITS,
    )
    unused = Client.objects.filter(Q(consents=None), created__lt=at - CLIENT_WAITS)
    # Learners who went to a host and never came back, and hosts that nobody is connected to any more.
    away = Connection.objects.filter(connected_at=None, asked_until__lt=at - CONSENT_WAITS)
    left = Host.objects.filter(connections=None, registered_at__lt=at - CLIENT_WAITS)
    # Codes of which no token is left: there is nothing to end if they come again.
    spent = SpentCode.objects.filter(
        ~Exists(AccessToken.objects.filter(token_checksum=OuterRef("access_token_sha256"))),
        ~Exists(RefreshToken.objects.filter(token_family=OuterRef("token_family"), revoked=None)),
        spent_at__lt=at - CONSENT_WAITS,
    )
    return sum(each.delete()[0] for each in (spent, over, unused, away, left))


def export_data(person: Person) -> dict[str, Any]:
    """What ``portability`` knows about a person."""
    return {
        "sites": [
            {
                "name": each.client.name,
                "site": each.client.client_uri,
                "may": [right.value for right in rights_of(each.scope.split())],
                "reads": each.reads,
                "collection": each.collection.name if each.collection else None,
                "since": each.given_at.isoformat(),
                "last_used_at": each.last_used_at.isoformat() if each.last_used_at else None,
            }
            for each in Consent.objects.visible_to(person).select_related("client", "collection")
        ],
        "hosts": [
            {
                "name": each.host.name,
                "address": each.host.base,
                "since": each.connected_at.isoformat() if each.connected_at else None,
                "last_used_at": each.last_used_at.isoformat() if each.last_used_at else None,
            }
            for each in Connection.objects.visible_to(person).select_related("host")
        ],
    }
