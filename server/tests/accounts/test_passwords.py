# SPDX-License-Identifier: Apache-2.0
import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from cairn_server.accounts.models import Person


@pytest.mark.parametrize(
    "password",
    [
        "fourteen chars",
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababababab",
        "password1password1",
        "Passwordpassword!!",
        "123456789012345678",
        "98765432109876543210",
        "qwertyuiopasdfgh",
        "abcdefghijklmnop",
        "correct horse battery staple",
        "Liverpool2026!!!!!!",
        "lena@people.example",
    ],
)
def test_what_an_attacker_tries_first_is_refused(password):
    person = Person(email="lena@people.example", name="Lena")
    with pytest.raises(ValidationError):
        validate_password(password, person)


@pytest.mark.parametrize(
    "password",
    [
        "seven grey herons on a wall",
        "Wj8#kQ2!vR5$zT9&",
        "мій дім стоїть біля річки",
        "x9f2k1q7m3w8z5t" * 1 + "y" * 70,
    ],
)
def test_length_is_enough_and_no_composition_is_asked_for(password):
    """NIST 800-63-4: at least 15, at least 64 accepted, no rules of composition."""
    validate_password(password, Person(email="lena@people.example", name="Lena"))
