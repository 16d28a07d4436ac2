# SPDX-License-Identifier: Apache-2.0
"""Two owners leave in the same moment; whoever comes second is the last."""

import threading

import pytest
from django.db import connections
from server.tests.conftest import TUESDAY

from cairn_server.organisations import services
from cairn_server.organisations.models import LastOwner, Membership
from cairn_server.organisations.roles import Role


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_both_leave(organisation, owner, member):
    second = member("Olaf", Role.OWNER)
    barrier, answers = threading.Barrier(2), []

    def leave(person):
        barrier.wait()
        try:
            services.leave(organisation, by=person, at=TUESDAY)
            answers.append("left")
        except LastOwner:
            answers.append("stays")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=leave, args=(person,)) for person in (owner, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["left", "stays"]
    assert Membership.objects.filter(organisation=organisation, role=Role.OWNER).count() == 1
