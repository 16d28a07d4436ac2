# SPDX-License-Identifier: Apache-2.0
"""The components, the style guide that shows them, and the rules that every page keeps."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils.translation import override
from lxml import html

import cairn_server.web
from cairn_server.web.templatetags import ui

WEB = Path(cairn_server.web.__file__).parent
COMPONENTS = sorted((WEB / "templates" / "ui").glob("*.html"))
OURS = ["/", "/verify", "/styleguide/", "/help", "/privacy", "/terms", "/imprint", "/nowhere"]


def render(source: str, **context) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.fixture(params=OURS)
def page(request, stranger, db):
    return html.fromstring(stranger.get(request.param).content)


# Every page


def test_nothing_is_inline(page):
    assert not page.xpath("//*[@style]")
    assert not page.xpath("//style")
    assert not page.xpath("//script[not(@src)]")
    assert not [each for each in page.xpath("//@*") if each.attrname.startswith("on")]


def test_there_is_one_main_heading_and_no_level_is_skipped(page):
    levels = [int(each.tag[1]) for each in page.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]

    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels))


def test_an_id_occurs_once_and_whatever_is_pointed_at_exists(page):
    ids = page.xpath("//@id")

    assert len(ids) == len(set(ids))
    pointed_at = {
        part
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls")
        for value in page.xpath(f"//@{name}")
        for part in value.split()
    }
    assert pointed_at <= set(ids)
    assert {each[1:] for each in page.xpath("//a/@href") if each.startswith("#")} <= set(ids)


def test_every_control_has_a_name_and_every_picture_an_alternative(page):
    for control in page.xpath("//input[not(@type='hidden')]|//select|//textarea"):
        assert page.xpath(f"//label[@for='{control.get('id')}']"), html.tostring(control)
    for button in page.xpath("//button|//a"):
        assert button.text_content().strip() or button.get("aria-label"), html.tostring(button)
    assert not page.xpath("//img[not(@alt)]")


def test_the_ways_that_everyone_needs_are_on_it(page):
    assert page.xpath("//a[@class='skip-link' and @href='#main']")
    assert page.xpath("//header")
    assert page.xpath("//main[@id='main']")
    assert page.xpath("//footer")
    assert page.xpath("//nav//a[@href='/help']")
    assert page.get("lang")


# The style guide


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda path: path.stem)
def test_every_component_is_on_the_style_guide(component, stranger, db, monkeypatch):
    from django.template import loader
    from django.template.base import Template as Compiled

    drawn: set[str] = set()
    real = Compiled._render

    def noted(self, context):
        drawn.add(self.name or "")
        return real(self, context)

    monkeypatch.setattr(Compiled, "_render", noted)
    loader.get_template("styleguide/styleguide.html")

    stranger.get("/styleguide/")

    assert f"ui/{component.name}" in drawn


# Components


def test_a_button_is_a_button_and_with_an_address_a_link():
    assert render("{% button %}Award{% endbutton %}").startswith(
        '<button class="button button--primary" type="submit">'
    )
    link = render("{% button href='/x' kind='secondary' aria_label='Open' %}x{% endbutton %}")
    assert link.startswith('<a class="button button--secondary" href="/x" aria-label="Open">')


def test_a_misspelt_kind_is_an_error_and_not_an_unstyled_box():
    with pytest.raises(TemplateSyntaxError):
        render("{% button kind='primry' %}x{% endbutton %}")
    with pytest.raises(TemplateSyntaxError):
        render("{% notice kind='bad' %}x{% endnotice %}")


def test_values_are_escaped_in_every_component():
    evil = '"><script>'
    for source in (
        "{% button aria_label=evil %}{{ evil }}{% endbutton %}",
        "{% copy_field evil evil %}",
        "{% notice title=evil %}{{ evil }}{% endnotice %}",
        "{% card title=evil href=evil %}{{ evil }}{% endcard %}",
        "{% facts pairs %}",
        "{% chips pairs %}",
        "{% status evil %}",
        "{% breadcrumb evil evil %}",
        "{% empty title=evil %}{% endempty %}",
        "{% table caption=evil %}{% endtable %}",
        "{% toolbar label=evil query=evil %}{% endtoolbar %}",
        "{% verdict_bar kind='positive' sentence=evil note=evil action=evil %}",
        "{% stepper steps 1 %}",
    ):
        assert "<script>" not in render(source, evil=evil, pairs=[(evil, evil)], steps=[evil]), source


class Form(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the badge.")
    notes = forms.CharField(label="Notes", required=False)
    agree = forms.BooleanField(label="Agreed")
    shape = forms.ChoiceField(label="Shape", choices=[("a", "A")], widget=forms.RadioSelect)


def test_a_field_ties_its_hint_and_its_error_to_the_control():
    form = Form({"name": ""})
    form.is_valid()

    tree = html.fromstring(render("{% field form.name %}", form=form))

    described = tree.xpath("//input/@aria-describedby")[0].split()
    assert described == [each.get("id") for each in tree.xpath("//p")]
    assert tree.xpath("//input/@aria-invalid") == ["true"]


def test_only_a_field_that_may_stay_empty_says_optional():
    form = Form()

    assert "(optional)" in render("{% field form.notes %}", form=form)
    assert "(optional)" not in render("{% field form.name %}{% field form.agree %}", form=form)


def test_the_summary_leads_to_every_field_that_is_wrong():
    form = Form({})
    form.is_valid()
    form.add_error(None, "Nothing fits.")

    tree = html.fromstring(render("{% error_summary form %}{% field form.shape %}", form=form))

    assert tree.xpath("//li/a/@href") == ["#id_name", "#id_agree", "#id_shape"]
    assert next(each.text_content() for each in tree.xpath("//li")) == "Nothing fits."
    assert tree.xpath("//fieldset/@id") == ["id_shape"]


def test_a_form_without_errors_has_no_summary():
    assert render("{% error_summary form %}", form=Form({"name": "x"})) != ""
    assert render("{% error_summary form %}", form=Form()).strip() == ""


def test_facts_leave_out_what_is_not_known():
    drawn = render("{% facts items %}", items=[("Level", "5"), ("Code", ""), ("Term", None)])

    assert "Level" in drawn
    assert "Code" not in drawn
    assert "Term" not in drawn


def test_other_pages_keep_the_search():
    request = RequestFactory().get("/", {"q": "a&b", "page": "2"})
    page = Paginator(range(100), 10).get_page(2)

    drawn = Template("{% load ui %}{% pagination page %}").render(RequestContext(request, {"page": page}))

    assert "?q=a%26b&amp;page=3" in drawn
    assert 'aria-current="page"' in drawn


def test_one_page_needs_no_list_of_pages():
    assert render("{% pagination page %}", page=Paginator([1], 10).get_page(1)).strip() == ""


def test_an_icon_is_decoration_and_carries_no_comment():
    drawn = render("{% icon 'check' %}")

    assert drawn.startswith('<svg class="icon" aria-hidden="true" focusable="false"')
    assert "<!--" not in drawn


# Files from elsewhere


@pytest.mark.parametrize("folder", [WEB / "icons", WEB / "static" / "fonts"], ids=["icons", "fonts"])
def test_files_from_elsewhere_are_unchanged_and_all_accounted_for(folder):
    told = dict(
        re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M)
    )
    there = {each.name for each in folder.iterdir()} - {"README.md", "LICENSE.txt"}

    assert set(told) == there
    for name, digest in told.items():
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
    assert (folder / "LICENSE.txt").read_text().strip()


@pytest.mark.parametrize(("name", "turns"), [("arrow-right", True), ("chevron-left", True), ("check", False)])
def test_arrows_turn_where_a_page_is_read_from_right_to_left(name, turns):
    assert ("icon--onward" in ui.icon(name)) is turns


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "3 August 2026, 09:05:07 UTC"),
        ("de", "3. August 2026, 09:05:07 UTC"),
        ("ar", "3 أغسطس 2026، 09:05:07 UTC"),
    ],
)
def test_a_moment_is_written_as_its_language_does(language, words):
    with override(language):
        assert ui.moment(datetime(2026, 8, 3, 11, 5, 7, tzinfo=timezone(timedelta(hours=2)))) == words
