# SPDX-License-Identifier: Apache-2.0
"""DCQL, the query language of OpenID4VP 1.0 (section 6): what is asked for, and whether this is it.

    {"credentials":     [{"id", "format", "meta", "claims"?, "claim_sets"?, "multiple"?,
                          "require_cryptographic_holder_binding"?}],
     "credential_sets": [{"options": [[id, …], …], "required"?}]?}

Types of W3C credentials are compared as the addresses they stand for, because a name means something else in
another context. What we do not know how to honour (``trusted_authorities``) is refused and not skipped:
whoever asked would believe that it was looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cairn.errors import MalformedError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

LDP: Final = "ldp_vc"
JWT: Final = "jwt_vc_json"
SD_JWT_VC: Final = "dc+sd-jwt"
FORMATS: Final = (LDP, JWT, SD_JWT_VC)

CREDENTIAL: Final = "https://www.w3.org/2018/credentials#VerifiableCredential"
OPEN_BADGE: Final = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#OpenBadgeCredential"
# Both names of OB 3.0 are one type; the names of the two contexts that badges have.
_EXPANDED: Final = {
    "VerifiableCredential": CREDENTIAL,
    "OpenBadgeCredential": OPEN_BADGE,
    "AchievementCredential": OPEN_BADGE,
    "EndorsementCredential": "https://purl.imsglobal.org/spec/vc/ob/vocab.html#EndorsementCredential",
    "ClrCredential": "https://purl.imsglobal.org/spec/vc/clr/vocab.html#ClrCredential",
}

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
MOST_CREDENTIALS: Final = 20
MOST_CLAIMS: Final = 50
_LONGEST_PATH: Final = 20

# From the top to a claim: a member, an index, or None for every element of a list (section 7).
Path = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim that is asked for, and the values of which one is good enough, if not any."""

    id: str
    path: Path
    values: tuple[str | int | bool, ...] | None

    def is_in(self, claims: Any) -> bool:
        found = list(_at(claims, self.path))
        if self.values is None:
            return bool(found)
        # JSON's true is no number: Python would take 1 for it.
        return any(type(each) is type(value) and each == value for each in found for value in self.values)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One credential that is asked for."""

    id: str
    format: str
    kinds: tuple[frozenset[str], ...]
    """Of W3C credentials: sets of types of which one has to be there whole."""
    vcts: frozenset[str]
    """Of SD-JWT VC: the types of which it has to be one."""
    claims: tuple[Claim, ...]
    claim_sets: tuple[tuple[str, ...], ...]
    multiple: bool
    bound: bool
    """Whether its holder has to sign that it is shown."""

    def wishes(self) -> tuple[tuple[Claim, ...], ...]:
        """The sets of claims of which one is needed, the best liked first (section 6.4.1)."""
        if not self.claim_sets:
            return (self.claims,)
        known = {claim.id: claim for claim in self.claims}
        return tuple(tuple(known[each] for each in names) for names in self.claim_sets)

    def fits(self, document: Mapping[str, Any]) -> tuple[Claim, ...] | None:
        """The claims that this one would be shown for; None when it is not what is asked for."""
        if not self._is_of_the_kind(document):
            return None
        return next((wish for wish in self.wishes() if all(each.is_in(document) for each in wish)), None)

    def _is_of_the_kind(self, document: Mapping[str, Any]) -> bool:
        if self.format == SD_JWT_VC:
            return document.get("vct") in self.vcts
        types = expanded(document)
        return any(kind <= types for kind in self.kinds)


@dataclass(frozen=True, slots=True)
class Query:
    """Everything that is asked for at once."""

    credentials: tuple[Wanted, ...]
    sets: tuple[tuple[tuple[frozenset[str], ...], bool], ...]

    def wanted(self, name: str) -> Wanted | None:
        return next((each for each in self.credentials if each.id == name), None)

    def shortest(self, names: Collection[str]) -> tuple[str, ...]:
        """Of these, which are enough: of each required set the first option that is there, or all of them."""
        if not self.sets:
            return tuple(each.id for each in self.credentials)
        firsts = [
            next((option for option in options if option <= set(names)), options[0])
            for options, required in self.sets
            if required
        ]
        return tuple(each.id for each in self.credentials if any(each.id in option for option in firsts))

    def is_answered_by(self, names: Collection[str]) -> bool:
        """Whether these of the credentials are enough: all, or of each required set one option (6.4.2)."""
        if not self.sets:
            return all(each.id in names for each in self.credentials)
        return all(
            not required or any(option <= set(names) for option in options) for options, required in self.sets
        )


def read(query: Any) -> Query:
    """A query that somebody sent; ``MalformedError`` for one that is none, ``UnsupportedError`` for what we
    do not know how to honour."""
    if not isinstance(query, dict):
        raise _malformed("it is no object")
    listed = _list(query.get("credentials"), "credentials", most=MOST_CREDENTIALS)
    wanted = tuple(map(_wanted, listed))
    known = [each.id for each in wanted]
    if len(set(known)) != len(known):
        raise _malformed("two credentials have one id")
    sets: tuple[tuple[tuple[frozenset[str], ...], bool], ...] = ()
    if "credential_sets" in query:
        asked = _list(query["credential_sets"], "credential_sets", most=MOST_CREDENTIALS)
        sets = tuple(_set(each, known) for each in asked)
    return Query(wanted, sets)


def for_badges(*, format: str = LDP, achievement: str = "", bound: bool = True) -> dict[str, Any]:
    """A query for one Open Badge in one of the W3C formats; of this achievement, if one is named."""
    asked: dict[str, Any] = {
        "id": "badge",
        "format": format,
        "meta": {"type_values": [[OPEN_BADGE]]},
        "require_cryptographic_holder_binding": bound,
    }
    if achievement:
        path = ["credentialSubject", "achievement", "id"]
        asked["claims"] = [{"path": path, "values": [achievement]}]
    return {"credentials": [asked]}


def for_any_badge(*, achievement: str = "", bound: bool = True, vct: str = "") -> dict[str, Any]:
    """The same for whichever format a wallet has it in: a W3C one, or an SD-JWT VC of the type ``vct``.

    Of an SD-JWT VC nothing is asked for that its holder could keep back (section 6.4.1).
    """
    each = {
        name: for_badges(format=format, achievement=achievement, bound=bound)["credentials"][0]
        for name, format in (("badge", LDP), ("badge-token", JWT))
    }
    if vct:
        each["badge-sd-jwt"] = each["badge"] | {"format": SD_JWT_VC, "meta": {"vct_values": [vct]}}
    return {
        "credentials": [{**asked, "id": name} for name, asked in each.items()],
        "credential_sets": [{"options": [[name] for name in each]}],
    }


def expanded(document: Mapping[str, Any]) -> frozenset[str]:
    """The types of a W3C credential as addresses; names that we do not know are nothing."""
    types = document.get("type", [])
    named = types if isinstance(types, list) else [types]
    found = (_EXPANDED.get(each, each) for each in named if isinstance(each, str))
    return frozenset(each for each in found if ":" in each)


# Reading


def _wanted(asked: Any) -> Wanted:
    if not isinstance(asked, dict):
        raise _malformed("a credential is no object")
    name, format = asked.get("id"), asked.get("format")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise _malformed("a credential has no id of letters, digits, '_' and '-'")
    if not isinstance(format, str) or not format:
        raise _malformed("a credential has no format")
    if "trusted_authorities" in asked:
        raise UnsupportedError("dcql-unsupported", "It asks for trusted authorities, which we cannot judge.")
    kinds, vcts = _meta(format, asked.get("meta"))
    claims: tuple[Claim, ...] = ()
    if "claims" in asked:
        claims = tuple(map(_claim, _list(asked["claims"], "claims", most=MOST_CLAIMS)))
    return Wanted(
        id=name,
        format=format,
        kinds=kinds,
        vcts=vcts,
        claims=claims,
        claim_sets=_claim_sets(asked, claims),
        multiple=_flag(asked, "multiple", default=False),
        bound=_flag(asked, "require_cryptographic_holder_binding", default=True),
    )


def _meta(format: str, meta: Any) -> tuple[tuple[frozenset[str], ...], frozenset[str]]:
    if not isinstance(meta, dict):
        raise _malformed("a credential has no meta")
    if format == SD_JWT_VC:
        return (), frozenset(_texts(meta.get("vct_values"), "vct_values"))
    if format in (LDP, JWT):
        kinds = _list(meta.get("type_values"), "type_values", most=MOST_CREDENTIALS)
        return tuple(frozenset(_texts(each, "type_values")) for each in kinds), frozenset()
    # Somebody may ask for others beside: whether that is enough, the sets say.
    return (), frozenset()


def _claim(asked: Any) -> Claim:
    if not isinstance(asked, dict):
        raise _malformed("a claim is no object")
    path = _list(asked.get("path"), "path", most=_LONGEST_PATH)
    for step in path:
        if step is not None and not isinstance(step, str) and (type(step) is not int or step < 0):
            raise _malformed("a path holds names, numbers and nulls")
    name = asked.get("id", "")
    if not isinstance(name, str) or (name and not _ID.fullmatch(name)):
        raise _malformed("the id of a claim is no name")
    values = None
    if "values" in asked:
        values = tuple(_list(asked["values"], "values", most=MOST_CLAIMS))
        if not all(isinstance(each, str | bool) or type(each) is int for each in values):
            raise _malformed("the values of a claim are texts, whole numbers and yes or no")
    return Claim(name, tuple(path), values)


def _claim_sets(asked: Mapping[str, Any], claims: tuple[Claim, ...]) -> tuple[tuple[str, ...], ...]:
    known = [claim.id for claim in claims if claim.id]
    if len(set(known)) != len(known):
        raise _malformed("two claims have one id")
    if "claim_sets" not in asked:
        return ()
    sets = _list(asked["claim_sets"], "claim_sets", most=MOST_CLAIMS)
    found = tuple(tuple(_texts(each, "claim_sets")) for each in sets)
    if not all(name in known for names in found for name in names):
        raise _malformed("claim_sets names a claim that is not there")
    return found


def _set(asked: Any, known: Collection[str]) -> tuple[tuple[frozenset[str], ...], bool]:
    if not isinstance(asked, dict):
        raise _malformed("a credential set is no object")
    options = _list(asked.get("options"), "options", most=MOST_CREDENTIALS)
    found = tuple(frozenset(_texts(each, "options")) for each in options)
    if not all(name in known for option in found for name in option):
        raise _malformed("credential_sets names a credential that is not there")
    return found, _flag(asked, "required", default=True)


def _list(value: Any, name: str, *, most: int) -> list[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise _malformed(f"{name} is not a list of 1 to {most}")
    return value


def _texts(value: Any, name: str) -> Iterable[str]:
    found = _list(value, name, most=MOST_CLAIMS)
    if not all(isinstance(each, str) and each for each in found):
        raise _malformed(f"{name} holds something that is no text")
    return found


def _flag(asked: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = asked.get(name, default)
    if not isinstance(value, bool):
        raise _malformed(f"{name} is neither true nor false")
    return value


def _malformed(why: str) -> MalformedError:
    return MalformedError("dcql-malformed", f"What is asked for cannot be read: {why}.")


def _at(value: Any, path: Path) -> Iterator[Any]:
    """What stands at a claims path (section 7.1); nothing where it leads nowhere."""
    if not path:
        yield value
        return
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        if isinstance(value, dict) and step in value:
            yield from _at(value[step], rest)
    elif isinstance(value, list):
        chosen = value if step is None else value[step : step + 1]
        for each in chosen:
            yield from _at(each, rest)
