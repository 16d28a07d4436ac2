# SPDX-License-Identifier: Apache-2.0
"""One process of the comparisons in issue.py: ``python -m bench.issue_child WHAT [ARGUMENT] [--wait=FILE]``.

It tells one JSON object on its last line.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# With everything around it such a credential has 4 KB. No sentence comes twice: a database packs what repeats
# itself, and a row of 4 KB that takes 300 bytes on the disk is no measure of anything.
FIELDS = {
    "name": "Kiln operator",
    "description": (
        "Loads, fires and unloads an electric kiln without supervision. Reads a firing schedule and "
        "writes one for a new clay body: how fast the heat may rise, where it has to stay, and when the "
        "lid can be opened. Knows which glazes run, keeps them off the shelves with a wash of kaolin and "
        "alumina, and places tall pots where the draught will not topple them. Tells by the colour of the "
        "chamber, and confirms with pyrometric cones, whether the thermocouple can still be believed. "
        "Wears the right gloves and glasses, airs the room, and never fires alone at night. Finds out why "
        "a batch came out dull, bloated or cracked, says so in plain words to whoever made it, and "
        "proposes what to try next. Keeps the elements, bricks and relays in order, replaces a fuse but "
        "leaves the mains to an electrician, and records every firing so that a colleague could repeat it "
        "to the degree. Works out beforehand what a load costs in current, compares that with the tariff "
        "of the hour, and fills the chamber so that none of it is wasted."
    ),
    "criteria": (
        "The candidate fires four loads in two months, at least one of stoneware and one of earthenware. "
        "Each time an assessor inspects the packed chamber before the start, compares the log with the "
        "controller's own curve afterwards, and picks three pieces at random. No piece may be stuck to a "
        "shelf; at most two in a hundred may be lost to faults of loading. In a conversation of half an "
        "hour the candidate explains quartz inversion, bisque, crazing and reduction, reads two "
        "unfamiliar schedules aloud, and finds the deliberate mistake in a third. Given a kiln with a "
        "broken element, the candidate notices before the temperature stalls, shuts it down in the proper "
        "order and labels it. A written test asks about dust, fumes, burns and what to do when the power "
        "fails; nine of ten answers have to be right. Whoever falls short in one part repeats that part "
        "alone, not earlier than a week later, with another assessor. What was seen is written down at "
        "once, signed by both and kept for five years."
    ),
    "level": "3",
    "workload_hours": 40,
    "alignments": [
        {"target_name": f"Kiln firing {number}", "target_url": f"https://skills.example/ceramics/{number}"}
        for number in range(3)
    ],
}
ROW_BYTES = 4_096
COPIED_AT_ONCE = 5_000
AWARDS = 200
WARM_UP = 20
# Added to the numbers of rows that are written a second time, beyond any that are in use.
BARE = 1_000_000
# As a worker has it (config/work.py, which needs PostgreSQL's queue to be imported). What it is compared with
# has it too: where something else runs on the machine, neither side is pushed aside more than the other.
NICENESS = 19


def now() -> datetime:
    return datetime.now(UTC)


def main(arguments: list[str]) -> None:
    wait = [each.removeprefix("--wait=") for each in arguments if each.startswith("--wait=")]
    what, *rest = [each for each in arguments if not each.startswith("--wait=")]
    from cairn_server.config import first_start
    from cairn_server.config.sqlite import use_safe_sqlite

    use_safe_sqlite()
    first_start.prepare(first_start.data_dir())
    import django

    django.setup()
    from django.conf import settings

    from cairn_server.organisations import installation

    installation.install_address(settings.PUBLIC_URL)
    work: Callable[..., dict[str, Any]] = {
        "prepare": prepare,
        "read": read,
        "work": work_off,
        "look": look,
        "sign": sign,
        "copy": copy,
        "single": single,
        "visit": visit,
        "revoke": revoke,
    }[what]
    if wait:
        from django.db import connection

        connection.ensure_connection()
        import cairn_server.issuing.chunks  # noqa: F401 - as a worker has it before there is work

        Path(f"{wait[0]}.ready.{os.getpid()}").touch()
        while not Path(wait[0]).exists():
            time.sleep(0.002)
    told = work(*rest)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**told, "peak_megabytes": round(peak, 1)} if what in ("read", "work") else told))


def prepare() -> dict[str, Any]:
    """An organisation with something to award, and a neighbour."""
    from django.conf import settings
    from django.core.management import call_command

    from cairn_server.accounts.models import Person
    from cairn_server.achievements import services as achievements
    from cairn_server.issuing import services as issuing
    from cairn_server.organisations import installation, services

    call_command("migrate", verbosity=0)
    at = now()
    installation.remember_installation(public_url=settings.PUBLIC_URL, at=at)
    for name in ("Guild of Potters", "The Neighbours"):
        owner = Person.objects.create_user(f"{name.split()[-1].lower()}@bench.example", name="Olga")
        organisation = services.create_organisation(
            open_to_all=True, by=owner, name=name, requires_second_factor=False, at=at
        )
        draft = achievements.draft_achievement(by=owner, organisation=organisation, fields=FIELDS, at=at)
        version = achievements.publish(draft, by=owner, at=at)
        if name == "The Neighbours":
            for number in range(20):
                issuing.award(
                    by=owner,
                    version=version,
                    recipient=issuing.Recipient(f"Neighbour {number}", f"n{number}@people.example"),
                    request_key=f"bench:{number}",
                    at=at,
                )
    return {}


def _guild() -> tuple[Any, Any]:
    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion

    version = AchievementVersion.objects.select_related("achievement__organisation").order_by("pk")[0]
    return Person.objects.get(email="potters@bench.example"), version


def read(path: str) -> dict[str, Any]:
    """From a file to accepted rows, by the verbs that the page uses."""
    from cairn_server.issuing import receiving

    owner, version = _guild()
    with Path(path).open("rb") as content:
        file = receiving.receive(
            by=owner, version=version, name=Path(path).name, content=content, most_rows=10_000_000, at=now()
        )
    file = receiving.choose(file, by=owner)
    file = receiving.check(file, at=now())
    batch = receiving.accept(file.batch, by=owner, leave_out=False, at=now())
    return {"rows": batch.total, "state": batch.state}


def work_off() -> dict[str, Any]:
    from cairn_server.issuing import batches, chunks

    os.nice(NICENESS)
    return {"chunks": chunks.work_off(now=now, worker=batches.worker_name())}


def look(rows: str) -> dict[str, Any]:
    """Whether it is all there, each once; and what it takes on the disk."""
    from django.db import connection

    import cairn
    from cairn_server.issuing import signing, status_lists
    from cairn_server.issuing.models import Batch, Credential, SecuredCredential

    batch = Batch.objects.get()
    wanted = int(rows)
    credentials = Credential.objects.filter(batch=batch)
    distinct = credentials.values("status_list", "status_index").distinct().count()
    if (batch.state, batch.awarded, credentials.count(), distinct) != ("done", wanted, wanted, wanted):
        raise AssertionError(f"not all of it is there: {batch.state}, {batch.counts()}, {distinct} indexes")
    size = 0
    for credential in credentials.order_by("public_id").select_related("organisation", "status_list")[:100]:
        known = signing.issuer_sources(credential.organisation)
        known |= status_lists.list_sources(credential.status_list)
        data = credential.secured_in("vc+ld+json").bytes()
        size = len(data)
        cairn.Verifier(signing.KnownBytes(known)).verify(data, at=now())
    frame = SecuredCredential.objects.filter(credential__batch=batch).first()
    told: dict[str, Any] = {
        "credential_bytes": size,
        "frame_bytes": len(bytes(frame.secured)) if frame else 0,
    }
    if connection.vendor == "postgresql":
        tables = ("issuing_credential", "issuing_securedcredential", "tlog_pendingleaf", "issuing_batchrow")
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute("SELECT pg_total_relation_size(%s), pg_indexes_size(%s)", [table, table])
                total, indexes = cursor.fetchone()
                told[f"bytes_{table.partition('_')[2]}"] = [
                    round((total - indexes) / wanted),
                    round(indexes / wanted),
                ]
        told["stored_bytes"] = sum(sum(value) for name, value in told.items() if name.startswith("bytes_"))
    else:
        path = connection.settings_dict["NAME"]
        told["stored_bytes"] = round(Path(path).stat().st_size / wanted)
    return told


# What it is compared with


def sign(count: str) -> dict[str, Any]:
    from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

    os.nice(NICENESS)
    _public, secret = crypto_sign_seed_keypair(bytes(range(32)))
    message = bytearray(64)
    for number in range(int(count)):
        message[:8] = number.to_bytes(8, "big")
        crypto_sign(bytes(message), secret)
    return {}


def copy(count: str) -> dict[str, Any]:
    """Rows of 4 KB that a credential could be: text that does not repeat from row to row, in one table."""
    from django.db import connection

    from cairn_server.issuing.models import SecuredCredential

    os.nice(NICENESS)
    secured = SecuredCredential.objects.select_related("dictionary").first()
    assert secured is not None
    text = secured.bytes().decode()
    row = (text * (ROW_BYTES // len(text) + 1))[: ROW_BYTES - 20].replace("\\", "\\\\")
    with connection.cursor() as cursor:
        try:
            cursor.execute("CREATE TABLE IF NOT EXISTS yardstick (id bigint, record text)")
        except Exception:  # noqa: BLE001 - the other process has just made it
            connection.rollback()
    total = int(count)
    for first in range(0, total, COPIED_AT_ONCE):
        numbers = range(first, min(first + COPIED_AT_ONCE, total))
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                block = "".join([f"{number}\t{number:020d}{row}\n" for number in numbers]).encode()
                with cursor.copy("COPY yardstick (id, record) FROM STDIN") as stream:
                    stream.write(block)
            else:
                from django.db import transaction

                with transaction.atomic():
                    cursor.executemany(
                        "INSERT INTO yardstick (id, record) VALUES (%s, %s)",
                        [(number, f"{number:020d}{row}") for number in numbers],
                    )
    return {}


# One award


def single() -> dict[str, Any]:
    """One award over HTTP, from the request to its answer, in turns with what it cannot do without.

    Ours is ``POST /api/v1/awards`` through the whole application: limits, token, rights, intent, watermark,
    signer process, own verification, answer. The yardstick writes the rows that this award has left behind
    (credential, two signed forms, two leaves, message, journal entry), as they are, by one plain INSERT each
    over the same kind of connection to the same database, in one transaction that is on the disk when it
    ends; and it makes two signatures with libsodium. So both have the same bytes to write, and neither may
    forget them.
    """
    from django.db import transaction
    from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

    from cairn_server.issuing.models import Credential, SecuredCredential

    post = _caller()
    _public, secret = crypto_sign_seed_keypair(bytes(range(32)))
    ours, theirs = [], []
    for number in range(-WARM_UP, AWARDS):
        began = time.perf_counter()
        answer = post(number)
        took = time.perf_counter() - began
        made = Credential.objects.get(public_id=answer["id"])
        insert = _bare(made, number)
        began = time.perf_counter()
        with transaction.atomic(durable=True):
            for _form in range(2):
                crypto_sign(bytes(64), secret)
            insert()
        bare = time.perf_counter() - began
        if number >= 0:
            ours.append(took)
            theirs.append(bare)
    # Both have done what they were timed for.
    assert Credential.objects.signed().filter(request_key__startswith="api:").count() == AWARDS + WARM_UP
    assert Credential.objects.signed().filter(request_key__startswith="bare:").count() == AWARDS + WARM_UP
    assert SecuredCredential.objects.filter(credential__request_key__startswith="bare:").count() == 2 * (
        AWARDS + WARM_UP
    )
    mine, bare = median(ours), median(theirs)
    return {
        "per_second": round(1 / mine, 1),
        "against": "two signatures and a plain INSERT of each of the same rows, in one durable transaction",
        "against_per_second": round(1 / bare, 1),
        "ratio": round(bare / mine, 3),
        "least_ratio": 0.2,
        "milliseconds": round(mine * 1000, 2),
        "against_milliseconds": round(bare * 1000, 2),
        "fastest_quarter_ratio": round(quantiles(theirs, n=4)[0] / quantiles(ours, n=4)[0], 3),
    }


def _caller() -> Callable[[int], dict[str, Any]]:
    """Somebody with a token, who calls the WSGI application directly."""
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    from cairn_server.organisations import tokens
    from cairn_server.organisations.models import Scope

    owner, version = _guild()
    _token, text = tokens.create_token(
        version.organisation, by=owner, name="Bench", scopes=[Scope.AWARDS_WRITE], at=now()
    )
    # The limit is asked each time, and what it costs is counted; only it must not say no.
    for name in ("api", "api-network"):
        settings.RATE_LIMITS[name] = {"burst": 100_000, "per_minute": 100_000}
    application = get_wsgi_application()

    def post(number: int) -> dict[str, Any]:
        recipient = {"name": f"Learner {number}", "email": f"learner{number}@people.example"}
        body = json.dumps({"achievement": version.public_id, "recipient": recipient}).encode()
        told: list[str] = []

        def start_response(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], object]:
            told.append(status)
            return lambda _body: None

        answer = application(
            {
                "REQUEST_METHOD": "POST",
                "SCRIPT_NAME": "",
                "PATH_INFO": "/api/v1/awards",
                "QUERY_STRING": "",
                "SERVER_NAME": "bench.example",
                "SERVER_PORT": "443",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "HTTP_HOST": "bench.example",
                "HTTP_AUTHORIZATION": f"Bearer {text}",
                "HTTP_IDEMPOTENCY_KEY": f"bench:{number}",
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": str(len(body)),
                "REMOTE_ADDR": "127.0.0.1",
                "wsgi.url_scheme": "https",
                "wsgi.input": BytesIO(body),
            },
            start_response,
        )
        try:
            content = b"".join(answer)
        finally:
            answer.close()
        assert told == ["201 Created"], (told, content)
        found: dict[str, Any] = json.loads(content)
        return found

    return post


def _bare(made: Any, number: int) -> Callable[[], None]:
    """Writes the rows of an award once more, under names of their own; everything else is ready by then."""
    from django.db import connection

    from cairn_server.issuing.models import Delivery
    from cairn_server.journal.models import Entry

    cursor = connection.cursor()

    def prepared(row: Any, **changed: Any) -> Callable[..., Any]:
        fields = [field for field in row._meta.concrete_fields if not field.primary_key]
        values = {
            field.column: field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields
        }
        values |= changed
        columns = ", ".join(f'"{column}"' for column in values)
        places = ", ".join(["%s"] * len(values))
        statement = f'INSERT INTO "{row._meta.db_table}" ({columns}) VALUES ({places}) RETURNING id'

        def write(**references: int) -> int:
            cursor.execute(statement, list((values | references).values()))
            found: int = cursor.fetchone()[0]
            return found

        return write

    credential = prepared(
        made,
        public_id=f"bare{number:018d}",
        request_key=f"bare:{number}",
        status_index=made.status_index + BARE,
    )
    forms = [(prepared(form.leaf), prepared(form)) for form in made.secured.select_related("leaf")]
    assert len(forms) == 2
    delivery = prepared(Delivery.objects.get(credential=made))
    entry = Entry.objects.get(object_id=made.public_id)
    journal = prepared(entry, number=entry.number + BARE)

    def insert() -> None:
        credential_id = credential()
        for leaf, form in forms:
            form(credential_id=credential_id, leaf_id=leaf())
        delivery(credential_id=credential_id)
        journal()

    return insert


# The neighbours


def visit(worker: str, seconds: str) -> dict[str, Any]:
    """Pages of another organisation's credentials, through the whole application, with and without a list
    being worked off.

    In turns of a second, for which the worker goes on or is stopped: whatever else this machine does in
    these seconds, it does to both.
    """
    from django.core.cache import cache

    from bench.pages import visitor
    from cairn_server.issuing.models import Credential

    found = Credential.objects.filter(organisation__name="The Neighbours").values_list("public_id", flat=True)
    addresses = [f"/c/{public_id}" for public_id in found]
    go = visitor()
    for address in addresses:
        go(address)
    times: dict[int, list[float]] = {signal.SIGSTOP: [], signal.SIGCONT: []}
    rows = Credential.objects.filter(batch__isnull=False)
    while not rows.exists():
        time.sleep(0.1)  # until its first chunk is stored the worker only warms up
    had = rows.count()
    for turn in range(int(seconds)):
        order = (signal.SIGSTOP, signal.SIGCONT)[turn % 2]
        os.kill(int(worker), order)
        time.sleep(0.2)  # what the database was told before is done by then
        until = time.perf_counter() + 1
        while time.perf_counter() < until:
            cache.clear()  # judged anew each time, as by somebody who was not there before
            began = time.perf_counter()
            status, _body = go(addresses[len(times[order]) % len(addresses)])
            times[order].append(time.perf_counter() - began)
            assert status == "200 OK", status
    issued = rows.count() - had
    assert issued, "nothing was issued meanwhile"
    alone, during = (quantiles(times[order], n=100) for order in (signal.SIGSTOP, signal.SIGCONT))
    return {
        "p99_alone_ms": round(alone[98] * 1000, 2),
        "p99_while_issuing_ms": round(during[98] * 1000, 2),
        "ratio": round(alone[98] / during[98], 3),
        "median_ratio": round(alone[49] / during[49], 3),
        "pages": [len(each) for each in times.values()],
        "issued": issued,
    }


# Revoking


def revoke(count: str) -> dict[str, Any]:
    """One request, the background work, and then what a verifier sees in the lists that are served."""
    from cairn import status
    from cairn.canonical import parse_json
    from cairn_server.issuing import standing, status_lists
    from cairn_server.issuing.models import Batch, Credential, LifePolicy, Purpose, StatusList

    owner, version = _guild()
    LifePolicy.objects.update_or_create(
        organisation=version.organisation, defaults={"approve_above": 2 * int(count)}
    )
    credentials = Credential.objects.filter(batch=Batch.objects.get())
    began = time.perf_counter()
    standing.change_many(
        organisation=version.organisation,
        credentials=credentials,
        to=Credential.Standing.REVOKED,
        by=owner,
        reason="Issued in error",
        at=now(),
    )
    requested = time.perf_counter() - began
    lists = list(StatusList.objects.filter(credentials__batch__isnull=False).distinct())
    while True:
        standing.work_off(at=now())
        seen = 0
        for each in lists:
            newest = status_lists.newest(each, Purpose.REVOCATION)
            assert newest is not None
            encoded = parse_json(bytes(newest.secured))["credentialSubject"]["encodedList"]
            bits = status.StatusList.decode(encoded)
            seen += sum(
                bits.get(index)
                for index in credentials.filter(status_list=each).values_list("status_index", flat=True)
            )
        if seen == int(count):
            break
        if time.perf_counter() - began > 600:
            raise AssertionError(f"after ten minutes the lists show {seen} of {count}")
    return {
        "revocations": int(count),
        "seconds": round(time.perf_counter() - began, 1),
        "request_seconds": round(requested, 1),
        "per_second": round(int(count) / (time.perf_counter() - began), 1),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
