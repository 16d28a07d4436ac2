# SPDX-License-Identifier: Apache-2.0
"""What the catalogue lists, and how it is found: the same on either database, with and without FTS5."""

from __future__ import annotations

import pytest
from django.db import connection
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.achievements import catalogue, services
from cairn_server.achievements.models import CatalogueEntry, CatalogueSkill
from cairn_server.errors import NotAllowed
from cairn_server.organisations import services as organisations

pytestmark = pytest.mark.django_db


@pytest.fixture
def publish(issuer, organisation):
    def make(name: str, *, by=None, where=None, at=MONDAY, **fields):
        draft = services.draft_achievement(
            by=by or issuer,
            organisation=where or organisation,
            fields={"name": name, "description": "To learn.", "criteria": "Show it.", **fields},
            at=at,
        )
        return services.publish(draft, by=by or issuer, at=at)

    return make


def skill(name: str) -> dict[str, str]:
    return {"target_name": name, "target_url": f"https://skills.example/{name}"}


def found(**wanted: str) -> list[str]:
    return [entry.name for entry in catalogue.search(catalogue.Wanted(**wanted))]


# What is listed


def test_it_lists_what_is_published_and_its_newest_version(publish, issuer, organisation):
    services.draft_achievement(by=issuer, organisation=organisation, fields={"name": "Draft"}, at=MONDAY)
    first = publish("Glazing", alignments=[skill("glaze")])
    second = services.new_version(first.achievement, by=issuer, at=MONDAY)
    assert found() == ["Glazing"]

    services.edit_draft(second, by=issuer, fields={"name": "Glazing II", "alignments": []}, at=MONDAY)
    services.publish(second, by=issuer, at=TUESDAY)

    assert found() == ["Glazing II"]
    assert CatalogueEntry.objects.get().version == second
    assert not CatalogueSkill.objects.exists()


def test_what_is_archived_is_gone(publish, issuer):
    version = publish("Glazing")

    services.archive(version.achievement, by=issuer, at=TUESDAY)

    assert found() == found(text="glazing") == []


def test_an_organisation_may_stay_out_and_come_back(publish, organisation, owner):
    publish("Glazing")

    catalogue.set_listed(organisation, by=owner, listed=False, at=MONDAY)
    publish("Weaving")
    assert found() == []
    assert catalogue.facets(catalogue.Wanted())["issuer"] == []

    catalogue.set_listed(organisation, by=owner, listed=True, at=MONDAY)
    assert sorted(found()) == ["Glazing", "Weaving"]


def test_b141_only_an_owner_decides_that(publish, organisation, issuer, outsider):
    publish("Glazing")

    for who in (issuer, outsider):
        with pytest.raises(NotAllowed):
            catalogue.set_listed(organisation, by=who, listed=False, at=MONDAY)
    assert found() == ["Glazing"]


def test_what_was_there_before_and_what_changed_since_is_caught_up_with(publish, organisation, owner):
    publish("Glazing")
    CatalogueEntry.objects.all().delete()
    assert catalogue.catch_up(at=TUESDAY) == 1
    assert found(text="lakeside") == ["Glazing"]

    organisation.name = "Hillside College"
    organisation.save(update_fields=["name"])
    assert catalogue.catch_up(at=TUESDAY) == 1
    assert (found(text="hillside"), found(text="lakeside")) == (["Glazing"], [])
    assert catalogue.catch_up(at=TUESDAY) == 0

    organisations.close_organisation(organisation, by=owner, live_credentials=0, knows=True, at=TUESDAY)
    catalogue.catch_up(at=TUESDAY)
    assert found() == []


# Words


# SQLite may be built without FTS5; PostgreSQL always has its index.
@pytest.fixture(params=["index", "substrings"] if connection.vendor == "sqlite" else ["index"])
def searched(request, monkeypatch):
    if request.param == "substrings":
        monkeypatch.setattr(catalogue, "has_full_text", lambda: False)
    return request.param


def test_words_are_found_by_their_beginnings_in_any_case_without_accents_and_all_of_them(publish, searched):
    publish("Töpfern für Anfänger", alignments=[skill("glaze")], tags=["Keramik"])
    publish("Weaving", description="With the hands.")

    assert found(text="TOPFERN") == found(text="töpf") == found(text="anf kera") == ["Töpfern für Anfänger"]
    assert found(text="glaz") == ["Töpfern für Anfänger"]
    assert sorted(found(text="lakeside")) == ["Töpfern für Anfänger", "Weaving"]
    assert found(text="hands") == ["Weaving"]
    assert found(text="topfern weaving") == []
    assert len(found(text="   ")) == 2


def test_what_is_called_so_comes_before_what_mentions_it(publish, searched):
    publish("Weaving", at=MONDAY)
    publish("Spinning", description="Before weaving.", at=TUESDAY)

    assert found(text="weaving") == ["Weaving", "Spinning"]


@pytest.mark.parametrize(
    "text",
    ["'", '"', "*", "glaz*", "glazing OR weaving", "NEAR(a b)", "words:glazing", "-glazing", "a & b | !c",
     "%", "_",
     ":*", "\\", "(((", "glazing'; DROP TABLE x; --", "x" * 5_000, "\u202e", "🏺", "'':*"],
)  # fmt: skip
def test_b155_signs_of_query_languages_are_letters_or_nothing(publish, searched, text):
    publish("Weaving")

    catalogue.search(catalogue.Wanted(text=text)).count()
    catalogue.facets(catalogue.Wanted(text=text))

    assert found() == ["Weaving"]


def test_the_index_follows_every_row(publish, issuer):
    """On SQLite by triggers, which a migration that rebuilds the table would lose."""
    version = publish("Glazing")
    CatalogueEntry.objects.filter(achievement=version.achievement).update(words="something else")
    assert (found(text="glazing"), found(text="something")) == ([], ["Glazing"])

    CatalogueEntry.objects.all().delete()
    assert found(text="something") == []


def test_this_database_has_an_index_of_words():
    if connection.vendor == "sqlite":
        assert catalogue.has_full_text()
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [catalogue.WORDS_TABLE])
        assert "gin" in cursor.fetchone()[0]


# Filters and facets


@pytest.fixture
def several(publish):
    publish("A", level="5", workload_hours=8, language="en", credits="2", alignments=[skill("glaze")])
    publish("B", level="5", workload_hours=40, language="de", alignments=[skill("glaze"), skill("kiln")])
    publish("C", level="6", workload_hours=200, language="en", achievement_type="Course")


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"level": "5"}, ["A", "B"]),
        ({"language": "en"}, ["A", "C"]),
        ({"kind": "Course"}, ["C"]),
        ({"workload": "weeks"}, ["B"]),
        ({"workload": "long"}, ["C"]),
        ({"credits": "ects"}, ["A"]),
        ({"skill": catalogue.skill_key("https://skills.example/glaze")}, ["A", "B"]),
        ({"level": "5", "language": "en", "text": "lakeside"}, ["A"]),
        ({"level": "9"}, []),
        ({"workload": "eternal"}, []),
        ({"issuer": "A" * 22}, []),
        ({"skill": "x"}, []),
    ],
)
def test_filters_narrow_what_is_found(several, wanted, names):
    assert found(order="name", **wanted) == names


def test_facets_count_what_there_would_be(several, organisation):
    told = catalogue.facets(catalogue.Wanted(level="5"))

    def counts(name: str) -> dict[str, int]:
        return {facet.name: facet.count for facet in told[name]}

    # Its own filter does not hide the other levels.
    assert counts("level") == {"5": 2, "6": 1}
    assert counts("language") == {"en": 1, "de": 1}
    assert counts("skill") == {"glaze": 2, "kiln": 1}
    assert counts("issuer") == {organisation.name: 2}
    assert [facet.value for facet in told["workload"]] == ["short", "weeks"]


def test_facets_of_everything_are_those_of_no_filter(several):
    told = catalogue.facets(catalogue.Wanted())

    assert {facet.name: facet.count for facet in told["skill"]} == {"glaze": 2, "kiln": 1}
    assert sum(facet.count for facet in told["kind"]) == 3
