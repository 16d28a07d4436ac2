# SPDX-License-Identifier: Apache-2.0
"""The questions that a judgement asks, each a pure function of the materials and a moment.

    structure      does it obey the rules of its standard, and do we know what its words mean?
    schema         are the schemas that it names those of its kind?
    proof          two findings: is it unchanged, and is the key that says so the issuer's?
    status         has the issuer revoked or suspended it?
    period         is this a day on which it claims to be valid?
    resources      do the texts that it names by digest have that digest?

and those that are asked because the caller chose to, each told beside the others and never mixed with them:

    recognised_by  is the issuer on one of the caller's lists? (``issued_by``: on this one)
    entitled       may it award this achievement, if that is somebody else's?
    domain_control does the domain that the issuer claims know the issuer? (asks that domain)
    held_by        is the holder whom the caller typed?
    presented_to   has its holder shown it to the caller, just now?
    made_for       was it signed for this domain, in answer to this challenge?
    schemas_from   ``schema``, with schemas that the caller has

A finding PASSED, FAILED or is UNDECIDED. "We could not reach the list" is never "fine" and never "revoked".
"""

from cairn.checks.dates import period
from cairn.checks.domain import domain_control
from cairn.checks.entitlement import entitled
from cairn.checks.finding import Check, Finding
from cairn.checks.holder import held_by, made_for, presented_to
from cairn.checks.resources import resources
from cairn.checks.rules import structure
from cairn.checks.schemas import schema, schemas_from
from cairn.checks.signature import proof
from cairn.checks.trust import issued_by, recognised_by
from cairn.checks.withdrawal import status

DEFAULT_CHECKS: tuple[Check, ...] = (structure, schema, proof, status, period, resources)

__all__ = [
    "DEFAULT_CHECKS",
    "Check",
    "Finding",
    "domain_control",
    "entitled",
    "held_by",
    "issued_by",
    "made_for",
    "period",
    "presented_to",
    "proof",
    "recognised_by",
    "resources",
    "schema",
    "schemas_from",
    "status",
    "structure",
]
