# SPDX-License-Identifier: Apache-2.0
"""The relaxed policy has a name, its keys come from DIDs that carry them, and no default leads to it (N1)."""

import ast
import inspect
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import cairn
import cairn.conformance
from cairn.canonical import CONFORMANCE, PINNED, context_problems
from cairn.conformance import W3C_TEST_SUITE, Policy
from cairn.conformance.policy import resolver
from cairn.did import did_jwk, did_key
from cairn.errors import MalformedError, UnavailableError
from cairn.testing import demo_key, key_method

KEY = demo_key().public_key
SOURCE = Path(cairn.__file__).parent


def test_it_has_a_name():
    assert W3C_TEST_SUITE.name == "w3c-test-suite"
    assert isinstance(W3C_TEST_SUITE, Policy)


def test_it_knows_the_contexts_of_the_suites_and_those_inside_a_document():
    assert dict(W3C_TEST_SUITE.contexts) == dict(CONFORMANCE)
    assert len(W3C_TEST_SUITE.contexts) == len(CONFORMANCE) > len(PINNED)
    document = {"@context": ["https://www.w3.org/ns/credentials/v2", {"a": "https://example.org/a"}]}

    assert context_problems(document, contexts=W3C_TEST_SUITE.contexts) == ()
    assert context_problems(document, contexts=CONFORMANCE) == ("inline context at @context[1]",)
    assert context_problems(document) == ("inline context at @context[1]",)


def test_n1_every_function_wants_its_policy_named():
    """A default would be a way in."""
    wanting = set()
    for module in iter_modules(cairn.conformance.__path__, "cairn.conformance."):
        for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
            parameter = inspect.signature(function).parameters.get("policy")
            if parameter is not None and function.__module__ == module.name:
                assert parameter.default is inspect.Parameter.empty, f"{module.name}.{name}"
                wanting.add(name)

    assert wanting >= {"issue", "issue_enveloped", "derive", "judge_credential", "judge_presentation", "sign"}


def test_n1_nothing_in_the_library_uses_it_but_its_own_command():
    """The import contract says the same; this also sees an import inside a function."""
    users = set()
    for path in SOURCE.rglob("*.py"):
        if path.is_relative_to(SOURCE / "conformance"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            if any(name.startswith("cairn.conformance") or name.endswith(".SuiteContexts") for name in names):
                users.add(str(path.relative_to(SOURCE)))

    assert users == {"cli/verifying.py", "canonical/__init__.py", "canonical/json_ld.py"}


def test_n1_it_is_no_public_name():
    assert not {"W3C_TEST_SUITE", "Policy", "SuiteContexts"} & set(cairn.__all__)


@pytest.mark.parametrize("did", [did_key(KEY), did_jwk(KEY)], ids=["key", "jwk"])
def test_a_bare_did_names_its_only_key(did):
    assert resolver("assertionMethod")(did).public_key == KEY


def test_a_method_is_found_by_its_url():
    assert resolver("authentication")(key_method(KEY)).public_key == KEY


def test_a_key_that_the_document_does_not_list_is_a_no():
    with pytest.raises(MalformedError, match="verification-method"):
        resolver("assertionMethod")(f"{did_key(KEY)}#other")
    with pytest.raises(MalformedError, match="verification-method"):
        resolver("keyAgreement")(key_method(KEY))


@pytest.mark.parametrize("url", ["https://issuer.example/keys#1", "did:web:issuer.example", KEY])
def test_whatever_would_have_to_be_asked_for_is_not_known(url):
    with pytest.raises(UnavailableError, match="key-unknown"):
        resolver("assertionMethod")(url)


def test_a_did_that_is_none_is_a_no():
    with pytest.raises(MalformedError):
        resolver("assertionMethod")("did:key:invalidVm")
