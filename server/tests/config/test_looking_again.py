# SPDX-License-Identifier: Apache-2.0
"""What is shown to others is judged again; what is private is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from server.tests.wallets.conftest import signed

from cairn_server.config import looking_again
from cairn_server.wallets import collections, sharing
from cairn_server.wallets.models import HeldCredential, Visibility
from cairn_server.web import backpack
from cairn_server.web.brought import Thing

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(learner):
    def make(name: str, number: int) -> HeldCredential:
        done = backpack.bring_in(Thing("file", "x.json", signed(name, number=number)), learner)
        assert done.kept is not None
        HeldCredential.objects.update(checked_at=timezone.now() - timedelta(days=2))
        done.kept.held.refresh_from_db()
        return done.kept.held

    return make


def test_what_is_public_or_behind_a_link_is_looked_at_once_a_day(kept, learner):
    at = timezone.now()
    private, public, linked, gathered = (kept(name, number) for number, name in enumerate("ABCD", start=1))
    sharing.set_visibility(public, by=learner, to=Visibility.PUBLIC, at=at)
    sharing.open_link(linked, by=learner, expires_at=None, at=at)
    work = collections.make(by=learner, name="Work", at=at)
    collections.put(work, by=learner, held=[gathered], at=at)
    sharing.open_link(work, by=learner, expires_at=None, at=at)

    assert looking_again.check_what_is_shown(at=at) == 3
    assert looking_again.check_what_is_shown(at=at) == 0

    checked = set(HeldCredential.objects.filter(checked_at=at).values_list("name", flat=True))
    assert checked == {"B", "C", "D"}
    private.refresh_from_db()
    assert private.checked_at is not None
    assert private.checked_at < at


@pytest.mark.parametrize("is_another", [False, True])
def test_a_row_that_is_not_what_it_was_does_not_hold_up_the_others(kept, learner, is_another):
    at = timezone.now()
    held, other = kept("A", 1), kept("B", 2)
    for each in (held, other):
        sharing.set_visibility(each, by=learner, to=Visibility.PUBLIC, at=at)
    changed = other.secured if is_another else b"no credential"
    HeldCredential.objects.filter(pk=held.pk).update(secured=changed)

    assert looking_again.check_what_is_shown(at=at) == 2

    held.refresh_from_db()
    other.refresh_from_db()
    assert (held.verdict, other.verdict) == ("could-not-check", "verified")
