# SPDX-License-Identifier: Apache-2.0
"""Pages, through the whole WSGI application, against a view that returns one line through the same stack.

``page.credential`` has a warm verdict: each page was judged within the last minute, as with any badge that
more than one person looks at. ``page.credential.fresh`` judges each anew. ``page.verify`` is the empty form.
``catalogue.search`` finds words among 100,000 achievements, other ones each time, with the counts of every
filter; ``catalogue.cost`` leaves those that are free. ``backpack.page`` is a wallet of 5,000 credentials as
its holder sees it. ``portfolio.page`` shows twenty; ``portfolio.plain`` is the same page against a view that
reads the same rows and answers as many bytes, and ``portfolio.pdf`` is it on paper, against nothing but a
Typst compile of the same document; ``certificate.pdf`` is one credential, another each time, judged and set,
against the same.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from bench import installation
from bench.measure import Comparison, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

# Pages in turn; all of them fit into the server's cache, so a warm page stays warm.
PAGES = 200

NAMES = (
    "page.credential",
    "page.credential.fresh",
    "page.verify",
    "catalogue.search",
    "catalogue.cost",
    "backpack.page",
    "portfolio.page",
    "portfolio.plain",
    "portfolio.pdf",
    "certificate.pdf",
)

ACHIEVEMENTS = 100_000
HELD = 5_000
SHOWN = 20

Answer = tuple[str, bytes]


def comparisons(only: str) -> Iterator[Comparison]:
    wanted = {name for name in NAMES if name.startswith(only)}
    if not wanted:
        return  # an installation takes seconds to make
    installation.start()
    visit = visitor()
    trivial = Side(
        "a trivial Django view, same stack",
        lambda _number: visit("/bench/trivial"),
        lambda _number, answer: answer[1].endswith(b"<p>Hello."),
    )
    if {"catalogue.search", "catalogue.cost"} & wanted:
        words = catalogue_of(ACHIEVEMENTS)
        if "catalogue.search" in wanted:
            yield Comparison("catalogue.search", _searching(visit, words), trivial)
        if "catalogue.cost" in wanted:
            yield Comparison("catalogue.cost", _searching(visit, words, narrowed="&cost=free"), trivial)
    if "backpack.page" in wanted:
        yield Comparison("backpack.page", _leafing(visit), trivial)
    if {"portfolio.page", "portfolio.plain", "portfolio.pdf"} & wanted:
        yield from _portfolio(visit, trivial, wanted)
    if "page.verify" in wanted:
        form = Side(
            "Cairn",
            lambda _number: visit("/verify"),
            lambda _number, answer: answer[0] == "200 OK" and b"<form" in answer[1],
        )
        yield Comparison("page.verify", form, trivial)
    if "certificate.pdf" in wanted:
        yield _certificates(visit)
    if {"page.credential", "page.credential.fresh"} & wanted:
        yield from _credentials(visit, trivial)


def _credentials(visit: Callable[..., Answer], trivial: Side) -> Iterator[Comparison]:
    addresses = _credential_pages()

    from django.core.cache import cache

    def fresh(number: int) -> Answer:
        cache.clear()
        return visit(addresses[number % PAGES])

    def is_genuine(_number: int, answer: Answer) -> bool:
        status, body = answer
        return status == "200 OK" and b"Genuine, unchanged and currently valid." in body

    warm = Side("Cairn", lambda number: visit(addresses[number % PAGES]), is_genuine)
    for address in addresses:
        visit(address)
    yield Comparison("page.credential", warm, trivial)
    yield Comparison("page.credential.fresh", Side("Cairn", fresh, is_genuine), trivial)


def _searching(visit: Callable[..., Answer], words: list[str], *, narrowed: str = "") -> Side:
    return Side(
        "Cairn",
        lambda number: visit("/catalogue", query=f"q={words[number % len(words)]}{narrowed}"),
        lambda _number, answer: answer[0] == "200 OK" and b'class="tile"' in answer[1],
    )


def _leafing(visit: Callable[..., Answer]) -> Side:
    cookie = wallet_of(HELD)
    return Side(
        "Cairn",
        lambda number: visit("/wallet", query=f"page={number % 100 + 1}", cookie=cookie),
        lambda _number, answer: answer[0] == "200 OK" and answer[1].count(b'class="tile"') == 25,
    )


def _portfolio(visit: Callable[..., Answer], trivial: Side, wanted: set[str]) -> Iterator[Comparison]:
    portfolio_of(SHOWN)
    page = Side(
        "Cairn",
        lambda _number: visit("/p/hanna-holder"),
        lambda _number, answer: answer[0] == "200 OK" and answer[1].count(b'class="tile"') == SHOWN,
    )
    if "portfolio.page" in wanted:
        yield Comparison("portfolio.page", page, trivial)
    if "portfolio.plain" in wanted:
        yield Comparison("portfolio.plain", page, _plain(visit))
    if "portfolio.pdf" in wanted:
        # From an address of its own each time: how often one may ask is not what is measured.
        paper = Side(
            "Cairn",
            lambda number: visit(
                "/p/hanna-holder.pdf", address=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            ),
            lambda _number, answer: answer[0] == "200 OK" and answer[1].startswith(b"%PDF"),
        )
        yield Comparison("portfolio.pdf", paper, _bare_portfolio())


def _plain(visit: Callable[..., Answer]) -> Side:
    """What Django alone takes to read these rows and to fill a template with them, up to the same size."""
    size = len(visit("/p/hanna-holder")[1])
    rest = size - len(visit("/bench/portfolio", query="filling=0")[1])
    return Side(
        "a plain Django view of the same rows and size",
        lambda _number: visit("/bench/portfolio", query=f"filling={rest}"),
        lambda _number, answer: (len(answer[1]), answer[1].count(b"<li>")) == (size, SHOWN),
    )


def _certificates(visit: Callable[..., Answer]) -> Comparison:
    """More credentials in turn than finished certificates are kept, so each is judged and set anew."""
    addresses = _credential_pages()
    paper = Side(
        "Cairn",
        lambda number: visit(
            f"{addresses[number % PAGES]}.pdf",
            address=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        ),
        lambda _number, answer: answer[0] == "200 OK" and answer[1].startswith(b"%PDF"),
    )
    return Comparison("certificate.pdf", paper, _bare_certificate(addresses[0].removeprefix("/c/")))


def _bare_portfolio() -> Side:
    import json

    from django.utils import timezone

    from cairn_server.wallets.models import Portfolio
    from cairn_server.web import portfolio

    at = timezone.now()
    told = json.dumps(portfolio.told(Portfolio.objects.get(), at=at), ensure_ascii=False)
    return _bare_typst("portfolio.typ", {"portfolio": told}, ["a-2a", "ua-1"], at)


def _bare_certificate(credential_id: str) -> Side:
    from django.utils import timezone

    from cairn_server.web import certificate, credential, printing

    at = timezone.now()
    found = credential.find(credential_id)
    assert found is not None
    words, pictures, secured = certificate.parts(found, credential.judge(found, at=at, now=at))
    inputs = printing.certificate_inputs(words, pictures=pictures, secured=secured)
    return _bare_typst("certificate.typ", inputs, ["a-3a", "ua-1"], at)


def _bare_typst(name: str, inputs: dict[str, str], standards: list[Any], at: datetime) -> Side:
    """The same words, template, fonts and standards, and no server around them."""
    from importlib.resources import files

    import typst

    folder = files("cairn_server.web") / "print"
    template = (folder / name).read_bytes()
    fonts = typst.Fonts(
        include_system_fonts=True, include_embedded_fonts=True, font_paths=[str(folder / "fonts")]
    )

    def compiled(_number: int) -> bytes:
        made = typst.Compiler(font_paths=fonts).compile(
            template,
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=standards,
            timestamp=int(at.timestamp()),
        )
        assert isinstance(made, bytes)
        return made

    return Side("a bare Typst compile", compiled, lambda _number, answer: answer.startswith(b"%PDF"))


def portfolio_of(count: int) -> None:
    """A public portfolio of so many credentials that were awarded here and accepted."""
    version = installation.start()

    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.issuing import claiming, services
    from cairn_server.issuing.services import Recipient
    from cairn_server.wallets import portfolio, sharing
    from cairn_server.wallets.models import Visibility

    at = timezone.now()
    owner = Person.objects.get(email="potter@bench.example")
    holder = Person.objects.create_user("shown@bench.example", name="Hanna Holder")
    EmailAddress.objects.create(user=holder, email=holder.email, verified=True, primary=True)
    mine = portfolio.begin(by=holder, handle="hanna-holder", name="Hanna Holder", at=at)
    for number in range(count):
        awarded = services.award(
            by=owner,
            version=version,
            recipient=Recipient("Hanna Holder", holder.email),
            request_key=f"bench-shown:{number}",
            at=timezone.now(),
        )
        held = claiming.accept(awarded, by=holder, at=timezone.now())
        sharing.set_visibility(held, by=holder, to=Visibility.PUBLIC, at=timezone.now())
        portfolio.place(mine, by=holder, thing=held, at=timezone.now())
    portfolio.publish(mine, by=holder, in_search_engines=False, at=timezone.now())


def _credential_pages() -> list[str]:
    version = installation.start()

    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.issuing import services
    from cairn_server.issuing.services import Recipient

    owner = Person.objects.get(email="potter@bench.example")
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


def catalogue_of(count: int) -> list[str]:
    """So many published achievements of twenty organisations; words that many, some and few of them have.

    Rows, written as the services write them: publishing each would take an hour and measure something else.
    """
    installation.start()

    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.achievements import catalogue
    from cairn_server.achievements.models import (
        Achievement,
        AchievementVersion,
        CatalogueEntry,
        CatalogueSkill,
        Picture,
    )
    from cairn_server.organisations import services

    at = timezone.now()
    owner = Person.objects.get(email="potter@bench.example")
    schools = [
        services.create_organisation(
            open_to_all=True, by=owner, name=f"School number {number}", requires_second_factor=False, at=at
        )
        for number in range(20)
    ]
    picture = Picture.objects.earliest("pk")
    first = Achievement.objects.latest("pk").pk + 1
    subjects = [f"subject{number:04}" for number in range(2_000)]
    for start in range(0, count, 5_000):
        numbers = range(start, min(start + 5_000, count))
        Achievement.objects.bulk_create(
            Achievement(pk=first + number, organisation=schools[number % 20], created_at=at)
            for number in numbers
        )
        versions = AchievementVersion.objects.bulk_create(
            AchievementVersion(
                achievement_id=first + number,
                number=1,
                state="published",
                name=f"{subjects[number % 2_000].title()} course {number}",
                description="Loads, fires and unloads an electric kiln without supervision.",
                criteria="Three firings.",
                level=str(number % 8 + 1),
                workload_hours=number % 300 + 1,
                language=("en", "de", "nl")[number % 3],
                picture=picture,
                created_at=at,
                published_at=at,
            )
            for number in numbers
        )
        entries = CatalogueEntry.objects.bulk_create(
            CatalogueEntry(
                achievement_id=version.achievement_id,
                version=version,
                organisation=schools[number % 20],
                name=version.name,
                issuer_name=schools[number % 20].name,
                words=f"{version.name} {schools[number % 20].name} kiln firing {version.description}".lower(),
                kind="MicroCredential",
                level=version.level,
                language=version.language,
                workload_hours=version.workload_hours,
                cost=("free", "sponsored", "paid", "")[number // 2_000 % 4],
                published_at=at,
            )
            for number, version in zip(numbers, versions, strict=True)
        )
        CatalogueSkill.objects.bulk_create(
            CatalogueSkill(
                entry=entry,
                key=catalogue.skill_key(f"https://skills.example/{number % 500}"),
                url=f"https://skills.example/{number % 500}",
                name=f"Skill {number % 500}",
            )
            for number, entry in zip(numbers, entries, strict=True)
        )
    # Fifty achievements have each, and each is asked for so seldom that hardly a count is in the cache.
    return subjects


def wallet_of(count: int) -> str:
    """A holder of so many credentials, signed in; their cookie."""
    installation.start()

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.wallets.models import HeldCredential

    at = timezone.now()
    holder = Person.objects.create_user("holder@bench.example", name="Hanna Holder")
    HeldCredential.objects.bulk_create(
        (
            HeldCredential(
                person=holder,
                issuer_id=f"did:web:school{number % 20}.example",
                issuer_name=f"School number {number % 20}",
                credential_id=f"urn:bench:{number}",
                name=f"Course {number}",
                words=f"course {number} school number {number % 20}",
                format="vc+ld+json",
                secured=b"{}" * 2_000,
                document={"filling": "x" * 4_000},
                sha256=f"{number:064x}",
                source=HeldCredential.Source.IMPORTED,
                awarded_at=at,
                received_at=at,
            )
            for number in range(count)
        ),
        batch_size=500,
    )
    session = SessionStore()
    session[SESSION_KEY] = str(holder.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = holder.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def visitor() -> Callable[..., Answer]:
    """A caller that uses the WSGI application directly; what has a body is posted, cookies are given."""
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    settings.ROOT_URLCONF = "bench.urls"
    application = get_wsgi_application()

    def visit(
        path: str,
        body: bytes | None = None,
        *,
        query: str = "",
        cookie: str = "",
        address: str = "127.0.0.1",
        **environ: str,
    ) -> Answer:
        told: list[str] = []

        def start_response(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], object]:
            told.append(status)
            return lambda _body: None

        answer = application(
            {
                "REQUEST_METHOD": "GET" if body is None else "POST",
                "SCRIPT_NAME": "",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "HTTP_COOKIE": cookie,
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
