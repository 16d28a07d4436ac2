# SPDX-License-Identifier: Apache-2.0
"""Every learner page's sentence is there in every language, and says what its original says."""

from __future__ import annotations

import gettext
import io
import re

import pytest
from django.conf import settings
from django.utils.translation import override

from messages import SERVER, languages, po_file
from messages.__main__ import lacking, load
from messages.catalogue import PLURALS, Catalogue, Entry, faults_of, read
from messages.extract import Message, found, of_python, of_template
from messages.scope import DESK, OTHERS, is_for_learners

OFFERED = [code for code, _name in settings.LANGUAGES if code != "en"]


@pytest.fixture(scope="module")
def source() -> dict[tuple[str, str], Message]:
    return found(SERVER)


@pytest.fixture(params=OFFERED)
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    return load(request.param)


def test_what_is_offered_has_a_catalogue():
    assert languages() == OFFERED == sorted(PLURALS)


def test_every_learner_pages_message_is_translated_in_every_language(catalogue, source):
    catalogue.take_in(source.values())

    assert lacking(catalogue) == [], "make messages, then docs/how-to/translate.md"


def test_the_catalogue_follows_the_source(catalogue, source):
    catalogue.take_in(source.values())

    assert po_file(catalogue.language).read_text("utf-8") == catalogue.po(), "make messages"


def test_translations_keep_placeholders_tags_and_plural_forms(catalogue):
    assert catalogue.faults() == []


def test_what_is_compiled_is_what_is_written(catalogue):
    assert po_file(catalogue.language).with_suffix(".mo").read_bytes() == catalogue.mo(), "make messages"


# Are these tests able to fail?


def test_a_missing_and_a_fuzzy_text_are_lacking():
    catalogue = Catalogue("nl")
    catalogue.take_in([Message(word, files=["web/verify.py"]) for word in ("Done", "Fuzzy", "Missing")])
    catalogue.entries["", "Done"].texts = ("Klaar",)
    catalogue.entries["", "Fuzzy"].texts = ("Vaag",)
    catalogue.entries["", "Fuzzy"].fuzzy = True

    assert lacking(catalogue) == ["Fuzzy", "Missing"]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (Entry("%(n)s of %(all)s", texts=("%(n)s",)), "without %(all)s"),
        (Entry("Hello {name}", texts=("Hallo {naam}",)), "without {name}"),
        (Entry("Hello", texts=("Hallo {name}",)), "with {name}"),
        (Entry("%d min", texts=("min",)), "without %d"),
        (Entry('<a href="%(a)s">x</a>', texts=('<a href="%(a)s">y',)), "without </a>"),
        (Entry("<b>x</b>", texts=("<i>x</i>",)), "with <i>"),
        (Entry("a\n", texts=("b",)), "a line break at one end alone"),
        (Entry(" until", texts=("tot",)), "a space at its end is gone"),
        (Entry("a", plural="b", texts=("c",)), "1 of 2 plural forms"),
        (Entry("%(n)s a by %(who)s", plural="%(n)s b by %(who)s", texts=("a", "b %(n)s")), "without %(who)s"),
    ],
)
def test_what_a_translation_has_lost_is_named(entry, fault):
    assert fault in faults_of(entry, forms=2)


def test_a_form_for_one_may_leave_its_number_out():
    entry = Entry("%(n)s day", plural="%(n)s days", texts=("يوم واحد", "%(n)s أيام"))

    assert faults_of(entry, forms=2) == []


# Extraction


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{% load i18n %}{% translate "Wallet" %}', Message("Wallet")),
        ("{% blocktranslate with a=b %}To {{ a }}{% endblocktranslate %}", Message("To %(a)s")),
        (
            "{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}",
            Message("%(n)s day", plural="%(n)s days"),
        ),
        ('{% translate "Dates" context "a check" %}', Message("Dates", context="a check")),
        ('{% notice title=_("Closed") %}gettext("nothing"){% endnotice %}', Message("Closed")),
    ],
)
def test_templates_are_read(text, expected):
    assert list(of_template(text)) == [expected]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('_("a" "b")', Message("ab")),
        ('lazy("a")', Message("a")),
        ('translation.gettext("a")', Message("a")),
        ('ngettext("a", "b", n)', Message("a", plural="b")),
        ('pgettext_lazy("c", "a")', Message("a", context="c")),
    ],
)
def test_python_is_read(call, expected):
    imports = (
        "from django.utils.translation import gettext as _, gettext_lazy as lazy, ngettext, pgettext_lazy\n"
    )

    assert list(of_python(f"{imports}print({call}, other('a'), _(name))")) == [expected]


def test_a_file_is_for_learners_until_it_says_otherwise():
    assert is_for_learners(["web/templates/brand/new.html"])
    assert is_for_learners(["web/lists.py", "web/verify.py"])
    assert not is_for_learners(["web/lists.py", "web/templates/issuing/list.html"])


def test_every_exception_is_still_there():
    names = [path.relative_to(SERVER) for path in SERVER.rglob("*")]

    assert [each for each in (*DESK, *OTHERS) if not any(name.match(each) for name in names)] == []


# Catalogues


def test_a_catalogue_is_read_as_it_is_written():
    catalogue = Catalogue("nl", head=("Words",))
    catalogue.take_in(
        [
            Message('Say "a\\b"\nand\ttwo', files=["a.py"]),
            Message("%(n)s day", plural="%(n)s days", files=["a.py", "b.py"]),
            Message("Dates", context="a check", files=["c.py"]),
        ]
    )
    catalogue.entries["", "%(n)s day"].texts = ("%(n)s dag", "%(n)s dagen")

    assert read(catalogue.po(), "nl") == catalogue


def test_what_is_compiled_is_what_gettext_reads():
    catalogue = Catalogue("ar")
    catalogue.take_in(
        [Message("Day"), Message("Day", context="word"), Message("a", plural="b"), Message("No")]
    )
    catalogue.entries["", "Day"].texts = ("يوم",)
    catalogue.entries["word", "Day"].texts = ("نهار",)
    catalogue.entries["", "a"].texts = ("0", "1", "2", "3-10", "11-99", "100")

    made = gettext.GNUTranslations(io.BytesIO(catalogue.mo()))

    assert (made.gettext("Day"), made.pgettext("word", "Day"), made.gettext("No")) == ("يوم", "نهار", "No")
    numbers = (0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111)
    assert [made.ngettext("a", "b", n) for n in numbers] == (
        ["0", "1", "2", "3-10", "3-10", "11-99", "11-99", "100", "100", "3-10", "11-99"]
    )


def test_the_rules_of_our_catalogues_are_those_that_python_reads(catalogue):
    made = gettext.GNUTranslations(io.BytesIO(catalogue.mo()))
    forms = {made.ngettext("%(count)s credential", "%(count)s credentials", n) for n in range(200)}

    assert len(forms) == (len(set(catalogue.entries["", "%(count)s credential"].texts)))


@pytest.mark.parametrize(
    ("language", "day"), [("de", r"3\. August 2026"), ("es", "3 de agosto de 2026"), ("en", "3 August 2026")]
)
def test_days_are_written_as_each_language_writes_them(language, day):
    from datetime import date

    from django.utils.formats import date_format

    with override(language):
        assert re.fullmatch(day, date_format(date(2026, 8, 3), "DATE_FORMAT"))
