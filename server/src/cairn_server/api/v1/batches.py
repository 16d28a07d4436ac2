# SPDX-License-Identifier: Apache-2.0
"""Many awards at once over the API: bring a list in any form, start it, watch it, read what became of each.

The body is the list and nothing else: a JSON list of recipients, one recipient a line (NDJSON), CSV or XLSX;
what is awarded stands in the address. It is read as a stream to disk and takes the road of a list that is
brought to a page (``issuing.receiving``), so that the same rules hold and the same rows are the same awards.
A list with a problem awards nobody, unless the caller says that such recipients are left out (B117).
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from typing import IO, TYPE_CHECKING, Annotated, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Header, Query, Router, Schema, Status
from pydantic import Field

from cairn.canonical import parse_json, to_json
from cairn_server.api.ids import RandomId
from cairn_server.api.v1.awards import IDEMPOTENCY_KEY, KEY_PREFIX, published_version
from cairn_server.api.v1.paging import Paging, Strict, page, public_url
from cairn_server.api.v1.tokens import needs, token_of
from cairn_server.errors import Refusal
from cairn_server.issuing import batches, receiving
from cairn_server.issuing.incoming import ListFile
from cairn_server.issuing.models import Batch, BatchRow
from cairn_server.issuing.services import RequestKeyReused
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.organisations.models import ApiToken

router = Router()

JSON = "application/json"
LINES = "application/x-ndjson"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = (JSON, LINES, CSV, XLSX)

# A JSON list is parsed as a whole; longer ones are sent line by line.
MAX_JSON_BYTES = 2 * 1024 * 1024
# Up to this size the answer waits for the check, and has a result for each recipient.
AT_ONCE_BYTES = 4 * 1024 * 1024
MOST_ERRORS = 1_000
_PIECE = 1 << 16


class Counts(Schema):
    """Rows by what became of them; ``problems`` are those that are no rows yet, because of what they say."""

    total: int
    waiting: int
    awarded: int
    already: int
    failed: int
    mended: int
    cancelled: int
    problems: int


class BatchOut(Schema):
    """A list. ``same_list_as`` is an earlier one of the very same bytes, for the same achievement."""

    id: str
    state: str
    achievement: str
    name: str
    sha256: str
    counts: Counts
    problem: dict[str, Any] | None
    same_list_as: str | None
    created_at: datetime
    begun_at: datetime | None
    finished_at: datetime | None
    release_at: datetime | None
    released_at: datetime | None

    @staticmethod
    def resolve_id(batch: Batch) -> str:
        return batch.public_id

    @staticmethod
    def resolve_achievement(batch: Batch) -> str:
        return batch.version.public_id

    @staticmethod
    def resolve_name(batch: Batch) -> str:
        return batch.source_name

    @staticmethod
    def resolve_sha256(batch: Batch) -> str:
        return batch.list_sha256

    @staticmethod
    def resolve_counts(batch: Batch) -> dict[str, int]:
        counts = {name: getattr(batch, name) for name in Counts.model_fields if name != "problems"}
        file = _file_of(batch)
        unkept = max(0, file.bad - receiving.MOST_PROBLEMS) if file is not None else 0
        return {**counts, "problems": batch.problems.count() + unkept}

    @staticmethod
    def resolve_problem(batch: Batch) -> dict[str, Any] | None:
        file = _file_of(batch)
        fatal = file.fatal_problem if file is not None else None
        return None if fatal is None else {"line": fatal.line, "code": fatal.code, "detail": fatal.sentence}

    @staticmethod
    def resolve_same_list_as(batch: Batch) -> str | None:
        if not batch.list_sha256:
            return None
        found = (
            Batch.objects.filter(
                organisation=batch.organisation_id,
                version=batch.version_id,
                list_sha256=batch.list_sha256,
                pk__lt=batch.pk,
            )
            .exclude(state__in=[Batch.State.RECEIVED, Batch.State.CHECKED, Batch.State.CANCELLED])
            .order_by("-pk")
            .first()
        )
        return found.public_id if found is not None else None


class BatchPage(Schema):
    items: list[BatchOut]
    next: str | None


class BatchFilters(Paging):
    state: Annotated[str | None, Field(max_length=20, description="One state of a list")] = None


class ListWishes(Strict):
    achievement: Annotated[RandomId, Field(description="Id of a published achievement version")]
    name: Annotated[str, Field(max_length=200, description="What the list is called, for people")] = ""
    leave_out: Annotated[
        bool, Field(description="Award the others when some recipients have problems; else nobody is awarded")
    ] = False


class StartIn(Strict):
    leave_out: bool = False


_RESULT = {
    "type": "object",
    "required": ["line", "state"],
    "properties": {
        "line": {"type": "integer", "description": "Its place in what was sent, as people count"},
        "state": {"enum": ["waiting", "awarded", "already", "failed", "mended", "cancelled", "problem"]},
        "award": {"type": "string", "description": "The id of the award"},
        "url": {"type": "string"},
        "problems": {"type": "array", "items": {"type": "object"}},
    },
}


@router.get(
    "/batches",
    response=BatchPage,
    **needs(Scope.AWARDS_READ),
    summary="List batches, newest first",
    operation_id="listBatches",
)
def list_batches(request: HttpRequest, filters: Query[BatchFilters]) -> dict[str, Any]:
    rows = batches_of(token_of(request))
    wanted = rows if filters.state is None else rows.filter(state=filters.state)
    items, following = page(rows, wanted, filters, newest_by="created_at")
    return {"items": items, "next": following}


@router.post(
    "/batches",
    response={200: BatchOut, 201: BatchOut, 202: BatchOut},
    auth=needs(Scope.AWARDS_WRITE)["auth"],
    summary="Award to a list of recipients",
    description=(
        "The body is the list: a JSON list of recipients (2 MiB), one recipient a line, CSV, or XLSX. A "
        "recipient has `email`, `name` and what the columns of a list can say. Send a fresh Idempotency-Key "
        "with each list: the same key with the same list answers 200 and starts nothing anew.\n\n"
        "A list of up to 4 MiB is checked at once (201). When it was sent line by line, the answer is a line "
        "with the result of each recipient, and the batch as the last line. A longer one is checked in the "
        "background (202) and starts by itself when nothing is wrong with it.\n\n"
        "If a recipient has a problem nobody is awarded, unless `leave_out` is true."
    ),
    operation_id="createBatch",
    openapi_extra={
        "x-scope": Scope.AWARDS_WRITE.value,
        "responses": {201: {"content": {LINES: {"schema": _RESULT}}}},
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": {"type": "array", "items": {"type": "object"}}},
                **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES[1:]},
            },
        },
    },
)
def create_batch(
    request: HttpRequest,
    wishes: Query[ListWishes],
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key")],
) -> Any:
    token = token_of(request)
    if IDEMPOTENCY_KEY.fullmatch(idempotency_key) is None:
        detail = _("An Idempotency-Key has 1 to 80 visible ASCII characters.")
        raise Refusal("idempotency-key", detail, status=400)
    version = published_version(token, wishes.achievement)
    with tempfile.TemporaryFile() as content:
        _keep_body(request, content)
        before, file = _received(
            content, version=version, wishes=wishes, token=token, request_key=KEY_PREFIX + idempotency_key
        )
    if before:
        return Status(200, _fresh(token, file))
    receiving.choose(file, by=token.created_by)
    if file.size > AT_ONCE_BYTES:
        ListFile.objects.filter(pk=file.pk).update(starts_itself=True, leaves_out=wishes.leave_out)
        return Status(202, _fresh(token, file))
    receiving.check(file, at=timezone.now())
    batch = _fresh(token, file)
    refused = _started(batch, token, leave_out=wishes.leave_out)
    if request.content_type == LINES:
        return _line_by_line(request, token, batch, refused)
    if refused is not None:
        raise refused
    return Status(201, _fresh(token, file))


class ListRefused(Refusal):
    """Nobody was awarded and nothing was kept; ``problems`` says why, recipient by recipient."""

    def __init__(self, refusal: Refusal, problems: list[dict[str, Any]]) -> None:
        super().__init__(refusal.code, refusal.message, status=422)
        self.problems = problems


def _keep_body(request: HttpRequest, content: IO[bytes]) -> None:
    """The body on disk, as lines where it was a JSON list."""
    if (
        request.content_type not in MEDIA_TYPES
        or request.headers.get("Content-Encoding", "identity") != "identity"
    ):
        detail = _("Send one of these, without compression: %s.") % ", ".join(MEDIA_TYPES)
        raise Refusal("media-type", detail, status=415)
    most = MAX_JSON_BYTES if request.content_type == JSON else settings.LIST_MAX_MB * 1_000_000
    size = 0
    while piece := request.read(_PIECE):
        size += len(piece)
        if size > most:
            detail = _("The body may have at most %d bytes.") % most
            raise Refusal("limit-size", detail, status=413)
        content.write(piece)
    if request.content_type == JSON:
        content.seek(0)
        recipients = _listed(content.read())
        content.seek(0)
        content.truncate()
        content.writelines(to_json(each) + b"\n" for each in recipients)


def _listed(body: bytes) -> list[dict[str, Any]]:
    """The members of a JSON list. The strict parser reads objects, so the list is made a member of one."""
    found = parse_json(b'{"list":' + body + b"}")
    # Nothing but a list leaves this object with one member that is one.
    recipients = found.get("list")
    if (
        set(found) != {"list"}
        or not isinstance(recipients, list)
        or not all(isinstance(each, dict) for each in recipients)
    ):
        raise Refusal("json-not-list", _("Send a list of recipients."), status=400)
    return recipients


def _received(
    content: IO[bytes], *, version: AchievementVersion, wishes: ListWishes, token: ApiToken, request_key: str
) -> tuple[bool, ListFile]:
    """The list under this key, and whether it was there before."""
    before = _before(token, request_key, version, content)
    if before is not None:
        return True, before
    try:
        with transaction.atomic():
            return False, receiving.receive(
                by=token.created_by,
                version=version,
                name=wishes.name,
                content=content,  # type: ignore[arg-type]
                most_rows=settings.LIST_MAX_ROWS,
                at=timezone.now(),
                request_key=request_key,
            )
    except IntegrityError:
        # Of two requests with one key at the same moment, the other one was first.
        other = _before(token, request_key, version, content)
        if other is None:
            raise
        return True, other


def _before(
    token: ApiToken, request_key: str, version: AchievementVersion, content: IO[bytes]
) -> ListFile | None:
    found = (
        ListFile.objects.filter(organisation=token.organisation, request_key=request_key)
        .select_related("batch")
        .first()
    )
    if found is None:
        return None
    sha256 = receiving.digest_of(content)  # type: ignore[arg-type]
    if (found.sha256, found.batch.version_id) != (sha256, version.pk):
        raise RequestKeyReused
    return found


def _started(batch: Batch, token: ApiToken, *, leave_out: bool) -> ListRefused | None:
    """Start what was checked. What cannot be is discarded, so that its key is free for the mended list."""
    file = _file_of(batch)
    fatal = file.fatal_problem if file is not None else None
    at = timezone.now()
    try:
        if fatal is not None:
            raise receiving.ListUnreadable(fatal)
        receiving.accept(batch, by=token.created_by, leave_out=leave_out, at=at)
    except (receiving.ListUnreadable, batches.ListHasProblems, batches.NobodyToAward) as refusal:
        problems = _problems_of(batch)
        if not isinstance(refusal, batches.NobodyToAward):
            receiving.discard(batch, by=token.created_by, at=at)
            return ListRefused(refusal, problems)
        # Everybody has it: no mistake of the caller's. The list is kept for a week, as what was brought.
    return None


def _problems_of(batch: Batch) -> list[dict[str, Any]]:
    return [
        {
            "in": "body",
            "line": problem.line,
            "field": problem.column,
            "code": problem.code,
            "detail": problem.rule,
        }
        for kept in batch.problems.all()[:MOST_ERRORS]
        for problem in kept.told()
    ]


def _line_by_line(
    request: HttpRequest, token: ApiToken, batch: Batch, refused: ListRefused | None
) -> StreamingHttpResponse:
    """A line for each recipient, in the order of their lines, and the batch or the refusal at the end."""

    def lines() -> Iterator[bytes]:
        if refused is None:
            yield from result_lines(batch, public_url(request))
            batch.refresh_from_db()
            counts = BatchOut.resolve_counts(batch)
            yield to_json({"batch": batch.public_id, "state": batch.state, "counts": counts}) + b"\n"
            return
        for line, problems in _by_line(refused.problems):
            yield to_json({"line": line, "state": "problem", "problems": problems}) + b"\n"
        yield to_json({"problem": {"code": refused.code, "detail": str(refused.message)}}) + b"\n"

    response = StreamingHttpResponse(lines(), status=201 if refused is None else 422, content_type=LINES)
    response["Cache-Control"] = "no-store"
    return response


def _by_line(problems: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for each in problems:
        found.setdefault(each["line"], []).append({name: each[name] for name in ("field", "code", "detail")})
    yield from sorted(found.items())


@router.get(
    "/batches/{random_id:batch_id}",
    response=BatchOut,
    **needs(Scope.AWARDS_READ),
    summary="Read a batch",
    operation_id="getBatch",
)
def get_batch(request: HttpRequest, batch_id: RandomId) -> Batch:
    return get_object_or_404(batches_of(token_of(request)), public_id=batch_id)


@router.get(
    "/batches/{random_id:batch_id}/results",
    auth=needs(Scope.AWARDS_READ)["auth"],
    summary="What became of each recipient, one a line",
    operation_id="listBatchResults",
    openapi_extra={
        "x-scope": Scope.AWARDS_READ.value,
        "responses": {200: {"content": {LINES: {"schema": _RESULT}}}},
    },
)
def list_batch_results(request: HttpRequest, batch_id: RandomId) -> StreamingHttpResponse:
    batch = get_object_or_404(batches_of(token_of(request)), public_id=batch_id)
    response = StreamingHttpResponse(result_lines(batch, public_url(request)), content_type=LINES)
    response["Cache-Control"] = "no-store"
    return response


def result_lines(batch: Batch, public_url: str) -> Iterator[bytes]:
    """Every recipient as it stands now; those with problems come after the others."""
    for row, state, credential in batches.outcomes(batch):
        line: dict[str, Any] = {"line": row.values.get("line", row.number), "state": str(state)}
        if credential is not None:
            line |= {"award": credential, "url": f"{public_url}/c/{credential}"}
        if state == BatchRow.State.FAILED:
            line["problems"] = [{"code": "award-refused", "detail": row.problem}]
        yield to_json(line) + b"\n"
    for kept in batch.problems.iterator():
        problems = [
            {"field": problem.column, "code": problem.code, "detail": problem.rule} for problem in kept.told()
        ]
        yield to_json({"line": kept.line, "state": "problem", "problems": problems}) + b"\n"


@router.post(
    "/batches/{random_id:batch_id}/start",
    response=BatchOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Start a list that was checked",
    operation_id="startBatch",
)
def start_batch(request: HttpRequest, batch_id: RandomId, body: StartIn) -> Batch:
    token = token_of(request)
    batch = get_object_or_404(batches_of(token), public_id=batch_id)
    receiving.accept(batch, by=token.created_by, leave_out=body.leave_out, at=timezone.now())
    return get_object_or_404(batches_of(token), public_id=batch_id)


@router.post(
    "/batches/{random_id:batch_id}/pause",
    response=BatchOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Begin nothing more of a list for now",
    operation_id="pauseBatch",
)
def pause_batch(request: HttpRequest, batch_id: RandomId) -> Batch:
    return _change(request, batch_id, batches.pause)


@router.post(
    "/batches/{random_id:batch_id}/resume",
    response=BatchOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Go on with a list that was paused",
    operation_id="resumeBatch",
)
def resume_batch(request: HttpRequest, batch_id: RandomId) -> Batch:
    return _change(request, batch_id, batches.resume)


@router.post(
    "/batches/{random_id:batch_id}/cancel",
    response=BatchOut,
    **needs(Scope.AWARDS_WRITE),
    summary="Sign nothing more of a list; what is signed stays",
    operation_id="cancelBatch",
)
def cancel_batch(request: HttpRequest, batch_id: RandomId) -> Batch:
    return _change(request, batch_id, batches.cancel)


def _change(request: HttpRequest, batch_id: str, verb: Callable[..., object]) -> Batch:
    token = token_of(request)
    batch = get_object_or_404(batches_of(token), public_id=batch_id)
    verb(batch, by=token.created_by, at=timezone.now())
    return get_object_or_404(batches_of(token), public_id=batch_id)


def batches_of(token: ApiToken) -> QuerySet[Batch]:
    """The lists of the token's organisation, as far as its person may see them (B135)."""
    return (
        Batch.objects.visible_to(token.created_by)
        .filter(organisation=token.organisation)
        .select_related("version__achievement", "organisation")
    )


def _fresh(token: ApiToken, file: ListFile) -> Batch:
    return batches_of(token).get(pk=file.batch_id)


def _file_of(batch: Batch) -> ListFile | None:
    return ListFile.objects.filter(batch=batch).first()
