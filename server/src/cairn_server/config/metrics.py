# SPDX-License-Identifier: Apache-2.0
"""Figures for Prometheus: how much waits, for how long, and whether what everything hangs on is there.

Counted when somebody looks, from the database, so every process gives the same answer; only the times of
requests and of the signer are those of the process that is asked. No figure names an organisation, a person
or an address: its labels are words of this program. docs/operators-guide.md says which mistake each shows.
"""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, F, Min, Sum
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from cairn_server.api import problems
from cairn_server.config import signer
from cairn_server.earning.notices import Notice
from cairn_server.issuing.models import Batch, BatchChunk, Credential, Delivery, StatusList, StatusListVersion
from cairn_server.journal.models import Head
from cairn_server.organisations.keys import SignerUnavailable
from cairn_server.webhooks.models import Endpoint, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from cairn_server.organisations.keys.orders import Order, Signing

REGISTRY = CollectorRegistry()
HTTP_SECONDS = Histogram(
    "cairn_http_seconds",
    "Time to answer a request, by the name of its route",
    ["route", "method", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
SIGNER_SECONDS = Histogram(
    "cairn_signer_seconds",
    "Time of one order to the signer, of up to a thousand signatures",
    ["purpose"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60),
    registry=REGISTRY,
)
SIGNER_AWAY = Counter("cairn_signer_away", "Orders that no signer answered", registry=REGISTRY)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measured:
    """Middleware, around everything else: how long an answer took, by its route and never by its path."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        HTTP_SECONDS.labels(
            (match.view_name if match is not None else "") or "none",
            request.method if request.method in METHODS else "other",
            f"{response.status_code // 100}xx",
        ).observe(time.perf_counter() - begun)
        return response


class MeasuredSigning:
    """Whoever signs, with a clock beside it."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing

    def sign(self, order: Order) -> list[bytes]:
        begun = time.perf_counter()
        try:
            return self._signing.sign(order)
        except SignerUnavailable:
            SIGNER_AWAY.inc()
            raise
        finally:
            SIGNER_SECONDS.labels(order.purpose).observe(time.perf_counter() - begun)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._signing, name)


class Figures(Collector):
    """What the database says now."""

    def describe(self) -> list[GaugeMetricFamily]:
        # Without it the registry would ask the database while this module is imported.
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        at = timezone.now()
        yield _one("cairn_signer_up", "Whether the signer answers on its socket", float(signer.is_running()))
        yield from _awards(at)
        yield from _post(at)
        yield from _lists(at)
        entries = Head.objects.aggregate(n=Sum("number"))["n"] or 0
        yield _one("cairn_journal_entries", "Entries in all chains of the journal", entries)


REGISTRY.register(Figures())


def _awards(at: datetime) -> Iterator[GaugeMetricFamily]:
    issued = GaugeMetricFamily("cairn_credentials_issued", "Credentials that were signed", labels=["by"])
    issued.add_metric(["list"], Batch.objects.aggregate(n=Sum("awarded"))["n"] or 0)
    singles = Credential.objects.filter(batch__isnull=True)
    issued.add_metric(["one"], singles.filter(state=Credential.State.SIGNED).count())
    yield issued
    yield _one(
        "cairn_intents_open",
        "Single awards on record that are not signed yet",
        Credential.objects.filter(state=Credential.State.INTENT).count(),
    )
    yield _by_state("cairn_batches", "Lists of recipients by state", Batch.objects.all())
    yield _by_state("cairn_chunks", "Chunks of lists by state", BatchChunk.objects.all())
    yield _one(
        "cairn_chunks_expired_leases",
        "Chunks whose worker has not been heard of",
        BatchChunk.objects.exclude(worker="").filter(lease_until__lt=at, finished_at__isnull=True).count(),
    )


def _post(at: datetime) -> Iterator[GaugeMetricFamily]:
    letters = Delivery.objects.filter(state=Delivery.State.DUE)
    # Those that wait for their reader's morning are due then, and not late before.
    more = Notice.objects.filter(state=Notice.State.DUE, due_at__lte=at)
    yield _one("cairn_letters_due", "Messages that wait to be sent", letters.count() + more.count())
    yield _oldest("cairn_letters_oldest_seconds", "Age of the oldest of them", letters, more, at=at)
    failed = [each.objects.filter(state="failed").count() for each in (Delivery, Notice)]
    yield _one("cairn_letters_failed", "Messages that were given up or came back", sum(failed))
    hooks = Message.objects.filter(state=Message.State.DUE, endpoint__state=Endpoint.State.ACTIVE)
    yield _one("cairn_webhooks_due", "Webhook messages that wait for endpoints in use", hooks.count())
    yield _oldest("cairn_webhooks_oldest_seconds", "Age of the oldest of them", hooks, at=at)
    yield _by_state("cairn_webhook_endpoints", "Webhook endpoints by state", Endpoint.objects.all())


def _lists(at: datetime) -> Iterator[GaugeMetricFamily]:
    yield _one(
        "cairn_status_lists_unpublished",
        "Status lists whose newest state is not signed yet",
        StatusList.objects.filter(published__lt=F("version")).count(),
    )
    newest = StatusListVersion.objects.filter(version=F("list__published"))
    found = newest.aggregate(since=Min("valid_from"), until=Min("valid_until"))
    if found["since"] is not None:
        yield _one(
            "cairn_status_list_oldest_seconds",
            "Time since the longest unsigned of the status lists was signed",
            (at - found["since"]).total_seconds(),
        )
        yield _one(
            "cairn_status_list_left_seconds",
            "Time until the first of the status lists expires",
            (found["until"] - at).total_seconds(),
        )


def _one(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, value=value)


def _by_state(name: str, help: str, rows: QuerySet[Any]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help, labels=["state"])
    for state, number in rows.order_by().values_list("state").annotate(n=Count("pk")):
        family.add_metric([state], number)
    return family


def _oldest(name: str, help: str, *rows: QuerySet[Any], at: datetime) -> GaugeMetricFamily:
    found = [each.aggregate(since=Min("created_at"))["since"] for each in rows]
    since = min((each for each in found if each is not None), default=None)
    return _one(name, help, (at - since).total_seconds() if since is not None else 0)


@never_cache
@csrf_exempt
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """``/metrics``, with METRICS_TOKEN; without that setting there is no such address.

    Not "only from this machine": behind a proxy on the same machine, everybody comes from there.
    """
    if not settings.METRICS_TOKEN:
        return problems.not_found()
    said = request.headers.get("Authorization", "")
    if not hmac.compare_digest(said.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4)
