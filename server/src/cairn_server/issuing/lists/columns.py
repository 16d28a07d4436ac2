# SPDX-License-Identifier: Apache-2.0
"""What columns are called out there, and which of our fields each one is.

Names are guessed from the first line; whoever brings the list sees the guess beside the first rows and may
change it, and what was chosen is remembered for the organisation (``remembered``: header → field).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _lazy

from cairn_server.issuing.lists.limits import MAX_COLUMNS
from cairn_server.issuing.lists.problems import Problem, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Our fields in the order in which they are offered.
LABELS = {
    "email": _lazy("E-mail address"),
    "name": _lazy("Full name"),
    "first_name": _lazy("First name"),
    "surname": _lazy("Surname"),
    "external_id": _lazy("Your own number for the row"),
    "issue_date": _lazy("Awarded on"),
    "expiry_date": _lazy("Valid until"),
    "narrative": _lazy("What this person did"),
    "grade": _lazy("Result: grade or score"),
    "result_status": _lazy("Result: status"),
    "evidence_url": _lazy("Evidence: web address"),
    "evidence_name": _lazy("Evidence: name"),
    "evidence_description": _lazy("Evidence: description"),
    "license_number": _lazy("Licence number"),
    "language": _lazy("Language of the e-mail"),
    "did": _lazy("Holder's identifier (DID)"),
    "sis_id": _lazy("Identifier: student information system"),
    "one_roster_id": _lazy("Identifier: OneRoster"),
    "lti_user_id": _lazy("Identifier: LTI user"),
    "user_name": _lazy("Identifier: user name"),
    "account_id": _lazy("Identifier: account"),
    "identifier": _lazy("Identifier: of another kind"),
}

# Lower case, every run of other characters a space.
ALIASES: dict[str, tuple[str, ...]] = {
    "email": ("email", "e mail", "mail", "recipient", "email address", "e mail address", "recipient email"),
    "name": ("name", "full name", "recipient name"),
    "first_name": ("first name", "given name", "given names", "forename"),
    "surname": ("surname", "family name", "last name"),
    "external_id": ("external id", "id", "student number", "student id"),
    "issue_date": ("issue date", "issued on", "issued", "awarded on", "date"),
    "expiry_date": (
        "expiry date", "expiration date", "expires at", "expired on", "expires on", "expires", "valid until",
    ),
    "narrative": ("narrative", "comment", "reason"),
    "grade": ("grade", "score", "result", "mark"),
    "result_status": ("result status", "grade status"),
    "evidence_url": ("evidence url", "evidence", "evidence link"),
    "evidence_name": ("evidence name",),
    "evidence_description": ("evidence description",),
    "license_number": ("license number", "licence number", "certificate number"),
    "language": ("language", "locale", "preferred language"),
    "did": ("did", "holder did", "recipient did"),
    "sis_id": ("sis id", "sis sourced id", "sourced id"),
    "one_roster_id": ("one roster id", "oneroster id", "one roster sourced id"),
    "lti_user_id": ("lti user id",),
    "user_name": ("user name", "username", "login"),
    "account_id": ("account id",),
    "identifier": ("identifier",),
}  # fmt: skip
_FIELD_OF = {alias: name for name, aliases in ALIASES.items() for alias in aliases}

# These may be there several times: evidence_url, evidence_url_2, …
REPEATED = ("evidence_url", "evidence_name", "evidence_description", "grade", "result_status")
MOST_REPEATS = 5
# What ends up as an identifier in the credential, and its type in Open Badges 3.0.
IDENTITY_TYPES = {
    "sis_id": "sisSourcedId",
    "one_roster_id": "oneRosterSourcedId",
    "lti_user_id": "ltiUserId",
    "user_name": "userName",
    "account_id": "accountId",
    "identifier": "identifier",
}
FIELDS = tuple(
    each
    for name in LABELS
    for each in (name, *(f"{name}_{n}" for n in range(2, MOST_REPEATS + 1) if name in REPEATED))
)

# Columns of the file that goes out with the problems, and comes back mended (``mending``).
LINE, PROBLEM = "Line", "Problem"


def label(field: str) -> str:
    name, number = base(field)
    return f"{LABELS[name]} {number}" if number > 1 else str(LABELS[name])


def base(field: str) -> tuple[str, int]:
    """The field without its number, and the number: ("evidence_url", 2)."""
    name, _separator, number = field.rpartition("_")
    return (name, int(number)) if number.isdecimal() else (field, 1)


def normal(header: str) -> str:
    return re.sub(r"[\W_]+", " ", header.casefold()).strip()


def field_of(header: str) -> str:
    """The field that a column of this name is, or nothing."""
    found = normal(header)
    if found in _FIELD_OF:
        return _FIELD_OF[found]
    split = re.fullmatch(r"(.+?) ?([1-9])", found)
    if split is None or (name := _FIELD_OF.get(split[1])) not in REPEATED or int(split[2]) > MOST_REPEATS:
        return ""
    return name if split[2] == "1" else f"{name}_{split[2]}"


def known(headers: Sequence[str]) -> int:
    """How many of these are names of columns."""
    return sum(1 for header in headers if field_of(header))


def guessed(headers: Sequence[str], remembered: Mapping[str, str]) -> tuple[str, ...]:
    """Our field for each column, or nothing where it is not read.

    What the organisation chose before comes first. A column that may be repeated is numbered; of two that may
    not, the second is left for somebody to decide.
    """
    fields: list[str] = []
    for header in headers:
        chosen = remembered.get(normal(header))
        field = field_of(header) if chosen is None else chosen
        name, _number = base(field)
        if field in fields and name in REPEATED:
            field = next((each for each in FIELDS if base(each)[0] == name and each not in fields), "")
        fields.append("" if field in fields else field)
    return tuple(fields)


def problems_of(headers: Sequence[str], fields: Sequence[str]) -> list[Problem]:
    """Why no row can be read with these columns."""
    if len(headers) > MAX_COLUMNS:
        return [Problem(1, "", "", "header-many", {"most": MAX_COLUMNS})]
    if not any(fields):
        return [Problem(1, "", "", "header-unknown")]
    problems = []
    for place, field in enumerate(fields):
        if field and field in fields[:place]:
            other = headers[fields.index(field)]
            problems.append(
                Problem(1, headers[place], shown(headers[place]), "header-twice", {"other": other})
            )
    if "email" not in fields:
        problems.append(Problem(1, "", "", "header-no-email"))
    if not {"name", "first_name", "surname"} & set(fields):
        problems.append(Problem(1, "", "", "header-no-name"))
    return problems


def undecided(headers: Sequence[str], fields: Sequence[str]) -> list[Problem]:
    """Columns left out although we know what they are: two of one kind. Somebody must choose."""
    return [
        Problem(1, header, shown(header), "header-twice", {"other": headers[fields.index(field_of(header))]})
        for header, field in zip(headers, fields, strict=True)
        if not field and field_of(header) in fields and base(field_of(header))[0] not in REPEATED
        and field_of(header)
    ]  # fmt: skip
