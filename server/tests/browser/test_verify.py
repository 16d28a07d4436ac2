# SPDX-License-Identifier: Apache-2.0
"""``/verify`` at a real browser: many at once, a report to take home, and all of it without scripts."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from server.tests import nested
from server.tests.browser.examination import examine
from server.tests.browser.running import running
from server.tests.browser.test_keyboard import enter, focused, tab_to

from cairn.testing import NOON, sample_credential, signed_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server.tests.browser.running import Site, Visitor

pytestmark = pytest.mark.browser

# The server under test has no web address that could vouch for an issuer.
VERIFIED = (
    "This is genuine, unchanged and currently valid."
    " Nothing but its own key vouches for the name of its issuer."
)
LAST_WEEK = NOON - timedelta(days=7)
GENUINE = signed_sample(sample_credential(valid_from=LAST_WEEK), at=LAST_WEEK)
CHANGED = GENUINE.replace(b"Knots", b"Knotz")


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def visitor(window: Callable[..., Visitor], request: pytest.FixtureRequest) -> Visitor:
    return window(java_script_enabled=request.param)


def kept(visitor: Visitor, button: str) -> tuple[str, bytes]:
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name=button).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_many_files_have_a_table_and_each_its_answer(visitor: Visitor) -> None:
    files = {f"badge-{number}.json": GENUINE if number % 2 else CHANGED for number in range(20)}

    visitor.bring_several({**files, "shot.png": b"a screenshot"})

    assert visitor.heading == "21 checked: 10 verified, 10 not verified, 1 could not be read."
    rows = visitor.page.locator("tbody tr")
    assert rows.count() == 21
    assert "Knots and Splices" not in rows.nth(0).inner_text()
    assert "Knots and Splices" in rows.nth(1).inner_text()
    visitor.page.get_by_role("link", name="badge-7.json").click()
    answer = visitor.page.locator("#result-8")
    if answer.get_attribute("open") is None:  # without scripts one more press opens it
        answer.locator("summary").first.click()
    assert VERIFIED in answer.inner_text()
    assert "What we did not check" in answer.inner_text()


def test_a_receipt_that_is_taken_home_verifies_when_it_comes_back(visitor: Visitor) -> None:
    visitor.bring("badge.json", CHANGED)
    assert "because its signature does not match" in visitor.heading

    name, receipt = kept(visitor, "Download the signed receipt")
    visitor.bring(name, receipt)

    assert json.loads(receipt)["credentialSubject"]["verdict"] == "not-verified"
    assert visitor.heading == VERIFIED
    assert "This is a receipt of a check, and not the credential itself." in visitor.words
    visitor.bring("forged.json", receipt.replace(b'"not-verified"', b'"verified"'))
    assert "because its signature does not match" in visitor.heading


def test_the_report_and_the_table_are_files(visitor: Visitor) -> None:
    visitor.bring_several({"one.json": GENUINE, "two.json": CHANGED})

    name, report = kept(visitor, "Download the report (PDF)")
    assert name.endswith(".pdf")
    assert report.startswith(b"%PDF-")
    _, table = kept(visitor, "Download the table (CSV)")
    rows = list(csv.reader(table.decode("utf-8-sig").splitlines()))
    assert [row[:2] for row in rows[1:]] == [["one.json", "Verified"], ["two.json", "Not verified"]]
    # The report is a carrier of its receipt.
    visitor.bring(name, report)
    assert visitor.heading == VERIFIED


def test_what_is_inside_has_its_own_answer(visitor: Visitor) -> None:
    visitor.bring("badge.json", nested.endorsed(at=LAST_WEEK))

    assert visitor.heading == VERIFIED
    good, bad = visitor.page.locator(".part").all()
    assert "Verified" in good.inner_text()
    assert nested.COMMENT in good.inner_text()
    assert "about the achievement" in good.inner_text()
    assert "Not verified" in bad.inner_text()
    assert "best course" not in visitor.words  # what nobody signed is shown nowhere

    visitor.bring("record.json", nested.record(at=LAST_WEEK))
    assert "because a credential inside it is not verified" in visitor.heading


def test_a_list_of_links_is_pasted(visitor: Visitor) -> None:
    visitor.open("/verify")
    visitor.fill(text="\n".join(visitor.site.credentials))
    visitor.press("Check it")

    assert visitor.heading.startswith("6 checked: ")
    assert visitor.page.locator("tbody tr").count() == 6


def test_a_drop_of_several_is_sent_at_once(window: Callable[..., Visitor]) -> None:
    visitor = window()
    visitor.open("/verify")

    with visitor.page.expect_navigation():
        visitor.page.evaluate(
            """data => {
                const dropped = new DataTransfer()
                for (const name of ["a.json", "b.json"]) dropped.items.add(new File([data], name))
                document.querySelector("drop-zone").dispatchEvent(
                    new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }))
            }""",
            GENUINE.decode(),
        )

    assert visitor.heading == "2 checked: 2 verified."


@pytest.fixture(scope="module")
def with_lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A second server, whose operator has two lists of issuers."""
    folder = tmp_path_factory.mktemp("with-lists")
    issuer = json.loads(GENUINE)["issuer"]["id"]
    (folder / "schools.json").write_text(json.dumps([issuer]))
    (folder / "others.json").write_text('["did:web:other.example"]')
    lists = f"{folder / 'schools.json'},{folder / 'others.json'}"
    with running(folder, CAIRN_TRUST_LISTS=lists) as site:
        yield site


def test_a_visitor_chooses_which_lists_count(visitor: Visitor, with_lists: Site) -> None:
    visitor.open(f"{with_lists.url}/verify")
    visitor.page.get_by_text("Which lists of issuers count?").click()
    visitor.page.get_by_label("schools").uncheck()
    visitor.fill(text=GENUINE.decode())
    visitor.press("Check it")
    assert "is not in a list you use" in visitor.words

    visitor.press("Check another")
    assert visitor.page.get_by_label("others").is_checked()
    visitor.page.get_by_label("others").uncheck()
    visitor.fill(text=GENUINE.decode())
    visitor.press("Check it")

    assert "Whether the issuer is on a list you trust" in visitor.words
    assert visitor.heading == VERIFIED


def test_the_choice_of_lists_suits_everybody(
    window: Callable[..., Visitor], with_lists: Site, axe: str
) -> None:
    visitor = window()
    visitor.open(f"{with_lists.url}/verify")
    visitor.page.get_by_text("Which lists of issuers count?").click()

    assert examine(visitor, axe) == []


def test_the_table_is_worked_with_the_keyboard(window: Callable[..., Visitor]) -> None:
    visitor = window()
    visitor.bring_several({"one.json": GENUINE, "two.json": CHANGED})
    assert focused(visitor) == "2 checked: 1 verified, 1 not verified."

    tab_to(visitor, "a[href='#result-2']")
    visitor.page.keyboard.press("Enter")
    # Following a link within a page is told to its script a moment later.
    visitor.page.locator("#result-2[open]").wait_for()
    assert "two.json" in focused(visitor)
    tab_to(visitor, "a[href='#all']")
    visitor.page.keyboard.press("Enter")
    tab_to(visitor, "#keep-content")
    visitor.page.keyboard.press("Space")
    tab_to(visitor, "button[value=receipt]")
    with visitor.page.expect_download() as download:
        visitor.page.keyboard.press("Enter")
    assert b"Knots and Splices" in download.value.path().read_bytes()


def test_a_form_that_is_sent_says_so_and_is_not_sent_twice(window: Callable[..., Visitor]) -> None:
    visitor = window()
    visitor.open("/verify")
    visitor.page.set_input_files(
        "main input[type=file]",
        [{"name": f"{n}.json", "mimeType": "", "buffer": GENUINE} for n in range(3)],
    )
    visitor.page.evaluate(
        "document.querySelector('main form').addEventListener('submit', e => e.preventDefault())"
    )

    visitor.page.get_by_role("button", name="Check it").click()

    assert visitor.page.locator("busy-form").inner_text() == "Checking 3 files. This can take a minute."


def test_a_check_needs_no_mouse(window: Callable[..., Visitor]) -> None:
    visitor = window()
    visitor.open("/verify")

    tab_to(visitor, "textarea")
    visitor.page.keyboard.insert_text(GENUINE.decode())
    tab_to(visitor, "main form button[type=submit]")
    enter(visitor)

    assert focused(visitor) == VERIFIED
