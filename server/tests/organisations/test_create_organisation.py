# SPDX-License-Identifier: Apache-2.0
import pytest
from server.tests.conftest import MONDAY

from cairn_server.accounts.models import Person
from cairn_server.errors import NotAllowed
from cairn_server.journal.models import Entry
from cairn_server.organisations import keys, roles, services
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.roles import Role
from cairn_server.organisations.services import FoundingClosed


def create(by, name="Lakeside College", *, open_to_all=True, **fields):
    return services.create_organisation(by=by, name=name, open_to_all=open_to_all, at=MONDAY, **fields)


def test_whoever_founds_it_owns_it_and_it_can_sign_at_once(learner):
    organisation = create(learner)

    assert roles.roles_of(learner, organisation) == {Role.OWNER}
    assert keys.open_everything() == []
    assert keys.active_key(organisation).activated_at == MONDAY
    assert organisation.did == ""
    assert organisation.requires_second_factor


def test_founding_is_in_its_journal(learner):
    organisation = create(learner)

    entry = Entry.objects.of(organisation.public_id).get()
    assert (entry.verb, entry.actor_id) == ("organisation created", learner.public_id)


def test_each_organisation_has_a_key_of_its_own(learner):
    first, second = create(learner), create(learner, "Hillside")

    assert keys.active_key(first).multikey != keys.active_key(second).multikey


def test_nobody_founds_without_an_account(db):
    from django.contrib.auth.models import AnonymousUser

    with pytest.raises(NotAllowed):
        create(AnonymousUser())
    assert not Organisation.objects.exists()


def test_where_founding_is_closed_only_the_operator_founds(learner, person):
    operator = Person.objects.create_superuser("ops@cairn.example")

    with pytest.raises(FoundingClosed):
        create(learner, open_to_all=False)
    assert not Organisation.objects.exists()

    assert roles.roles_of(operator, create(operator, open_to_all=False)) == {Role.OWNER}


@pytest.mark.parametrize(
    "twin",
    [
        "Lakeside College",
        "LAKESIDE  COLLEGE",
        "L\u0430keside College",  # Cyrillic а
        "Lakeside\u2003College",
        "Lake\u0301side College",
        "Ｌａｋｅｓｉｄｅ College",
        "lakeside-college",
        "Iakeside Coilege",
    ],
)
def test_a_name_that_looks_the_same_is_refused(learner, outsider, twin):
    """B130: confusable issuers."""
    create(learner)

    with pytest.raises(services.NameTaken):
        create(outsider, twin)


def test_rn_and_m_look_the_same(learner):
    """B130."""
    create(learner, "Modern Arts")

    with pytest.raises(services.NameTaken):
        create(learner, "Modem Arts")


def test_names_in_other_scripts_are_welcome(learner):
    assert create(learner, "Університет Шевченка").name == "Університет Шевченка"
    assert create(learner, "جامعة القاهرة").name == "جامعة القاهرة"


@pytest.mark.parametrize(
    "name", ["Evil\r\nBcc: x", "abc\u202edef", "a\u200bb", "\u2066x", "nul\x00l", "tag\U000e0041"]
)
def test_hidden_characters_are_refused(learner, name):
    """B128, B129."""
    with pytest.raises(services.BadText):
        create(learner, name)


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_name_has_some_length(learner, name):
    with pytest.raises(services.BadText):
        create(learner, name)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "javascript:alert(1)"},
        {"url": "not an address"},
        {"email": "nobody"},
        {"description": "x" * 2001},
    ],
)
def test_fields_are_checked_below_the_form_too(learner, fields):
    with pytest.raises((services.BadText, services.BadAddress)):
        create(learner, **fields)
