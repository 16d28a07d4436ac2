# SPDX-License-Identifier: Apache-2.0
"""The second step: ``gather`` asks for what judging needs, and is the only one to touch the world.

What comes back is everything that a judgement may lean on. It can be kept and judged again, offline, years
later, with the same result.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from cairn import legacy
from cairn.canonical import parse_json, to_json
from cairn.credential import format_datetime, parse_datetime
from cairn.credential.address import is_web, well_known
from cairn.did import OWN_KEYS, did_web_url, did_webvh_urls
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.late import draft_of, new
from cairn.parts import unfold
from cairn.plain import is_plain, known_of
from cairn.proof import cose, jose, sd_jwt
from cairn.proof.data_integrity import MAX_PROOFS
from cairn.reading import COSE, EMBEDDED, SD_JWT, SD_JWT_VC, TOKEN, Unverified, open_credential, read
from cairn.status import TokenStatus, has_suspension_twin, is_revocation_list, suspension_url
from cairn.webvh import needs_witnesses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    # What a check that is not asked of every credential needs besides: addresses of JSON documents, and
    # credentials that its caller has, whose own keys and lists are then asked for.
    AlsoAsked = Callable[[Unverified], Iterable[str | Unverified]]

# One upload may make us ask for this much and no more (B83, B99).
MAX_FETCHES = 8
MAX_FETCHES_TOGETHER = 32  # with everything that is inside it: docs/decisions/0010-parts-share-a-budget.md
MAX_STATUS_ENTRIES = 4
MAX_KEY_URLS = 2
MAX_DOCUMENT = 256 * 1024
MAX_HISTORY = 1024 * 1024
MAX_STATUS_LIST = 4 * 1024 * 1024
MAX_OLD_PAGE = 1024 * 1024  # with the pictures that old badges have inside

# For an address that somebody brings in place of a credential: the credential itself, then what may hold one.
ACCEPT_CREDENTIAL = (
    "application/vc, application/vc+jwt, application/ld+json;q=0.9, application/json;q=0.8,"
    " image/*;q=0.5, application/pdf;q=0.5"
)
ACCEPT_DOCUMENT = "application/did+json, application/did+ld+json;q=0.9, application/json;q=0.8"
ACCEPT_METADATA = "application/json"
ACCEPT_HISTORY = "text/jsonl, application/jsonl;q=0.9, application/json;q=0.8"
ACCEPT_KEYS = "application/jwk-set+json, application/json;q=0.9"
ACCEPT_KEY = "application/jwk+json, application/json;q=0.9, application/ld+json;q=0.8"
ACCEPT_LIST = "application/vc, application/vc+jwt;q=0.9, application/json;q=0.8"
# Without the words for JSON many hosts of old badges answer with a page for people.
ACCEPT_OLD_PAGE = "application/ld+json, application/json;q=0.9, */*;q=0.1"
ACCEPT_STATUS_TOKEN = "application/statuslist+jwt"  # noqa: S105 - a media type


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why a resource could not be had."""

    code: str
    message: str


class Sources(Protocol):
    """Where the world is asked. ``fetch`` returns the body or raises ``UnavailableError``, nothing else."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes: ...


class NoSources:
    """For those who stay offline: nothing is looked at, and each finding says so."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        raise UnavailableError("offline", "We did not look, because you asked us to stay offline.")


class GivenSources:
    """What the caller has at hand already, by address; ``world`` is asked for everything else."""

    def __init__(self, given: Mapping[str, bytes], world: Sources) -> None:
        self._given = dict(given)
        self._world = world

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        if url not in self._given:
            return self._world.fetch(url, accept=accept, limit=limit)
        body = self._given[url]
        if len(body) > limit:
            raise UnavailableError("unreachable", "What was given for this address is larger than is read.")
        return body


@dataclass(frozen=True, slots=True)
class Materials:
    """Everything a judgement leans on: the credential, and what its addresses answered at one time."""

    credential: Unverified
    resources: Mapping[str, bytes | Unavailable]
    gathered_at: datetime
    by_itself: bool = True
    """Whether it is what somebody brought, and not something that was found in it."""
    earlier: Materials | None = None
    """What the caller has kept from looking at the same credential before."""

    def resource(self, url: str) -> bytes:
        """What the address answered; ``UnavailableError`` with the recorded reason otherwise."""
        found = self.resources.get(url)
        if found is None:
            raise UnavailableError("not-gathered", "It was not asked for when the materials were gathered.")
        if isinstance(found, Unavailable):
            raise UnavailableError(found.code, found.message)
        return found

    @property
    def unverified_issuer(self) -> str | None:
        """Who is said to have issued it; of an old badge, whom its pages lead to."""
        old = old_badge(self.credential, self.resource, self.gathered_at)
        if old is None or self.credential.format not in legacy.FORMATS:
            return self.credential.unverified_issuer
        return legacy.issuer_id(old)

    def about(self, credential: Unverified) -> Materials:
        """The same world, for judging another credential that was found in it."""
        before = None if self.earlier is None else self.earlier.about(credential)
        return Materials(credential, self.resources, self.gathered_at, by_itself=False, earlier=before)

    def with_earlier(self, earlier: Materials) -> Materials:
        """These materials beside some that the caller has kept: the oldest of them count.

        They prove to who kept them that the credential existed at that time, which no signer can choose, and
        which keys its issuer listed then. Nothing in them protects them, so never take a stranger's.
        """
        before = earlier.earlier or earlier
        if before.credential.sha256 != self.credential.sha256:
            raise MalformedError("materials", "The earlier materials are about another credential.")
        if before.gathered_at > self.gathered_at:
            raise MalformedError("materials", "The earlier materials are later than these.")
        return replace(self, earlier=replace(before, earlier=None))

    def to_json(self) -> bytes:
        """Everything, as one JSON document that ``from_json`` reads back."""
        return to_json(
            {
                "type": "CairnMaterials",
                "version": 1,
                "gatheredAt": format_datetime(self.gathered_at),
                "carrier": self.credential.carrier,
                "size": self.credential.size,
                "credential": b64encode(self.credential.unverified_bytes).decode("ascii"),
                "resources": {url: _write_resource(found) for url, found in sorted(self.resources.items())},
                **({} if self.earlier is None else {"earlier": parse_json(self.earlier.to_json())}),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Materials:
        """Read kept materials; ``MalformedError`` when they are something else."""
        kept = parse_json(data)
        if kept.get("type") != "CairnMaterials" or kept.get("version") != 1:
            raise MalformedError("materials", "This is not a file of gathered materials.")
        try:
            credential = open_credential(
                b64decode(kept["credential"], validate=True), kept["carrier"], kept["size"]
            )
            resources = {url: _read_resource(found) for url, found in kept["resources"].items()}
            found = cls(credential, MappingProxyType(resources), parse_datetime(kept["gatheredAt"]))
            return found.with_earlier(cls.from_json(to_json(kept["earlier"]))) if "earlier" in kept else found
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MalformedError("materials", "The file of gathered materials is damaged.") from error


def gather(
    credential: Unverified, sources: Sources, *, at: datetime, also: Sequence[AlsoAsked] = ()
) -> Materials:
    """Ask for what judging needs: the issuer's keys, the status lists, and the twin of a marked list.

    An address that does not answer is recorded and never raised: not being able to look is an outcome. A
    list by another issuer is not followed to its keys, because such a list decides nothing (S11).
    ``also`` names what checks beyond the usual ones need, within the same budget.

    What is inside the credential is asked about as well, after it. Each document may make us ask eight
    addresses that nobody has asked yet, all of them together 32 (B99).
    """
    asked = _Errand(sources)
    if not also and _ask_about_known(credential, asked):
        return _gathered(credential, asked, at)
    is_known = credential.shown_claims is not None or is_plain(credential)
    inside = () if is_known else unfold(credential)
    for each in (credential, *(part.credential for part in inside if part.credential is not None)):
        _ask_about(each, asked, also, at)
        for brought in (one for wanted in also for one in wanted(each) if isinstance(one, Unverified)):
            _ask_about(brought, asked, (), at)
    return _gathered(credential, asked, at)


def _gathered(credential: Unverified, asked: _Errand, at: datetime) -> Materials:
    made = new(_DRAFT)
    made.credential, made.resources, made.gathered_at = credential, MappingProxyType(asked.answers), at
    made.by_itself, made.earlier = True, None
    made.__class__ = Materials
    materials: Materials = made
    return materials


_DRAFT = draft_of(Materials)


def old_badge(
    credential: Unverified, resource: Callable[[str], bytes], gathered_at: datetime
) -> legacy.Case | None:
    """What ``legacy`` is asked about; None for credentials of today."""
    document = credential.unverified_document
    format = credential.format
    if format == EMBEDDED and legacy.has_merkle_proof(document):
        format = legacy.BLOCKCERTS_3
    elif format not in legacy.FORMATS:
        return None
    return legacy.Case(format, document, credential.token, resource, gathered_at)


def _ask_about(credential: Unverified, asked: _Errand, also: Sequence[AlsoAsked], at: datetime) -> None:
    asked.begin()
    if not also and _ask_about_known(credential, asked):
        return
    old = None if is_plain(credential) else old_badge(credential, asked.old_page, at)
    if old is not None:
        legacy.ask(old)
        if credential.format in legacy.FORMATS:
            return
    metadata = issuer_metadata_url(credential)
    if metadata is not None:
        elsewhere = key_set_of(asked.get(metadata, accept=ACCEPT_METADATA, limit=MAX_DOCUMENT))
        if elsewhere is not None:
            asked.get(elsewhere, accept=ACCEPT_KEYS, limit=MAX_DOCUMENT)
    _ask_for_history(credential.unverified_issuer, asked)
    issuer = controller_url(credential.unverified_issuer) if metadata is None else None
    if issuer is not None:
        asked.get(issuer, accept=ACCEPT_DOCUMENT, limit=MAX_DOCUMENT)
    keys = key_set_url(credential)
    if keys is not None:
        asked.get(keys, accept=ACCEPT_KEYS, limit=MAX_DOCUMENT)
    for url in key_urls(credential):
        asked.get(url, accept=ACCEPT_KEY, limit=MAX_DOCUMENT)
    for wanted in also:
        for address in wanted(credential):
            if isinstance(address, str):
                asked.get(address, accept=ACCEPT_METADATA, limit=MAX_DOCUMENT)
    if credential.format == SD_JWT_VC:
        status = _token_status(credential.unverified_document)
        if status is not None:
            asked.get(status.uri, accept=ACCEPT_STATUS_TOKEN, limit=MAX_STATUS_LIST)
        return
    _ask_lists(credential, asked)


def _ask_about_known(credential: Unverified, asked: _Errand) -> bool:
    """Ask about a credential of which all is known that is asked about; False: there may be more."""
    known = known_of(credential)
    if known is None:
        return credential.shown_claims is not None  # its keys follow from its name, and it has no status
    plain, facts = known
    issuer = facts.issuer or ""
    # Its keys follow from its name or are in its one document, and the key of its one proof is no address.
    if issuer.startswith("did:web:"):
        url = controller_url(issuer)
        if url is not None:
            asked.get(url, accept=ACCEPT_DOCUMENT, limit=MAX_DOCUMENT)
    elif not issuer.startswith(OWN_KEYS):
        return False
    if plain.has_plain_status:
        _ask_list(facts.list_url, asked)
    elif plain.has_status:
        _ask_lists(credential, asked)
    return True


def _ask_lists(credential: Unverified, asked: _Errand) -> None:
    for url in status_list_urls(credential.unverified_document):
        _ask_list(url, asked)


def _ask_list(url: str | None, asked: _Errand) -> None:
    if url is None or not is_web(url):
        return
    answer = asked.get(url, accept=ACCEPT_LIST, limit=MAX_STATUS_LIST)
    if isinstance(answer, bytes) and _announces_twin(answer):
        asked.get(suspension_url(url), accept=ACCEPT_LIST, limit=MAX_STATUS_LIST)


def _ask_for_history(identifier: str | None, asked: _Errand) -> None:
    """The log of a did:webvh, and what its witnesses have signed if it names any."""
    urls = history_urls(identifier)
    if urls is None:
        return
    log = asked.get(urls[0], accept=ACCEPT_HISTORY, limit=MAX_HISTORY)
    if isinstance(log, bytes) and needs_witnesses(log):
        asked.get(urls[1], accept=ACCEPT_METADATA, limit=MAX_HISTORY)


def history_urls(identifier: str | None) -> tuple[str, str] | None:
    """Where the log of a did:webvh and the file of its witnesses are; None for any other identifier."""
    if identifier is None or not identifier.startswith("did:webvh:"):
        return None
    try:
        return did_webvh_urls(identifier)
    except CairnError:
        return None


def controller_url(identifier: str | None) -> str | None:
    """Where the document with somebody's keys is; None for did:key, did:jwk and methods we do not know."""
    if identifier is None:
        return None
    if is_web(identifier):
        return identifier.partition("#")[0]
    if not identifier.startswith("did:web:"):
        return None
    try:
        return did_web_url(identifier)
    except CairnError:
        return None


def key_set_url(credential: Unverified) -> str | None:
    """Where issuers of Open Badges tokens publish their keys by practice: a JWKS at their own origin (S5).

    Only the issuer's address decides; nothing in the token's header leads anywhere (B44, B45).
    """
    issuer = credential.unverified_issuer
    if credential.format not in (TOKEN, SD_JWT, COSE) or not is_web(issuer):
        return None
    address = urlsplit(str(issuer))
    return f"{address.scheme}://{address.netloc}/.well-known/jwks.json"


def key_urls(credential: Unverified) -> tuple[str, ...]:
    """Addresses of single keys that the proofs name (OB 3.0 §8.2.2), at the issuer's own origin alone.

    That is as far as a token may lead us (B44, B45); whether such a key is the issuer's is judged later.
    """
    issuer = credential.unverified_issuer
    urls = dict.fromkeys(url for url in _named_keys(credential) if is_key_url(url, issuer))
    return tuple(urls)[:MAX_KEY_URLS]


def is_key_url(url: str, issuer: str | None) -> bool:
    """Whether an address other than the issuer's own document is one where its origin may keep a key."""
    if not is_web(issuer) or not is_web(url) or "#" in url:
        return False
    ours, theirs = urlsplit(str(issuer)), urlsplit(url)
    return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc) and url != controller_url(issuer)


def _named_keys(credential: Unverified) -> list[str]:
    """What the proofs say that their keys are called."""
    found: list[object] = []
    if credential.format == TOKEN and credential.token is not None:
        parts = credential.parts()
        token = parts if isinstance(parts, jose.Token) else jose.split(credential.token)
        found.append(token.header.get("kid"))
    elif credential.format == SD_JWT and credential.token is not None:
        found.append(sd_jwt.split(credential.token).jws.header.get("kid"))
    elif credential.format == COSE:
        found.append(cose.split(credential.unverified_bytes).kid)
    proofs = credential.unverified_document.get("proof")
    for proof in (proofs if isinstance(proofs, list) else [proofs])[:MAX_PROOFS]:
        if isinstance(proof, dict):
            found.append(proof.get("verificationMethod"))
    return [name for name in found if isinstance(name, str)]


def issuer_metadata_url(credential: Unverified) -> str | None:
    """Where the issuer of an SD-JWT VC publishes its keys (SD-JWT VC §3.5), if it is no DID."""
    issuer = credential.unverified_issuer
    if credential.format != SD_JWT_VC or issuer is None or not is_web(issuer):
        return None
    if "?" in issuer or "#" in issuer:  # no identifier of an issuer has these (SD-JWT VC §2.2.2.2)
        return None
    return well_known(issuer, "jwt-vc-issuer")


def key_set_of(metadata: bytes | Unavailable) -> str | None:
    """Where else the metadata of an issuer says that its keys are."""
    # Believed only for deciding what to ask next; the judgement reads it again.
    try:
        url = parse_json(metadata).get("jwks_uri") if isinstance(metadata, bytes) else None
    except CairnError:
        return None
    return url if is_web(url) else None


def _token_status(claims: Mapping[str, Any]) -> TokenStatus | None:
    try:
        return TokenStatus.from_claims(claims)
    except CairnError:
        return None


def status_list_urls(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The different lists that the credential points to; none at all when it points to too many (B83)."""
    entries = document.get("credentialStatus", [])
    urls = [
        entry.get("id" if is_revocation_list(entry) else "statusListCredential")
        for entry in (entries if isinstance(entries, list) else [entries])
        if isinstance(entry, dict)
    ]
    different = tuple(dict.fromkeys(str(url) for url in urls if is_web(url)))
    return different if len(different) <= MAX_STATUS_ENTRIES else ()


_TOO_MANY = Unavailable("limit-fetches", "The credential makes us look in too many places.")


class _Errand:
    """Asks each address once, for whatever names it, and stops at the budget (B99)."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._asked = 0
        self._may_ask = MAX_FETCHES
        self.answers: dict[str, bytes | Unavailable] = {}

    def begin(self) -> None:
        """Another document, with a share of its own as long as there is enough for all."""
        self._may_ask = min(self._asked + MAX_FETCHES, MAX_FETCHES_TOGETHER)

    def get(self, url: str, *, accept: str, limit: int) -> bytes | Unavailable:
        answer = self.answers.get(url, _TOO_MANY)
        # What another document had no share left for, this one may have.
        if answer is _TOO_MANY:
            if self._asked < self._may_ask:
                self._asked += 1
                answer = ask(self._sources, url, accept=accept, limit=limit)
            self.answers[url] = answer
        return answer

    def old_page(self, url: str) -> bytes:
        """What an address of an old badge answers; raised when it does not."""
        found = self.get(url, accept=ACCEPT_OLD_PAGE, limit=MAX_OLD_PAGE)
        if isinstance(found, Unavailable):
            raise UnavailableError(found.code, found.message)
        return found


def ask(sources: Sources, url: str, *, accept: str, limit: int) -> bytes | Unavailable:
    """What an address answers, or why it does not; never an error."""
    try:
        answer = sources.fetch(url, accept=accept, limit=limit)
    except CairnError as error:
        return Unavailable(error.code, error.message)
    except OSError:
        # Sources written by others may let the operating system's errors through; their text could
        # tell a stranger about our network (B98).
        return Unavailable("unreachable", "The address could not be reached.")
    if len(answer) > limit:
        return Unavailable("limit-size", "The address answered with more than we read.")
    return answer


def _announces_twin(answer: bytes) -> bool:
    return (_announces_twin_again if len(answer) <= _MAX_KEPT else _announces_twin_once)(answer)


def _announces_twin_once(answer: bytes) -> bool:
    # Believed only for deciding what to ask next; the judgement reads the mark again under the signature.
    try:
        return has_suspension_twin(read(answer).unverified_document)
    except CairnError:
        return False


# Thousands of badges are on one list.
_MAX_KEPT = 256 * 1024
_announces_twin_again = lru_cache(maxsize=16)(_announces_twin_once)


def _write_resource(found: bytes | Unavailable) -> dict[str, str]:
    if isinstance(found, Unavailable):
        return {"code": found.code, "message": found.message}
    return {"body": b64encode(found).decode("ascii")}


def _read_resource(kept: Mapping[str, str]) -> bytes | Unavailable:
    if "body" in kept:
        return b64decode(kept["body"], validate=True)
    return Unavailable(kept["code"], kept["message"])
