# SPDX-License-Identifier: Apache-2.0
"""The documentation is true: its examples run, and its reference pages name everything there is.

Fenced blocks marked ``python`` are executed, one namespace a page. In blocks marked ``console`` each line
that begins with ``$ `` is run by bash in a folder of the page's own, with the lines after it that begin
with ``> ``; what follows is the expected output, where ``…`` stands for anything. What a step exports, later
steps of the page see.

A page that speaks of http://127.0.0.1:8000 gets a server with demonstration data, on a free port that is
put in place of 8000. Its output is ``cairn.log``, as the tutorial makes it, and TOKEN is a token for its
API with every scope.
"""

from __future__ import annotations

import ast
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
from contextlib import contextmanager

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
SOURCES = sorted([*(ROOT / "core/src").rglob("*.py"), *(ROOT / "server/src").rglob("*.py")])
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "127.0.0.1:8000"
# Of the machine that runs the tests, only what every program needs comes into an example.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")

MAKE_TOKEN = """
from django.utils import timezone
from cairn_server.organisations import tokens
from cairn_server.organisations import tokens
from cairn_server.organisations.models import Membership, Scope
owner = Membership.objects.get(person__email="mara@example.org", role="owner")
token, text = tokens.create_token(
    owner.organisation, by=owner.person, name="Documentation", scopes=Scope.values, at=timezone.now()
)
print("token", text)
"""


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text()) if kind == language]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).with_suffix("").as_posix()


def table_keys(page: str) -> set[str]:
    """What stands in code in the first column of the tables of a reference page."""
    return set(re.findall(r"^\| `([^`]+)`", (REFERENCE / page).read_text(), re.MULTILINE))


# The examples run


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name_of)
def test_python_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": page.stem}
    for body in blocks(page, "python"):
        exec(compile(body, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "console")], ids=name_of)
def test_console_examples_run(page: Path, tmp_path: Path) -> None:
    bodies = blocks(page, "console")
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    port = free_port()
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", "DATA_DIR": str(tmp_path / "var")}
    environment |= {"PORT": str(port), "PYTHONUNBUFFERED": "1"}
    if ADDRESS not in page.read_text():
        for body in bodies:
            run_console(body, tmp_path, environment)
        return
    with running_server(tmp_path, environment):
        environment |= {"TOKEN": made_token(environment)}
        for body in bodies:
            run_console(body.replace(ADDRESS, f"127.0.0.1:{port}"), tmp_path, environment)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running_server(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    log = folder / "cairn.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [BIN / "cairn-server", "run"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        for _ in range(600):
            if b"\nready http" in log.read_bytes():
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            pytest.fail("the server did not say that it is ready: " + log.read_text())
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def made_token(environment: dict[str, str]) -> str:
    """What "New token" on the page of an organisation gives its owner."""
    done = subprocess.run(
        [BIN / "cairn-server", "shell", "-c", MAKE_TOKEN],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^token (\S+)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return found[1]


def run_console(body: str, folder: Path, environment: dict[str, str]) -> None:
    for step in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        while expected.startswith("> "):
            more, _, expected = expected.removeprefix("> ").partition("\n")
            command += "\n" + more
        done = subprocess.run(
            ["bash", "-c", f"{command}\ncode=$?; env -0 > .environment; exit $code"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # in order, as on a terminal
            text=True,
            timeout=180,
            check=False,
        )
        exported = (folder / ".environment").read_text().split("\0")
        environment.update(line.split("=", 1) for line in exported if "=" in line)
        output = done.stdout
        pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
        assert re.search(pattern, output, re.DOTALL), (
            f"$ {command}\nprinted\n{output}\ninstead of\n{expected}"
        )
        if not expected.strip():
            assert done.returncode == 0, f"$ {command}\nended with {done.returncode}:\n{output}"


# The pages hang together


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_to_headings_find_them(page: Path) -> None:
    for target, fragment in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", page.read_text()):
        headings = re.findall(r"^#+ (.*)$", (page.parent / target if target else page).read_text(), re.M)
        anchors = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
        assert fragment in anchors, f"{page.name} links to {target}#{fragment}"


# A page as prose and comments name it; not "<id>.md" nor "f'{name}.md'", which are no names.
NAMED_PAGE = re.compile(r"(?<![\w<>{}*.-])(?:[\w.-]+/)*[\w-]+\.md\b")
# Pages that an operator may write, those that tests write, and published examples that happen to be pages.
WRITTEN_BY_OTHERS = {
    *("privacy.md", "terms.md", "help.md", "imprint.md", "page.md"),
    *("status_list_jwt.md", "status_list_jwt_raw.md", "status_list_cwt.md", "status_list_cwt_diag.md"),
    *("referenced_token_cwt.md", "referenced_token_cwt_diag.md"),
    *("status_list_encoding_cbor_diag.md", "status_list_encoding2_cbor_diag.md"),
}


READABLE = {".py", ".md", ".html", ".css", ".js", ".mjs", ".toml", ".yml", ".txt", ".in"}
FOLDERS = ("core", "server", "bench", "prove", "interop", "docs", "requirements", ".github", ".ci")


def test_no_file_cites_a_page_that_is_not_in_the_repository() -> None:
    """A newcomer can follow every reference: it is a page's whole path, or the end of one."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    files = [
        path for path in [*ROOT.glob("*"), *files] if path.is_file() and "node_modules" not in path.parts
    ]
    pages = ["/" + path.relative_to(ROOT).as_posix() for path in files if path.suffix == ".md"]
    cited = [
        (path.relative_to(ROOT).as_posix(), name)
        for path in files
        if path.suffix in READABLE or path.name in ("Makefile", "run")
        for name in NAMED_PAGE.findall(path.read_text())
    ]
    assert len(cited) > 100
    lost = {
        (path, name)
        for path, name in cited
        if Path(name).name not in WRITTEN_BY_OTHERS
        and not (ROOT / path).parent.joinpath(name).exists()
        and not any(page.endswith("/" + name) for page in pages)
    }
    assert not lost, sorted(lost)


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text()
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).as_posix()
        assert name == "index.md" or name.startswith("decisions/") or f"({name})" in index, name


# The reference pages are complete


def test_every_setting_is_documented() -> None:
    names: set[str] = set()
    for source in (ROOT / "server/src/cairn_server/config").glob("*.py"):
        names |= set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", source.read_text()))
    assert "PUBLIC_URL" in names, "no setting is read through env any more"
    page = (REFERENCE / "settings.md").read_text()
    assert names == set(re.findall(r"^#+ `([A-Z_]+)`", page, re.MULTILINE))


def test_every_error_code_is_documented() -> None:
    codes = error_codes()
    assert len(codes) > 200, "the codes are no longer found in the source"
    documented = table_keys("errors.md")
    assert codes <= documented, sorted(codes - documented)


def test_no_error_code_is_documented_that_nobody_uses() -> None:
    source = "".join(path.read_text() for path in SOURCES)
    unknown = {code for code in table_keys("errors.md") if f'"{code}"' not in source}
    assert not unknown, sorted(unknown)


# Where the code stands in a call: its place among the arguments.
CODE_PLACES = {"Finding": 2, "Answer": 1, "_undecided": 1, "problem": 1, "error_page": 2, "Explained": 0}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def error_codes() -> set[str]:
    """Every code that the source raises, answers or finds, read from its syntax tree."""
    trees = [ast.parse(path.read_text()) for path in SOURCES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    errors = {"CairnError", "Refusal", "Unavailable"}
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    while grown := {c.name for c in classes if {_name(base) for base in c.bases} & errors} - errors:
        errors |= grown
    # Their first argument is something else: a field, and a step of issuing.
    errors -= {"InvalidField", "OwnProductRefused", "BadQuestion", "BadAssessment", "BadMark", "BadProject"}
    codes = {"invalid-field"}
    for node in nodes:
        if isinstance(node, ast.Call):
            called = _name(node.func)
            place = 0 if called in errors or called == "__init__" else CODE_PLACES.get(called)
            if place is not None and len(node.args) > place:
                codes |= _codes(node.args[place])
            if called == "InvalidField":
                codes |= {code for word in node.keywords if word.arg == "code" for code in _codes(word.value)}
        if isinstance(node, ast.Assign) and {_name(each) for each in node.targets} & {"code", "usual_code"}:
            codes |= _codes(node.value)
        if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Dict):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if _name(target) == "_PROBLEM_TYPES":
                codes |= {code for key in node.value.keys if key is not None for code in _codes(key)}
    return codes


def _name(node: ast.expr) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


def _codes(node: ast.expr) -> set[str]:
    if isinstance(node, ast.IfExp):
        return _codes(node.body) | _codes(node.orelse)
    text = node.value if isinstance(node, ast.Constant) else None
    return {text} if isinstance(text, str) and CODE.fullmatch(text) else set()


def test_every_system_check_is_documented() -> None:
    source = (ROOT / "server/src/cairn_server/config/checks.py").read_text()
    checks = set(re.findall(r"id=\"(cairn\.[EW][0-9]+)\"", source))
    assert checks
    assert checks == {key for key in table_keys("errors.md") if key.startswith("cairn.")}


def test_every_command_is_documented() -> None:
    page = (REFERENCE / "commands.md").read_text()
    commands = {path.stem for path in (ROOT / "server/src").rglob("management/commands/*.py")} - {"__init__"}
    assert commands
    for command in commands:
        assert f"`cairn-server {command.replace('_', '-')}" in page, command
    listed = subprocess.run([BIN / "cairn-server", "help"], capture_output=True, text=True, check=True).stdout
    for command in re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE):
        assert f"`cairn-server {command}" in page, command
    for command in ("verify", "sign", "keygen", "bake", "unbake"):
        assert f"`cairn {command}" in page
        options = subprocess.run(
            [BIN / "cairn", command, "--help"], capture_output=True, text=True, check=True
        ).stdout
        for option in set(re.findall(r"--[a-z-]+", options)) - {"--help"}:
            assert f"`{option}" in page, f"cairn {command} {option}"


def test_every_address_is_documented() -> None:
    """The public addresses and the operations of the API; not the pages behind a sign-in."""
    page = (REFERENCE / "http.md").read_text()
    server = ROOT / "server/src/cairn_server"
    addresses: set[str] = set()
    for table in (server / "api/urls.py", server / "web/urls.py"):
        found = re.findall(r"^    path\(\"([^\"]+)\", (?!include|problem_urls)", table.read_text(), re.M)
        addresses |= {"/" + address for address in found}
    operations: set[str] = set()
    for source in (server / "api/v1").glob("*.py"):
        for method, address in re.findall(r"@router\.(\w+)\(\s*\"([^\"]+)\"", source.read_text()):
            operations.add(f"{method.upper()} /api/v1{address}")
    assert len(addresses) > 15
    assert len(operations) > 9
    missing = {
        each
        for each in (re.sub(r"[<{][^>}]*[>}]", "<id>", each) for each in addresses | operations)
        if f"`{each.replace('<id>.<id>', '<id>.<form>')}`" not in page
    }
    assert not missing, sorted(missing)


# What the code and its tests cite: B1 to B999, and the two-digit families.
CITED = re.compile(r"\b(?:B[1-9][0-9]{0,2}|[SNFHG][1-9][0-9]?)\b")


def test_every_cited_bad_input_is_catalogued() -> None:
    cited: set[str] = set()
    for folder in ("core", "server", "prove", "interop", "bench"):
        for source in (path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts):
            # "noqa" is followed by names of lint rules, which look alike.
            cited |= set(CITED.findall(re.sub(r"# noqa:.*", "", source.read_text())))
    assert len(cited) > 150
    catalogued = table_keys("bad-inputs.md")
    assert cited <= catalogued, sorted(cited - catalogued)


def test_every_make_target_is_in_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    assert targets == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
