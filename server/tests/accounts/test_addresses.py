# SPDX-License-Identifier: Apache-2.0
import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cairn_server.accounts import services
from cairn_server.accounts.models import Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("  ada@example.org ", "ada@example.org"),
        ("ada+courses@example.org", "ada+courses@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_an_address_has_one_spelling(typed, stored):
    """B130."""
    assert services.clean_address(typed) == stored


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@example.org\r\nBcc: x@y.example",
        "ada@example.org\x00",
        "adaı@example.org",
        "\u212aelvin@example.org",  # the Kelvin sign folds to k
        "straße@example.org",
        "ada\u200b@example.org",
        "a" * 260 + "@example.org",
    ],
)
def test_an_address_that_could_be_taken_for_another_is_refused(address):
    """B128, B130 (CVE-2019-19844)."""
    with pytest.raises(ValidationError):
        services.clean_address(address)


def test_two_accounts_never_share_an_address(learner):
    """B130: not in another case either."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(email=learner.email.upper())


def test_a_person_is_found_by_an_address_they_proved(learner):
    assert services.person_with_address("LENA@people.example") == learner
    assert services.verified_addresses(learner) == {"lena@people.example"}


def test_a_claimed_address_counts_for_nothing(learner):
    """B146."""
    EmailAddress.objects.create(user=learner, email="boss@people.example", verified=False)

    assert services.person_with_address("boss@people.example") is None
    assert services.verified_addresses(learner) == {"lena@people.example"}


def test_plus_and_dots_are_other_addresses(learner):
    """B146."""
    assert services.person_with_address("lena+x@people.example") is None
    assert services.person_with_address("l.ena@people.example") is None


def test_nobody_has_no_addresses():
    from django.contrib.auth.models import AnonymousUser

    assert services.verified_addresses(AnonymousUser()) == set()
    assert not services.has_second_factor(AnonymousUser())


def test_an_operator_has_no_permission_in_organisations(organisation):
    """Running the server gives no right to sign in somebody's name."""
    from cairn_server.organisations.roles import roles_of

    operator = Person.objects.create_superuser("root@cairn.example", "a long enough password")

    assert operator.is_staff
    assert roles_of(operator, organisation) == frozenset()
    assert not operator.has_perm("organisations.change_organisation")
