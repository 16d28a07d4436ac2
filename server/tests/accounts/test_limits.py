# SPDX-License-Identifier: Apache-2.0
"""Token buckets (B149)."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from server.tests.conftest import MONDAY

from cairn_server.accounts import limits
from cairn_server.accounts.models import Bucket

LIMIT = limits.Limit("test", burst=3, per_minute=6)


def taken(who, at, limit=LIMIT):
    try:
        limit.take(who, at=at)
    except limits.TooMany:
        return False
    return True


@pytest.mark.django_db
def test_a_burst_and_not_one_more():
    assert [taken("a", MONDAY) for _ in range(5)] == [True, True, True, False, False]


@pytest.mark.django_db
def test_it_refills_at_its_rate():
    for _ in range(3):
        LIMIT.take("a", at=MONDAY)

    assert not taken("a", MONDAY + timedelta(seconds=9))
    assert taken("a", MONDAY + timedelta(seconds=10))
    assert not taken("a", MONDAY + timedelta(seconds=10))


@pytest.mark.django_db
def test_several_are_taken_together_or_none_of_them():
    LIMIT.take("a", at=MONDAY)

    with pytest.raises(limits.TooMany) as refused:
        LIMIT.take("a", at=MONDAY, tokens=3)
    assert refused.value.retry_after == 10
    LIMIT.take("a", at=MONDAY, tokens=2)
    assert not taken("a", MONDAY)


@pytest.mark.django_db
def test_it_never_holds_more_than_the_burst():
    LIMIT.take("a", at=MONDAY)

    later = MONDAY + timedelta(days=30)
    assert [taken("a", later) for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db
def test_a_refused_try_costs_nothing():
    for _ in range(3):
        LIMIT.take("a", at=MONDAY)
    for _ in range(50):
        assert not taken("a", MONDAY)

    assert taken("a", MONDAY + timedelta(seconds=10))


@pytest.mark.django_db
def test_it_says_when_to_come_back():
    for _ in range(3):
        LIMIT.take("a", at=MONDAY)

    with pytest.raises(limits.TooMany) as refused:
        LIMIT.take("a", at=MONDAY + timedelta(seconds=4))

    assert (refused.value.status, refused.value.retry_after) == (429, 6)


@pytest.mark.django_db
def test_everybody_and_every_limit_has_a_bucket_of_their_own():
    for _ in range(3):
        LIMIT.take("a", at=MONDAY)

    assert taken("b", MONDAY)
    assert taken("a", MONDAY, limits.Limit("other", burst=3, per_minute=6))


@pytest.mark.django_db
def test_no_address_is_stored():
    LIMIT.take("ada@example.org", at=MONDAY)

    assert "ada" not in str(list(Bucket.objects.values_list()))


@pytest.mark.django_db
def test_full_buckets_are_forgotten():
    LIMIT.take("a", at=MONDAY)

    assert limits.forget_full(at=MONDAY + timedelta(seconds=9)) == 0
    assert limits.forget_full(at=MONDAY + timedelta(seconds=11)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_cannot_both_have_the_last_token():
    answers, barrier = [], threading.Barrier(8)

    def take():
        barrier.wait()
        answers.append(taken("a", MONDAY))
        connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers.count(True) == 3


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_hopping_in_one_s_own_ipv6_network_does_not_help(address, network):
    """B149: IPv6 /64 hopping."""
    assert limits.network_of(address) == network


@pytest.mark.parametrize(
    ("proxies", "header", "client"),
    [
        (0, "", "peer"),
        (0, "1.1.1.1", "peer"),  # a claim
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),  # the left one is a claim
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "peer"),  # did not come through both proxies
        (1, "", "peer"),
        (1, " , ", "peer"),
    ],
)
def test_a_forged_forwarded_address_is_not_believed(proxies, header, client):
    """B149: forged X-Forwarded-For."""
    assert limits.client_address(peer="peer", forwarded_for=header, trusted_proxies=proxies) == client


@pytest.mark.django_db
@pytest.mark.skipif("__import__('django.db').db.connection.vendor != 'postgresql'", reason="about PostgreSQL")
def test_counting_writes_nothing_to_the_log_of_the_database():
    """Or each request would wait for the disk, for a number that a crash may well forget."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = %s", [Bucket._meta.db_table])
        assert cursor.fetchone() == ("u",)
