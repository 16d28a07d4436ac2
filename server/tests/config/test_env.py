# SPDX-License-Identifier: Apache-2.0
import pytest

from cairn_server.config import env


@pytest.fixture
def given(monkeypatch):
    return lambda value, name="NAME": monkeypatch.setenv(name, value)


def test_text_comes_from_the_variable(given):
    given("value")
    assert env.text("NAME", "default") == "value"


def test_an_empty_variable_is_an_absent_one(given):
    given("")
    assert env.text("NAME", "default") == "default"


def test_text_comes_from_the_file_that_the_variable_names(given, tmp_path):
    (tmp_path / "secret").write_text("value\n")
    given(str(tmp_path / "secret"), "NAME_FILE")
    assert env.secret("NAME") == "value"


def refusal(read, *arguments, **options):
    with pytest.raises(env.BadSetting) as refused:
        read(*arguments, **options)
    return str(refused.value)


def test_a_missing_value_names_the_variable_and_its_documentation():
    said = refusal(env.text, "NAME")
    assert "NAME is not set" in said
    assert "docs/reference/settings.md" in said


def test_both_forms_at_once_are_refused(given, tmp_path):
    given("value")
    given(str(tmp_path), "NAME_FILE")
    assert "twice" in refusal(env.text, "NAME")


def test_a_file_that_cannot_be_read_is_named(given, tmp_path):
    given(str(tmp_path / "nothing"), "NAME_FILE")
    assert "NAME_FILE" in refusal(env.text, "NAME", "default")


@pytest.mark.parametrize(
    ("value", "meaning"), [("yes", True), ("1", True), ("ON", True), ("no", False), ("0", False)]
)
def test_a_flag_says_yes_or_no(given, value, meaning):
    given(value)
    assert env.flag("NAME", default=not meaning) is meaning


def test_a_flag_that_says_neither_is_refused(given):
    given("maybe")
    assert "NAME" in refusal(env.flag, "NAME")


def test_a_number_is_read(given):
    given("42")
    assert env.number("NAME", 7) == 42


@pytest.mark.parametrize("value", ["x", "-1", "1_000", "٤٢", "0x10", "1e3", "4 2", "99"])
def test_what_only_int_would_take_for_a_number_is_refused(given, value):
    """B17."""
    given(value)
    assert "NAME" in refusal(env.number, "NAME", 7, most=50)


def test_several_names_are_separated_by_commas(given):
    given("a.example, b.example,,")
    assert env.names("NAME") == ["a.example", "b.example"]
