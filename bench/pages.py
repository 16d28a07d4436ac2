# SPDX-License-Identifier: Apache-2.0
"""Pages, through the whole WSGI application, against a view that returns one line through the same stack.

``page.credential`` has a warm verdict: each page was judged within the last minute, as with any badge that
more than one person looks at. ``page.credential.fresh`` judges each anew. ``page.verify`` is the empty form.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from bench import installation
from bench.measure import Comparison, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Pages in turn; all of them fit into the server's cache, so a warm page stays warm.
PAGES = 200

NAMES = ("page.credential", "page.credential.fresh", "page.verify")

Answer = tuple[str, bytes]


def comparisons(only: str) -> Iterator[Comparison]:
    if not any(name.startswith(only) for name in NAMES):
        return  # an installation takes seconds to make
    addresses = _credential_pages()
    visit = visitor()

    from django.core.cache import cache

    def fresh(number: int) -> Answer:
        cache.clear()
        return visit(addresses[number % PAGES])

    def is_genuine(_number: int, answer: Answer) -> bool:
        status, body = answer
        return status == "200 OK" and b"Genuine, unchanged and currently valid." in body

    trivial = Side(
        "a trivial Django view, same stack",
        lambda _number: visit("/bench/trivial"),
        lambda _number, answer: answer[1].endswith(b"<p>Hello."),
    )
    warm = Side("Cairn", lambda number: visit(addresses[number % PAGES]), is_genuine)
    for address in addresses:
        visit(address)
    yield Comparison("page.credential", warm, trivial)
    yield Comparison("page.credential.fresh", Side("Cairn", fresh, is_genuine), trivial)
    form = Side(
        "Cairn",
        lambda _number: visit("/verify"),
        lambda _number, answer: answer[0] == "200 OK" and b"<form" in answer[1],
    )
    yield Comparison("page.verify", form, trivial)


def _credential_pages() -> list[str]:
    version = installation.start()

    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.issuing import services
    from cairn_server.issuing.services import Recipient

    owner = Person.objects.get()
    awarded = [
        services.award(
            by=owner,
            version=version,
            recipient=Recipient(f"Learner {number}", f"learner{number}@bench.example"),
            request_key=f"bench:{number}",
            at=timezone.now(),
        )
        for number in range(PAGES)
    ]
    return [f"/c/{credential.public_id}" for credential in awarded]


def visitor() -> Callable[..., Answer]:
    """A caller without cookies that calls the WSGI application directly; what has a body is posted."""
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    settings.ROOT_URLCONF = "bench.urls"
    application = get_wsgi_application()

    def visit(path: str, body: bytes | None = None, *, address: str = "127.0.0.1", **environ: str) -> Answer:
        told: list[str] = []

        def start_response(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], object]:
            told.append(status)
            return lambda _body: None

        answer = application(
            {
                "REQUEST_METHOD": "GET" if body is None else "POST",
                "SCRIPT_NAME": "",
                "PATH_INFO": path,
                "QUERY_STRING": "",
                "SERVER_NAME": installation.HOST,
                "SERVER_PORT": "443",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "HTTP_HOST": installation.HOST,
                "HTTP_ACCEPT": "text/html",
                "HTTP_ACCEPT_LANGUAGE": "en",
                "REMOTE_ADDR": address,
                "CONTENT_LENGTH": str(len(body or b"")),
                "wsgi.url_scheme": "https",
                "wsgi.input": BytesIO(body or b""),
                **environ,
            },
            start_response,
        )
        found = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return told[0], found

    return visit
