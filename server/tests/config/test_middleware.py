# SPDX-License-Identifier: Apache-2.0
"""True of every request: host, headers, caching, limits, and one shape for every refusal."""

import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from server.tests.conftest import PASSWORD

from cairn.errors import MalformedError, UnavailableError, UnsupportedError
from cairn_server.config import middleware
from cairn_server.errors import NotAllowed, NotVisible, Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    return Client(headers={"host": "cairn.example"}, raise_request_exception=False)


# Hosts and addresses


@pytest.mark.parametrize(
    "host", ["evil.example", "cairn.example.evil.example", "cairn.example@evil", "127.0.0.1"]
)
@pytest.mark.parametrize("path", ["/", "/api/v1/", "/account/login/"])
def test_another_host_is_refused(host, path):
    """B152."""
    assert Client(headers={"host": host}).get(path).status_code == 400


def test_b132_a_foreign_host_leaves_no_traceback_in_the_log(caplog):
    """Anybody can send one, as often as they like."""
    assert Client(headers={"host": "evil.example"}).get("/").status_code == 400

    assert not [record for record in caplog.records if record.exc_info]


def test_the_scheme_is_that_of_the_public_address_whatever_a_header_claims(settings):
    """B152."""
    seen = []
    app = middleware.PublicAddress(lambda request: seen.append(request.build_absolute_uri("/")))

    app(RequestFactory().get("/", headers={"host": "cairn.example", "x-forwarded-proto": "http"}))
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    app(RequestFactory().get("/", headers={"host": "cairn.example", "x-forwarded-proto": "https"}))

    assert seen == ["https://cairn.example/", "http://cairn.example/"]


# HEAD

# Not through the test client: that one takes the body away by itself, which a real server does not.
APPLICATION = WSGIHandler()


def through_wsgi(method, path):
    environ = RequestFactory(headers={"host": "cairn.example"}).generic(method, path).environ
    told = {}
    response = APPLICATION(environ, lambda status, headers, *_: told.update(headers, status=status))
    try:
        return told, b"".join(response)
    finally:
        response.close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/verify",
        "/account/login/",
        "/healthz",
        "/static/css/base.css",
        "/api/v1/nothing",
        "/api/v1/docs",
        "/api/v1/openapi.json",
        "/i/nobody/did.json",
        "/.well-known/security.txt",
    ],
)
def test_head_is_answered_with_headers_alone(path):
    """RFC 9110 section 9.3.2: the headers of GET, its length too, and no body."""
    got, page = through_wsgi("GET", path)
    told, body = through_wsgi("HEAD", path)

    assert body == b""
    assert page
    if told["status"] == got["status"]:  # some addresses take no HEAD, and say so without a body too
        assert told["Content-Type"] == got["Content-Type"]
        # A token against forgery is as long in every page.
        assert told["Content-Length"] == got["Content-Length"] == str(len(page))


def test_head_of_a_stream_sends_nothing_and_closes_it():
    closed = []

    def pieces():
        try:
            yield b"bytes"
        finally:
            closed.append(True)

    stream = pieces()
    next(stream)
    app = middleware.NoBodyForHead(lambda request: StreamingHttpResponse(stream))

    response = app(RequestFactory().head("/"))

    assert b"".join(response) == b""
    response.close()
    assert closed


# Headers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/verify",
        "/account/login/",
        "/nothing",
        "/api/v1/nothing",
        "/healthz",
        "/static/css/base.css",
        "/i/x",
    ],
)
def test_every_answer_carries_the_headers(visitor, path):
    """H14."""
    response = visitor.get(path)
    response.close()  # a static file is an open one
    headers = response.headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "max-age=63072000" in headers["Strict-Transport-Security"]


def test_without_https_there_is_no_hsts(visitor, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"

    assert "Strict-Transport-Security" not in visitor.get("/healthz").headers


def through(view, request=None):
    app = middleware.SecurityHeaders(view)
    return app(request or RequestFactory().get("/"))


def test_what_says_nothing_about_caches_is_private():
    assert through(lambda request: HttpResponse("x")).headers["Cache-Control"] == "no-store"


def test_a_public_answer_carries_no_cookie():
    """H14, B151."""

    def view(request):
        response = HttpResponse("x", headers={"Cache-Control": "public, max-age=60"})
        response.set_cookie("csrf", "secret")
        return response

    response = through(view)

    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert not response.cookies


def test_an_answer_that_looked_at_the_session_is_not_public(rf):
    """B151: the viewer's menu on a public page."""
    from django.contrib.sessions.backends.db import SessionStore

    def view(request):
        request.session.get("who")
        return HttpResponse("x", headers={"Cache-Control": "public, max-age=60"})

    request = rf.get("/")
    request.session = SessionStore()

    assert through(view, request).headers["Cache-Control"] == "no-store"


def test_private_pages_are_not_kept(signed_in, learner):
    response = signed_in(learner).get("/organisations/")

    assert response.status_code == 200
    assert response.headers["Cache-Control"].startswith(
        ("no-store", "private, no-store", "max-age=0, no-cache")
    )
    assert "no-store" in response.headers["Cache-Control"]


# Refusals

CASES = [
    (Refusal("already-revoked", "This has been revoked."), 409),
    (Refusal("gone", "Gone.", 410), 410),
    (NotAllowed(), 403),
    (NotVisible(), 404),
    (MalformedError("json-duplicate-key", "Two keys are equal."), 400),
    (MalformedError("limit-size", "Too large."), 413),
    (UnsupportedError("media-type", "Not this."), 415),
    (UnsupportedError("unknown-cryptosuite", "Not this."), 400),
    (UnavailableError("unreachable", "Later."), 503),
    (Http404(), 404),
    (PermissionDenied(), 403),
    (RequestDataTooBig(), 413),
    (SuspiciousOperation(), 400),
]


@pytest.mark.parametrize(
    ("error", "status"), CASES, ids=lambda value: getattr(value, "code", None) or str(value)
)
def test_a_refusal_is_a_page_for_people(rf, error, status):
    response = middleware.answer(rf.get("/somewhere"), error)

    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("error", "status"), CASES, ids=lambda value: getattr(value, "code", None) or str(value)
)
def test_a_refusal_is_a_problem_document_for_machines(rf, error, status):
    """RFC 9457."""
    response = middleware.answer(rf.get("/api/v1/somewhere"), error)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["status"] == status


def test_what_is_unavailable_says_when_to_come_back(rf):
    for path in ("/x", "/api/x"):
        response = middleware.answer(rf.get(path), UnavailableError("unreachable", "Later."))
        assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/x", "/api/x"])
def test_a_mistake_of_ours_is_not_dressed_up_as_a_refusal(rf, path):
    assert middleware.answer(rf.get(path), ValueError("bug")) is None


@pytest.mark.parametrize("path", ["/wallet", "/api/v1/awards"])
@pytest.mark.parametrize("page_works", [True, False])
def test_f4_a_database_that_does_not_answer_is_no_mistake_of_ours(rf, path, page_works, monkeypatch, caplog):
    """It comes back, and whoever asks again is served; the log says what happened."""
    gone = OperationalError("server closed the connection unexpectedly")
    if not page_works:
        monkeypatch.setattr(middleware, "error_page", lambda *_arguments: (_ for _ in ()).throw(gone))

    response = middleware.answer(rf.get(path), gone)

    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert response["Cache-Control"] == "no-store"
    assert "database does not answer" in response.content.decode()
    assert "server closed" not in response.content.decode()
    assert "server closed" in caplog.text


def test_f4_a_database_that_is_gone_when_limits_are_asked(visitor, monkeypatch):
    def gone(*_arguments, **_more):
        raise OperationalError("it is gone")

    monkeypatch.setattr("cairn_server.accounts.limits.Limit.take", gone)

    assert visitor.get("/api/v1/awards").status_code == 503


def test_a_message_of_a_refusal_is_text_and_not_html(rf):
    response = middleware.answer(rf.get("/x"), Refusal("x", "<script>alert(1)</script>"))

    assert b"<script>alert" not in response.content


def test_a_500_page_works_when_the_templates_do_not(rf, monkeypatch):
    monkeypatch.setattr(middleware, "error_page", lambda *a: 1 / 0)

    response = middleware.server_error(rf.get("/x"))

    assert response.status_code == 500
    assert b"our side" in response.content


def test_an_unknown_path_of_the_api_is_a_problem_and_of_the_site_a_page(visitor):
    assert visitor.get("/api/nothing")["Content-Type"] == "application/problem+json"
    assert visitor.get("/nothing")["Content-Type"].startswith("text/html")


def test_a_form_without_its_token_is_refused(learner):
    """B140."""
    client = Client(headers={"host": "cairn.example"}, enforce_csrf_checks=True)

    response = client.post("/account/login/", {"login": learner.email, "password": PASSWORD})

    assert response.status_code == 403


# Limits


@pytest.mark.parametrize(
    ("name", "send"),
    [
        (
            "sign-in",
            lambda client, n: client.post(
                "/account/login/", {"login": f"a{n}@x.example", "password": "x" * 20}
            ),
        ),
        ("sign-in", lambda client, n: client.post("/account/login/code/", {"email": f"a{n}@x.example"})),
        ("sign-in", lambda client, n: client.post("/account/signup/", {"email": f"a{n}@x.example"})),
        ("verify", lambda client, n: client.post("/verify", {"text": "x"})),
        ("api", lambda client, n: client.get("/api/v1/nothing")),
        ("wallets", lambda client, n: client.post(f"/oid4vci/{'A' * 22}/nonce")),
        ("wallets", lambda client, n: client.post(f"/exchanges/{'A' * 22}")),
    ],
)
def test_a_stranger_is_stopped_after_the_burst(visitor, settings, name, send):
    """B149."""
    settings.RATE_LIMITS = settings.RATE_LIMITS | {name: {"burst": 3, "per_minute": 1}}

    answers = [send(visitor, n).status_code for n in range(4)]

    assert 429 not in answers[:3]
    assert answers[3] == 429


def test_a_wallet_is_stopped_in_words_for_machines(visitor, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"wallets": {"burst": 1, "per_minute": 1}}

    answers = [visitor.post(f"/exchanges/{'A' * 22}") for _ in range(2)]

    assert answers[1]["Content-Type"] == "application/problem+json"
    assert int(answers[1]["Retry-After"]) > 0


def test_one_address_is_not_guessed_from_many_networks(settings, learner):
    """B149: target e-mail."""
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign-in-address": {"burst": 3, "per_minute": 1}}
    answers = []
    for n in range(4):
        client = Client(headers={"host": "cairn.example"}, REMOTE_ADDR=f"192.0.2.{n}")
        sent = client.post(
            "/account/login/code/", {"email": learner.email.upper() if n % 2 else learner.email}
        )
        answers.append(sent.status_code)

    assert answers[3] == 429


def test_a_forged_address_does_not_make_a_new_bucket(visitor, settings):
    """B149: X-Forwarded-For."""
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api": {"burst": 2, "per_minute": 1}}

    answers = [
        visitor.get("/api/v1/nothing", headers={"x-forwarded-for": f"198.51.100.{n}"}).status_code
        for n in range(3)
    ]

    assert answers[2] == 429


def test_made_up_tokens_do_not_make_endless_buckets(visitor, settings):
    """B149."""
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api-network": {"burst": 2, "per_minute": 1}}

    answers = [
        visitor.get("/api/v1/nothing", headers={"authorization": f"Bearer {n}"}).status_code for n in range(3)
    ]

    assert answers[2] == 429


def test_who_is_stopped_is_told_when_to_come_back(visitor, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api": {"burst": 1, "per_minute": 1}}
    visitor.get("/api/v1/nothing")

    response = visitor.get("/api/v1/nothing")

    assert response["Content-Type"] == "application/problem+json"
    assert 1 <= int(response["Retry-After"]) <= 60


def test_reading_is_not_limited(visitor, settings):
    settings.RATE_LIMITS = {name: {"burst": 1, "per_minute": 1} for name in settings.RATE_LIMITS}

    assert [visitor.get("/verify").status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("address", ["/catalogue?q=%00", "/catalogue?level=a%00", "/verify?link=%00"])
def test_b155_a_nul_in_an_address_is_a_bad_request(address):
    stranger = Client(headers={"host": "cairn.example"})

    assert stranger.get(address).status_code == 400
    assert stranger.get(address.replace("%00", "x")).status_code == 200
