# SPDX-License-Identifier: Apache-2.0
"""A request for presentations (OpenID4VP 1.0): written by us, or read from a link that somebody gave.

    by reference   openid4vp://?client_id=decentralized_identifier:<did>&request_uri=…   a signed object
    by value       openid4vp://?client_id=redirect_uri:<response_uri>&…                  everything, unsigned

Who asks is what the prefix of ``client_id`` proves. ``decentralized_identifier:`` is a signature by a key of
that DID; ``redirect_uri:`` is only that the answer goes where the name says. Whatever proves nothing to us
(no prefix, X.509, attestations) is refused: an answer to nobody in particular could be shown on to the next.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from cairn.canonical import parse_json
from cairn.did import DidDocument, did_web_url, document_for
from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn.proof import jws
from cairn.proof.outcome import refuse_key_out_of_use
from cairn_server.presenting import dcql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn import Signer, Sources

REQUEST_TYPE: Final = "oauth-authz-req+jwt"
# To whom requests are addressed when no wallet in particular is asked (section 5.8).
ANY_WALLET: Final = "https://self-issued.me/v2"
SCHEMES: Final = ("openid4vp", "haip", "eudi-openid4vp")
_DID: Final = "decentralized_identifier:"
_REDIRECT: Final = "redirect_uri:"
LONGEST: Final = 32 * 1024
# How far two clocks may be apart.
SKEW: Final = timedelta(minutes=5)
_SUITES: Final = ["eddsa-rdfc-2022", "ecdsa-rdfc-2019", "eddsa-jcs-2022", "ecdsa-jcs-2019", "ecdsa-sd-2023"]
_ALGORITHMS: Final = ["EdDSA", "Ed25519", "ES256", "ES384"]
VP_FORMATS: Final = {
    dcql.LDP: {"proof_type_values": ["DataIntegrityProof"], "cryptosuite_values": _SUITES},
    dcql.JWT: {"alg_values": _ALGORITHMS},
    dcql.SD_JWT_VC: {"sd-jwt_alg_values": _ALGORITHMS, "kb-jwt_alg_values": _ALGORITHMS},
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, by whom, and where the answer goes."""

    client_id: str
    response_uri: str
    nonce: str
    state: str
    query: Mapping[str, Any]
    client_name: str = ""

    def claims(self) -> dict[str, Any]:
        """The parameters (section 5.1). Never a ``redirect_uri`` beside ``response_uri`` (section 8.2)."""
        metadata: dict[str, Any] = {"vp_formats_supported": VP_FORMATS}
        if self.client_name:
            metadata["client_name"] = self.client_name
        return {
            "response_type": "vp_token",
            "response_mode": "direct_post",
            "client_id": self.client_id,
            "response_uri": self.response_uri,
            "nonce": self.nonce,
            "state": self.state,
            "dcql_query": dict(self.query),
            "client_metadata": metadata,
        }

    @property
    def domain(self) -> str:
        """Who gets the answer, by the one name that nobody can borrow: where it is sent."""
        return urlsplit(self.response_uri).netloc

    @property
    def is_signed(self) -> bool:
        return self.client_id.startswith(_DID)


def client_of(did: str) -> str:
    return _DID + did


def client_at(response_uri: str) -> str:
    return _REDIRECT + response_uri


def by_value(request: Request) -> str:
    """The whole request in a link; a wallet can believe it as far as it believes the address in it."""
    said = {
        name: json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else value
        for name, value in request.claims().items()
    }
    return f"openid4vp://?{urlencode(said)}"


def by_reference(client_id: str, request_uri: str) -> str:
    return "openid4vp://?" + urlencode(
        {"client_id": client_id, "request_uri": request_uri, "request_uri_method": "post"}
    )


def sign(
    request: Request, signer: Signer, *, kid: str, at: datetime, until: datetime, wallet_nonce: str = ""
) -> str:
    """The request object (RFC 9101, section 5.10 on the wallet's own nonce)."""
    claims = {
        **request.claims(),
        "aud": ANY_WALLET,
        "iat": int(at.timestamp()),
        "exp": int(until.timestamp()),
    }
    if wallet_nonce:
        claims["wallet_nonce"] = wallet_nonce
    return jws.sign({"typ": REQUEST_TYPE, "kid": kid}, claims, signer)


# Reading a request of somebody else


def read_link(link: str, *, sources: Sources, at: datetime) -> Request:
    """The request that a link is or names. ``sources`` are asked for the object and for the asker's keys.

    ``MalformedError`` for what is no such request, ``UnsupportedError`` for what we cannot answer,
    ``UnavailableError`` when what the link names cannot be had.
    """
    said = _parameters(link)
    if "request_uri" not in said and "request" not in said:
        return _checked(_with_objects(said), signed_by=None)
    if "request_uri" in said and "request" in said:
        raise _malformed("it names its request twice")
    token = said.get("request") or _fetched(said["request_uri"], sources)
    return _read_object(token, client_id=said.get("client_id", ""), sources=sources, at=at)


def _parameters(link: str) -> dict[str, str]:
    if len(link) > LONGEST:
        raise _malformed("it is too long")
    address = urlsplit(link.strip())
    if address.scheme not in (*SCHEMES, "https"):
        raise _malformed("it does not begin with openid4vp:")
    pairs = parse_qsl(address.query, keep_blank_values=True)
    said = dict(pairs)
    if len(said) != len(pairs):
        raise _malformed("it says something twice")
    return said


def _with_objects(said: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = dict(said)
    for name in ("dcql_query", "client_metadata"):
        if name in said:
            found[name] = parse_json(said[name].encode())
    return found


def _fetched(request_uri: str, sources: Sources) -> str:
    """Through the guarded sources alone: the address is a stranger's (B88 to B101)."""
    body = sources.fetch(request_uri, accept=f"application/{REQUEST_TYPE}", limit=LONGEST)
    try:
        return body.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise _malformed("what is there is no token") from error


def _read_object(token: str, *, client_id: str, sources: Sources, at: datetime) -> Request:
    parts = jws.split(token)
    if not jws.is_type(parts.header.get("typ"), REQUEST_TYPE):
        raise _malformed(f"typ is not {REQUEST_TYPE}")
    # The link is what was believed so far: it may not name one asker and lead to another (section 5.10.4).
    if parts.payload.get("client_id") != client_id:
        raise MalformedError("request-client", "The link and the request name different askers.")
    if not client_id.startswith(_DID):
        raise UnsupportedError("request-client-id", "We cannot tell who asks: no DID signed this request.")
    did = client_id.removeprefix(_DID)
    _verify(parts, did, sources, at=at)
    _require_current(parts.payload, at=at)
    if parts.payload.get("aud", ANY_WALLET) != ANY_WALLET:
        raise MalformedError("request-audience", "The request is for another wallet.")
    return _checked(dict(parts.payload), signed_by=did)


def _verify(parts: jws.Jws, did: str, sources: Sources, *, at: datetime) -> None:
    kid = parts.header.get("kid")
    if not isinstance(kid, str) or kid.partition("#")[0] not in ("", did):
        raise MalformedError("request-key", "The key that signed the request is not the asker's.")
    name = f"{did}#{kid.partition('#')[2]}"
    # Any key that the document describes (section 5.9.3): what it may be used for else does not matter here.
    method = next((each for each in _document(did, sources).methods if each.id == name), None)
    if method is None:
        raise MalformedError("request-key", "The key that signed the request is not the asker's.")
    refuse_key_out_of_use(method, signed_at=None, at=at)
    jws.verify(parts, method.public_key)


def _document(did: str, sources: Sources) -> DidDocument:
    if did.startswith(("did:key:", "did:jwk:")):
        return document_for(did)
    if not did.startswith("did:web:"):
        raise UnsupportedError("request-client-id", "We cannot look up the keys of who asks.")
    url = did_web_url(did)
    body = sources.fetch(url, accept="application/did+json, application/json", limit=LONGEST)
    try:
        return DidDocument.read(parse_json(body), expected_id=did)
    except CairnError as error:
        raise UnavailableError("issuer-document", "The keys of who asks cannot be read.") from error


def _require_current(claims: Mapping[str, Any], *, at: datetime) -> None:
    if "exp" in claims and datetime.fromtimestamp(claims["exp"], UTC) < at - SKEW:
        raise MalformedError("request-over", "This request is over.")
    if "iat" in claims and datetime.fromtimestamp(claims["iat"], UTC) > at + SKEW:
        raise MalformedError("request-over", "This request is not from now.")


def _checked(said: Mapping[str, Any], *, signed_by: str | None) -> Request:
    if said.get("response_type") != "vp_token":
        raise UnsupportedError("request-unsupported", "It asks for something else than presentations.")
    if said.get("response_mode") != "direct_post":
        raise UnsupportedError("request-unsupported", "It wants its answer in a way that we do not speak.")
    if "transaction_data" in said:
        # Whoever signed without showing what it is would agree to what they have not read.
        raise UnsupportedError("request-unsupported", "It wants more signed than what is shown.")
    if "redirect_uri" in said:
        raise _malformed("it has a redirect_uri beside its response_uri")
    texts = {name: said.get(name) for name in ("client_id", "response_uri", "nonce")}
    if not all(isinstance(each, str) and each for each in texts.values()):
        raise _malformed("client_id, response_uri or nonce is missing")
    client_id, response_uri = str(texts["client_id"]), str(texts["response_uri"])
    if signed_by is None and client_id != client_at(response_uri):
        # Unsigned, anybody could have written any name: only the address of the answer proves itself.
        raise MalformedError("request-client", "Its answer would go elsewhere than to who asks.")
    metadata = said.get("client_metadata")
    name = metadata.get("client_name") if isinstance(metadata, dict) else None
    state = said.get("state", "")
    query = said.get("dcql_query")
    dcql.read(query)
    return Request(
        client_id=client_id,
        response_uri=response_uri,
        nonce=str(texts["nonce"]),
        state=state if isinstance(state, str) else "",
        query=query if isinstance(query, dict) else {},
        client_name=" ".join(name.split())[:120] if isinstance(name, str) else "",
    )


def _malformed(why: str) -> MalformedError:
    return MalformedError("request-malformed", f"This is not a request that we can read: {why}.")
