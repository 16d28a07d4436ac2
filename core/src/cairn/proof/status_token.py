# SPDX-License-Identifier: Apache-2.0
"""The signed token around a Token Status List: ``typ: statuslist+jwt`` (Token Status List §5.1).

    sub           the address it was asked from        iat   when it was made
    status_list   bits and lst                         exp   until when it counts
                                                       ttl   seconds for which a copy may be used

Seconds here, milliseconds in the W3C's list (N18). Who signed it is settled by the caller, who knows the key
that counts: the issuer's of the token that points here (S11).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cairn.errors import MalformedError, UnavailableError
from cairn.proof import jws
from cairn.proof.outcome import CLOCK_SKEW, refuse_key_out_of_use
from cairn.status.token_list import TokenStatusList

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.did import VerificationMethod
    from cairn.keys import Signer
    from cairn.proof.jws import Jws

STATUS_TOKEN: Final = "statuslist+jwt"  # noqa: S105 - a media type
_MAX_TTL: Final = 366 * 86_400  # seconds


@dataclass(frozen=True, slots=True)
class StatusToken:
    """A status list token taken apart; nothing in it has been checked but its shape."""

    jws: Jws

    @property
    def claims(self) -> Mapping[str, Any]:
        """What it says."""
        return self.jws.payload

    @property
    def ttl(self) -> timedelta | None:
        """For how long a copy may be used, if it says so."""
        ttl = self.claims.get("ttl")
        return None if ttl is None else timedelta(seconds=ttl)


def sign(
    status_list: TokenStatusList,
    signer: Signer,
    *,
    uri: str,
    kid: str,
    at: datetime,
    expires: datetime | None = None,
    ttl: timedelta | None = None,
) -> str:
    """The list as a signed token, to be served at ``uri``."""
    payload: dict[str, Any] = {"sub": uri, "iat": int(at.timestamp())}
    if expires is not None:
        payload["exp"] = int(expires.timestamp())
    if ttl is not None:
        payload["ttl"] = int(ttl.total_seconds())
    payload["status_list"] = status_list.to_claim()
    return jws.sign({"typ": STATUS_TOKEN, "kid": kid}, payload, signer)


def split(data: bytes) -> StatusToken:
    """Take what an address answered apart; only a status list token is one (B49)."""
    try:
        text = data.strip(b" \t\r\n").decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError("status-list-type", "this is not a status list token") from error
    token = jws.split(text)
    if not jws.is_type(token.header.get("typ"), STATUS_TOKEN):
        raise MalformedError("status-list-type", "this is not a status list token")
    ttl = token.payload.get("ttl")
    if ttl is not None and (type(ttl) is not int or not 0 < ttl <= _MAX_TTL):
        raise MalformedError("status-list-ttl", "'ttl' of the status list is not a number of seconds")
    return StatusToken(token)


def check(token: StatusToken, method: VerificationMethod, *, uri: str, at: datetime) -> TokenStatusList:
    """The list, if this key signed it, for this address, and it counts at this time (§8.3, B81, B82)."""
    issued_at = jws.issued_at(token.jws, at=at)
    if issued_at is None:
        raise MalformedError("status-list-claim", "the status list does not say when it was made")
    if token.claims.get("sub") != uri:
        raise MalformedError("status-list-id", "the 'sub' of the status list is not where it was asked from")
    jws.verify(token.jws, method.public_key)
    refuse_key_out_of_use(method, signed_at=issued_at, at=at)
    if "exp" in token.claims and at - CLOCK_SKEW > datetime.fromtimestamp(token.claims["exp"], UTC):
        raise UnavailableError("status-list-stale", "The status list has expired.")
    return TokenStatusList.from_claim(token.claims.get("status_list"))
