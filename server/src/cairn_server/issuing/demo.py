# SPDX-License-Identifier: Apache-2.0
"""The organisation that a newcomer finds: real awards to invented people, made by the same verbs as all.

Only ``cairn-server run`` calls this. Doing it twice is doing it once; what the newcomer changed or removed
since is left alone. Addresses end in example.org, so that no mail can reach anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django.db import transaction

from cairn_server.accounts.models import Person
from cairn_server.achievements import pictures
from cairn_server.achievements import services as achievements
from cairn_server.achievements.models import AchievementVersion
from cairn_server.issuing import services, standing
from cairn_server.issuing.life import Standing
from cairn_server.issuing.models import Credential
from cairn_server.organisations import installation
from cairn_server.organisations import services as organisations

if TYPE_CHECKING:
    from datetime import datetime

OWNER_EMAIL = "mara@example.org"
OWNER_NAME = "Mara Lindqvist"
KEY = "demo:"

_ESCO = "http://data.europa.eu/esco/skill/"
_FRAMEWORK = "ESCO"


@dataclass(frozen=True, slots=True)
class Demo:
    owner_email: str
    # The part after /c/, in the order in which they were awarded.
    credential_ids: tuple[str, ...]


def ensure_demo(public_url: str, *, at: datetime) -> Demo:
    """Make the demonstration if it is not there, and say how to find it. ``public_url`` is this server's."""
    made = Credential.objects.filter(request_key__startswith=KEY)
    with transaction.atomic():
        owner = _owner()
        if not owner.memberships.exists():
            _found(owner, public_url=public_url, at=at)
    # Each award has transactions of its own, so a start that was interrupted may have left some to do.
    if made.count() < len(_AWARDS):
        _award_all(owner, at=at)
    return Demo(OWNER_EMAIL, tuple(made.order_by("request_key").values_list("public_id", flat=True)))


def _owner() -> Person:
    owner = Person.objects.filter(email=OWNER_EMAIL).first()
    if owner is None:
        owner = Person.objects.create_user(OWNER_EMAIL, name=OWNER_NAME)
        EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    return owner


def _found(owner: Person, *, public_url: str, at: datetime) -> None:
    installation.remember_installation(public_url=public_url, at=at)
    organisation = organisations.create_organisation(
        open_to_all=True,
        by=owner,
        name="Lakeside Workshops",
        description=(
            "Short courses by the lake: craft, first aid and data. A demonstration; nobody here is real."
        ),
        url="https://lakeside.example.org",
        email="hello@lakeside.example.org",
        requires_second_factor=False,
        at=at,
    )
    organisations.set_logo(organisation, by=owner, png=pictures.rasterise(_LOGO), at=at)
    organisation.refresh_from_db()
    for fields in _ACHIEVEMENTS.values():
        draft = achievements.draft_achievement(by=owner, organisation=organisation, fields=fields, at=at)
        achievements.publish(draft, by=owner, at=at)


def _award_all(owner: Person, *, at: datetime) -> None:
    """The awards, unless the newcomer has made something else of the organisation."""
    named = {str(fields["name"]): name for name, fields in _ACHIEVEMENTS.items()}
    found = AchievementVersion.objects.filter(
        achievement__organisation__memberships__person=owner,
        achievement__archived_at__isnull=True,
        published_at__isnull=False,
        name__in=named,
    )
    versions = {named[version.name]: version for version in found}
    if set(versions) != set(_ACHIEVEMENTS):
        return
    awards = [_award(number, versions, owner, *who, at=at) for number, who in enumerate(_AWARDS)]
    if awards[3].standing == Standing.ACTIVE:
        standing.suspend(
            awards[3], by=owner, reason="The practical part is being assessed again after an appeal.", at=at
        )
    if awards[5].standing == Standing.ACTIVE:
        standing.revoke(
            awards[5], by=owner, reason="Awarded to the wrong person: two people share this name.", at=at
        )


def _award(
    number: int,
    versions: dict[str, AchievementVersion],
    owner: Person,
    achievement: str,
    name: str,
    email: str,
    texts: dict[str, str],
    *,
    at: datetime,
) -> Credential:
    return services.award(
        by=owner,
        version=versions[achievement],
        recipient=services.Recipient(name, email),
        request_key=f"{KEY}{number}",
        at=at,
        narrative=texts.get("narrative", ""),
        grade=texts.get("grade", ""),
    )


_AWARDS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    (
        "ceramics",
        "Amara Okafor",
        "amara@example.org",
        {
            "narrative": (
                "A set of four bowls with an even wall and a celadon glaze, and a firing log that others "
                "could repeat."
            ),
            "grade": "Distinction",
        },
    ),
    ("first aid", "Jonas Weber", "jonas@example.org", {}),
    ("data", OWNER_NAME, OWNER_EMAIL, {"narrative": "Built the enrolment report that the office now uses."}),
    ("first aid", "Zofia Nowak", "zofia@example.org", {}),
    ("data", "Луїза Мельник", "luiza@example.org", {}),
    ("ceramics", "Ana Costa", "ana@example.org", {}),
)


def _skill(uri: str, name: str) -> dict[str, str]:
    return {"target_name": name, "target_url": _ESCO + uri, "target_framework": _FRAMEWORK}


_ACHIEVEMENTS: dict[str, dict[str, Any]] = {
    "ceramics": {
        "name": "Ceramics: from clay to glaze",
        "description": (
            "Makes functional stoneware by hand and on the wheel, glazes it, and fires it safely in an "
            "electric kiln."
        ),
        "criteria": (
            "To earn this you show, in the workshop and in a talk about your pieces, that you can:\n\n"
            "- prepare clay and choose it for what you want to make\n"
            "- build **three** sound pieces: one coiled, one from slabs, one thrown\n"
            "- mix and apply a glaze, and say why it behaves as it does\n"
            "- plan a firing, load the kiln, and keep a firing log\n\n"
            "Two tutors assess the pieces and the log. Each part has to be passed."
        ),
        "achievement_type": "MicroCredential",
        "level": "3",
        "workload_hours": 60,
        "credits": "2",
        "tags": ["ceramics", "craft"],
        "alignments": [
            _skill("7ffe5ddd-abf1-4047-91e9-37c4e9f43d9c", "create ceramic objects"),
            _skill("21e84b95-0923-480b-87d7-e2f8db0c0f5a", "create ceramic work by hand"),
            _skill("a34eda1e-bdef-4b1d-894e-3f62b025e457", "apply glaze coating"),
            _skill("c44fc331-7ca2-4bdf-9790-118f9fd5055a", "operate a ceramics kiln"),
        ],
        "design": {
            "shape": "stone",
            "colour": "#8a3b1e",
            "accent": "#fbefe2",
            "icon": "flame",
            "lines": ["Ceramics", "from clay to glaze"],
            "ribbon": "60 hours",
        },
    },
    "first aid": {
        "name": "First aid at work",
        "description": "Gives first aid in the workplace until professional help takes over.",
        "criteria": (
            "After a two-day course you handle, without prompting, four staged emergencies:\n\n"
            "1. an unconscious person who breathes\n"
            "2. cardiac arrest, with a defibrillator\n"
            "3. severe bleeding\n"
            "4. choking\n\n"
            "and you answer 16 of 20 questions correctly. Renew it every two years."
        ),
        "achievement_type": "Certification",
        "workload_hours": 16,
        "validity_days": 730,
        "tags": ["first aid", "health and safety"],
        "alignments": [
            _skill("1d21f6ad-340f-45da-a0a3-4e83867f47a6", "provide first aid"),
            _skill("f7464f30-662b-4177-85a0-3df9693e9e58", "first aid"),
        ],
        "design": {
            "shape": "shield",
            "colour": "#1f5a46",
            "accent": "#f3f0e2",
            "icon": "heart-pulse",
            "lines": ["First aid", "at work"],
            "ribbon": "Two years",
        },
    },
    "data": {
        "name": "Working with data in Python",
        "description": "Collects, cleans and shows data with Python, and says what the result does not tell.",
        "criteria": (
            "You hand in a project of your own with real data:\n\n"
            "- data from at least **two** sources, cleaned by a script that anyone can run\n"
            "- three charts answer a question that somebody really has\n"
            "- one page says what the data cannot tell\n\n"
            "A tutor runs the project from scratch and talks it through with you for half an hour."
        ),
        "achievement_type": "Course",
        "level": "5",
        "workload_hours": 120,
        "credits": "4",
        "tags": ["data", "Python"],
        "alignments": [
            _skill("ccd0a1d9-afda-43d9-b901-96344886e14d", "Python (computer programming)"),
            _skill("0d6714c6-720e-4985-9791-5ab85d28da79", "gather data"),
            _skill("50b100ea-74fd-4706-99db-3e4ca55e51b8", "perform data cleansing"),
            _skill("c3e36d05-8ae8-447f-bb2b-6f9409f85389", "deliver visual presentation of data"),
        ],
        "design": {
            "shape": "hexagon",
            "colour": "#1f4e5f",
            "accent": "#f4efe4",
            "icon": "chart-no-axes-column",
            "lines": ["Data", "in Python"],
            "logo": True,
        },
    },
}

# A sun over water, in the house's lake and ochre.
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" width="120" height="120">'
    '<circle cx="60" cy="46" r="22" fill="#c98a2b"/>'
    '<g fill="none" stroke="#1f4e5f" stroke-width="7" stroke-linecap="round">'
    '<path d="M14 70q11.5 -9 23 0t23 0t23 0t23 0"/><path d="M26 87q8.5 -7 17 0t17 0t17 0t17 0"/>'
    '<path d="M40 103q5 -5 10 0t10 0t10 0t10 0"/></g></svg>'
)
