# SPDX-License-Identifier: Apache-2.0
"""Showing what one holds: all of it or a part, for one reader, bound where its issuer can bind it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of
from server.tests.presenting.conftest import CLAIMS, keep_sd_jwt

import cairn
from cairn import checks
from cairn.testing import FixedSources
from cairn_server.accounts.limits import TooMany
from cairn_server.errors import NotVisible
from cairn_server.issuing import as_sd_jwt
from cairn_server.issuing import services as issuing
from cairn_server.issuing.models import BoundCopy
from cairn_server.issuing.signing import Format
from cairn_server.journal.models import Entry
from cairn_server.presenting import judging, services, showing
from cairn_server.presenting.models import Presentation
from cairn_server.presenting.showing import Choice
from cairn_server.wallets.models import HeldCredential

USUAL = {"reader": "Kiln & Co.", "until": TUESDAY, "at": MONDAY}


def show(person, *held, **changes):
    choices = [each if isinstance(each, Choice) else Choice(each) for each in held]
    return showing.show(choices, by=person, **USUAL | changes)


def judged(row, sources, **question):
    asked = (checks.made_for(**question),) if question else ()
    return cairn.Verifier(sources, (*checks.DEFAULT_CHECKS, *asked)).examine(bytes(row.secured), at=MONDAY)


def test_what_was_awarded_here_is_bound_to_the_key_that_shows_it(learner, held, credential):
    row, token = show(learner, held, audience="Kiln & Co.", question="4711")

    report = cairn.Verifier(
        sources_of(credential),
        (
            *checks.DEFAULT_CHECKS,
            checks.made_for(domain="Kiln & Co.", challenge="4711"),
            judging.held_by_who_shows,
        ),
    ).examine(bytes(row.secured), at=MONDAY)
    assert report.accepted
    assert row.bound
    assert showing.opened_by(token, at=MONDAY) == row
    assert (row.names, len(token)) == (["First firing"], 22)


def test_every_showing_has_a_key_of_its_own_that_nobody_keeps(learner, held, credential):
    first, _token = show(learner, held)
    second, _token = show(learner, held)

    holders = [json.loads(bytes(row.secured))["holder"] for row in (first, second)]
    assert len(set(holders)) == 2
    assert BoundCopy.objects.filter(credential=credential, holder__in=holders).count() == 2


def test_a_file_that_somebody_brought_is_bound_to_nobody(learner, keep, credential, outsider):
    """B145 B146: also not when it is the very award of somebody else."""
    brought = keep("Glazing")
    stolen = HeldCredential.objects.create(
        person=outsider,
        issuer_id=credential.organisation.did,
        credential_id=credential.address("https://cairn.example"),
        name="First firing",
        format="vc+ld+json",
        secured=credential.secured_in(Format.JSON).bytes(),
        sha256="0" * 64,
        document={"id": "x"},
        source=HeldCredential.Source.IMPORTED,
        received_at=MONDAY,
    )

    mine, _token = show(learner, brought)
    theirs, _token = show(outsider, stolen)

    assert (mine.bound, theirs.bound) == (False, False)
    assert judged(mine, FixedSources()).accepted
    assert not BoundCopy.objects.exists()


def test_one_that_nothing_binds_makes_the_whole_unbound(learner, held, keep):
    row, _token = show(learner, held, keep("Glazing"))

    assert not row.bound
    assert len(json.loads(bytes(row.secured))["verifiableCredential"]) == 2


def test_a_token_goes_in_an_envelope(learner, keep):
    row, _token = show(learner, keep("Glazing", form="jwt"))

    [inside] = json.loads(bytes(row.secured))["verifiableCredential"]
    assert inside["id"].startswith("data:application/vc+jwt,")
    assert judged(row, FixedSources()).accepted


def test_of_an_sd_jwt_only_what_is_ticked_is_shown(learner, held_sd_jwt):
    assert {pointer for pointer, _value in showing.hideable(held_sd_jwt)} == {"/given_name", "/birthdate"}

    row, _token = show(learner, Choice(held_sd_jwt, frozenset(["/given_name"])))

    shown = judged(row, FixedSources()).document
    assert (shown["given_name"], "birthdate" in shown) == ("Lena", False)
    # Also not as a disclosure that a reader who looks closely would find.
    assert CLAIMS["birthdate"] not in bytes(row.secured).decode()
    assert bytes(row.secured).count(b"~") == 2


def test_nothing_is_shown_that_may_be_kept_back_unless_it_is_ticked(learner, held_sd_jwt):
    row, _token = show(learner, held_sd_jwt)

    assert bytes(row.secured).endswith(b"~")
    assert bytes(row.secured).count(b"~") == 1


def test_what_is_signed_as_a_whole_has_no_parts(keep):
    assert showing.hideable(keep("Glazing")) == ()
    assert showing.revealed(Choice(keep("Glazing"))) == bytes(keep("Glazing").secured)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"until": MONDAY}, "presentation-until"),
        ({"until": MONDAY + timedelta(days=366)}, "presentation-until"),
        ({"reader": "x" * 121}, "presentation-text"),
        ({"audience": "x" * 201}, "presentation-text"),
        ({"question": "a\u202eb"}, "presentation-text"),
    ],
)
def test_what_makes_no_sense_is_refused(learner, held, changes, code):
    with pytest.raises(showing.BadPresentation) as refused:
        show(learner, held, **changes)

    assert (refused.value.code, Presentation.objects.count()) == (code, 0)


def test_what_does_not_go_together_is_refused(learner, held, held_sd_jwt, keep):
    for choices, code in (
        ([], "presentation-count"),
        ([held, held], "presentation-count"),
        ([held] * 21, "presentation-count"),
        ([held, held_sd_jwt], "presentation-mixed"),
        ([Choice(held_sd_jwt, frozenset(["/level"]))], "presentation-part"),
    ):
        with pytest.raises(showing.BadPresentation) as refused:
            show(learner, *choices)
        assert refused.value.code == code


def test_what_does_not_count_any_more_is_not_shown(learner, held):
    HeldCredential.objects.update(standing=HeldCredential.Standing.REVOKED)
    held.refresh_from_db()

    with pytest.raises(showing.BadPresentation) as refused:
        show(learner, held)
    assert refused.value.code == "presentation-unfit"


def test_nobody_shows_what_another_holds(outsider, held):
    """B135"""
    with pytest.raises(NotVisible):
        show(outsider, held)
    with pytest.raises(NotVisible):
        showing.choices_of(outsider, [held.public_id], {})


def test_showings_are_counted(learner, keep):
    """B149: each has copies signed."""
    held = keep("Glazing")
    for _ in range(showing.SHOWINGS.burst):
        show(learner, held)

    with pytest.raises(TooMany):
        show(learner, held)


def test_a_link_ends_by_itself_and_by_its_holder(learner, held, outsider):
    row, token = show(learner, held)

    assert showing.opened_by(token, at=TUESDAY) is None
    assert showing.opened_by("A" * 22, at=MONDAY) is None
    with pytest.raises(NotVisible):
        showing.end(row, by=outsider, at=MONDAY)
    assert showing.opened_by(token, at=MONDAY) is not None
    showing.end(row, by=learner, at=MONDAY)
    assert showing.opened_by(token, at=MONDAY) is None
    assert Entry.objects.filter(verb="presentation ended").count() == 1


def test_the_table_has_no_token(learner, held):
    """B153"""
    row, token = show(learner, held)

    assert token not in json.dumps({name: str(value) for name, value in vars(row).items()})


def test_old_ones_are_forgotten_and_all_are_in_ones_data(learner, held):
    show(learner, held)

    [told] = services.export_data(learner)["shown"]
    assert (told["to"], told["credentials"]) == ("Kiln & Co.", ["First firing"])
    assert services.forget_old(at=TUESDAY + services.KEPT_FOR) == 0
    assert services.forget_old(at=TUESDAY + services.KEPT_FOR + timedelta(seconds=1)) == 1


def test_the_database_refuses_a_link_that_opens_nothing(learner, held):
    row, _token = show(learner, held)
    for wrong in ({"secured": None}, {"way": "sent"}, {"expires_at": None}, {"expires_at": row.created_at}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Presentation.objects.filter(pk=row.pk).update(**wrong)


def test_another_persons_sd_jwt_is_their_own(outsider):
    held = keep_sd_jwt(outsider)

    assert showing.own_award(held) is None


# A part of what was awarded here


PERSON = "/credentialSubject/identifier"


def reader_of(credential, row, *, audience=None, question=None):
    asked = (checks.presented_to(audience, question),) if audience else ()
    return cairn.Verifier(sources_of(credential), (*checks.DEFAULT_CHECKS, *asked)).examine(
        bytes(row.secured), at=MONDAY
    )


def test_of_an_award_a_part_is_shown_and_its_issuer_has_signed_that(learner, held, credential):
    assert [pointer for pointer, _value in showing.hideable(held)] == ["/id", PERSON]

    row, _token = show(learner, Choice(held, frozenset()), audience="Kiln & Co.", question="4711")

    report = reader_of(credential, row, audience="Kiln & Co.", question="4711")
    assert (report.accepted, report.format, row.bound) == (True, "dc+sd-jwt", True)
    assert report.document["credentialSubject"].keys() == {"type", "achievement"}
    assert b"Lena" not in bytes(row.secured)
    assert not reader_of(credential, row, audience="Kiln & Co.", question="4712").accepted
    assert not reader_of(credential, row, audience="Others", question="4711").accepted


def test_what_is_ticked_of_it_is_shown(learner, held, credential):
    row, _token = show(learner, Choice(held, frozenset([PERSON])))

    document = reader_of(credential, row).document
    assert document["credentialSubject"]["identifier"][0]["identityHash"] == "Lena Lindholm"
    assert "id" not in document


def test_with_all_of_it_ticked_it_is_the_whole(learner, held):
    row, _token = show(learner, Choice(held, frozenset(["/id", PERSON])))

    assert json.loads(bytes(row.secured))["verifiableCredential"]


def test_what_the_reader_will_see_is_known_before(learner, held, credential):
    """The preview is made without any signature, and is what was signed then."""
    claims = showing.award_claims(held, at=MONDAY)

    row, _token = show(learner, Choice(held, frozenset([PERSON])))

    signed = dict(reader_of(credential, row).document)
    for name in ("iat", "cnf", "status"):
        del signed[name]
    assert signed == as_sd_jwt.shown_of(claims, [PERSON])


def test_a_part_that_is_none_is_refused(learner, held):
    with pytest.raises(showing.BadPresentation) as refused:
        show(learner, Choice(held, frozenset(["/issuer"])))

    assert refused.value.code == "presentation-part"
    assert not BoundCopy.objects.exists()


def test_a_part_of_an_award_is_shown_by_itself(learner, held, keep):
    with pytest.raises(showing.BadPresentation) as refused:
        show(learner, Choice(held, frozenset()), keep("Glazing"))

    assert refused.value.code == "presentation-mixed"


def test_what_is_withdrawn_later_is_so_in_the_part_too(learner, held, credential, issuer):
    row, _token = show(learner, Choice(held, frozenset()))

    issuing.revoke(credential, by=issuer, reason="x", at=MONDAY)

    assert reader_of(credential, row).finding("status").code == "revoked"
