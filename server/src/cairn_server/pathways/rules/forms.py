# SPDX-License-Identifier: Apache-2.0
"""Rules as JSON: read strictly, written exactly, and told when they could never be met.

Limits first: a rule is read by whoever opens a page, so it has to stay small whoever wrote it (B214).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cairn_server.errors import Refusal
from cairn_server.pathways.rules.model import (
    AllOf,
    AnyOf,
    Credits,
    Grade,
    Group,
    Holds,
    Level,
    NOf,
    Not,
    Part,
    Recognised,
    Rule,
    Selector,
    SkillCover,
    Validity,
    below,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEEPEST = 8
MOST_RULES = 200
MOST_IN_A_LIST = 200
LONGEST = 2_000
LONGEST_TITLE = 200
MOST_DAYS = 36_500
_NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,4})?")


class BadRule(Refusal):
    """This is no rule: ``where`` is the way to the place, as in ``of[2].selector``."""

    status = 400

    def __init__(self, where: str, why: str) -> None:
        super().__init__("bad-rule", f"{where}: {why}" if where else why)
        self.where, self.why = where, why


@dataclass(frozen=True, slots=True)
class Never:
    """A rule that nobody could meet, and why: ``code`` with its figures."""

    path: tuple[int, ...]
    code: str
    figures: Mapping[str, str]


# Reading


def read(told: Any) -> Rule:
    """The rule in ``told``, which came from anywhere; :class:`BadRule` where it is none."""
    count = 0

    def rule(told: Any, where: str, depth: int, above: tuple[Group, ...]) -> Rule:
        nonlocal count
        count += 1
        if count > MOST_RULES:
            raise BadRule(where, _("a pathway has at most {most_rules} rules").format(most_rules=MOST_RULES))
        if depth > DEEPEST:
            raise BadRule(where, _("rules are nested at most {deepest} deep").format(deepest=DEEPEST))
        kind = _object(told, where).get("rule")
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is not None:
            return reader(_Fields(told, where))
        if kind == "not":
            fields = _Fields(told, where)
            made = Not(rule(fields.take("of"), f"{where}.of", depth + 1, ()), title=fields.title())
            if any(isinstance(each, Not) for each in walk(made.of)):
                raise BadRule(where, _("an exclusion inside an exclusion; say it without both"))
            if any(each.once for each in walk(made.of) if isinstance(each, Group)):
                raise BadRule(where, _("what is excluded serves no rule, so it cannot be counted once"))
            fields.end()
            return made
        if kind not in ("all", "any", "some"):
            raise BadRule(where, _("no such rule: {kind}").format(kind=kind))
        return group(_Fields(told, where), kind, where, depth, above)

    def group(fields: _Fields, kind: str, where: str, depth: int, above: tuple[Group, ...]) -> Group:
        once, days = fields.flag("once"), fields.whole("within_days", least=1, most=MOST_DAYS)
        title = fields.title()
        in_order = fields.flag("in_order") if kind == "all" else False
        n = fields.whole("least", least=1, most=MOST_RULES) if kind == "some" else None
        if kind == "some" and n is None:
            raise BadRule(where, _("say how many: “least” is missing"))
        listed = fields.take("of")
        fields.end()
        if not isinstance(listed, list) or not listed:
            raise BadRule(f"{where}.of", _("a list with at least one rule is expected"))
        made: Group = {"all": AllOf, "any": AnyOf, "some": NOf}[kind]((), once, days, title)
        if isinstance(made, AllOf):
            made = replace(made, in_order=in_order)
        if isinstance(made, NOf) and n is not None:
            made = replace(made, n=n)
        inside = (*above, made)
        for outer in above:
            # Each of these is exact alone; of two at once nobody could explain the answer.
            if outer.once and (once or days or in_order):
                raise BadRule(where, _("this cannot stand below rules that count everything once"))
            if once and (outer.within_days or (isinstance(outer, AllOf) and outer.in_order)):
                raise BadRule(where, _("counting once cannot stand below an order or a span of time"))
        if once and (days or in_order):
            raise BadRule(where, _("choose one: counted once, in order, or within a span of time"))
        of = tuple(
            rule(each, f"{where}.of[{at}]" if where else f"of[{at}]", depth + 1, inside)
            for at, each in enumerate(listed)
        )
        return replace(made, of=of)

    return rule(told, "", 1, ())


def _object(told: Any, where: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise BadRule(where, _("an object is expected, not {told}").format(told=type(told).__name__))
    return told


class _Fields:
    """The members of one object, each asked for by name; what nobody asked for is refused."""

    def __init__(self, told: Any, where: str) -> None:
        self._left = dict(_object(told, where))
        self._left.pop("rule", None)
        self._where = where

    def at(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def take(self, name: str) -> Any:
        return self._left.pop(name, None)

    def end(self) -> None:
        if self._left:
            raise BadRule(self.at(sorted(self._left, key=str)[0]), _("nothing of this name can stand here"))

    def title(self) -> str:
        return self.text("title", longest=LONGEST_TITLE)

    def text(self, name: str, *, longest: int = LONGEST) -> str:
        told = self.take(name)
        if told is None:
            return ""
        if not isinstance(told, str) or len(told) > longest or not told.isprintable():
            raise BadRule(
                self.at(name), _("a line of up to {longest} characters is expected").format(longest=longest)
            )
        return told.strip()

    def flag(self, name: str) -> bool:
        told = self.take(name)
        if told is None:
            return False
        if not isinstance(told, bool):
            raise BadRule(self.at(name), _("true or false is expected"))
        return told

    def whole(self, name: str, *, least: int, most: int) -> int | None:
        told = self.take(name)
        if told is None:
            return None
        if isinstance(told, bool) or not isinstance(told, int) or not least <= told <= most:
            raise BadRule(
                self.at(name),
                _("a whole number from {least} to {most} is expected").format(least=least, most=most),
            )
        return told

    def number(self, name: str, *, most: int | None = None) -> Fraction | None:
        """Numbers are text, so that no one-tenth is lost on the way through a binary fraction."""
        told = self.take(name)
        if told is None:
            return None
        if not isinstance(told, str) or not _NUMBER.fullmatch(told):
            raise BadRule(self.at(name), _("a number in quotation marks is expected, such as “2.5”"))
        try:
            value = Fraction(Decimal(told))
        except InvalidOperation as error:  # pragma: no cover - the pattern lets none through
            raise BadRule(self.at(name), "not a number") from error
        if most is not None and value > most:
            raise BadRule(self.at(name), _("at most {most} is expected").format(most=most))
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        told = self.take(name)
        if told is None:
            return ()
        if not isinstance(told, list) or not 1 <= len(told) <= MOST_IN_A_LIST:
            raise BadRule(
                self.at(name),
                _("a list of 1 to {most_in_a_list} is expected").format(most_in_a_list=MOST_IN_A_LIST),
            )
        for each in told:
            if not isinstance(each, str) or not 1 <= len(each) <= LONGEST or not each.isprintable():
                raise BadRule(
                    self.at(name),
                    _("each has to be a line of up to {longest} characters").format(longest=LONGEST),
                )
        if len(set(told)) != len(told):
            raise BadRule(self.at(name), _("the same thing stands here twice"))
        return tuple(told)

    def level(self, name: str) -> Level | None:
        told = self.take(name)
        if told is None:
            return None
        inner = _Fields(told, self.at(name))
        scheme, value = inner.text("scheme", longest=100), inner.whole("value", least=0, most=100)
        inner.end()
        if not scheme or value is None:
            raise BadRule(self.at(name), _("a level has a scheme and a value"))
        return Level(scheme, value)

    def grade(self, name: str) -> Grade | None:
        told = self.take(name)
        if told is None:
            return None
        inner = _Fields(told, self.at(name))
        scale, value = inner.text("scale", longest=100), inner.number("value")
        inner.end()
        if not scale or value is None:
            raise BadRule(self.at(name), _("a grade has a scale and a value"))
        return Grade(scale, value)

    def selector(self, name: str) -> Selector:
        inner = _Fields(self.take(name), self.at(name))
        made = Selector(
            achievements=inner.texts("achievements"),
            issuers=inner.texts("issuers"),
            own=inner.flag("own"),
            accredited_by=inner.texts("accredited_by"),
            recognised_by=inner.texts("recognised_by"),
            skills=inner.texts("skills"),
            tags=inner.texts("tags"),
            level=inner.level("level"),
        )
        inner.end()
        if made.says_nothing:
            raise BadRule(self.at(name), _("say which credentials count: this lets every credential in"))
        return made

    def validity(self) -> Validity:
        told = self.take("valid")
        if told is None:
            return Validity.ALWAYS
        if told not in tuple(Validity):
            raise BadRule(self.at("valid"), _("“at_award” or “always” is expected"))
        return Validity(told)


def _holds(fields: _Fields) -> Holds:
    made = Holds(
        selector=fields.selector("selector"),
        count=fields.whole("count", least=1, most=1_000) or 1,
        repeat=fields.whole("repeat", least=1, most=1_000) or 1,
        least_level=fields.level("least_level"),
        least_grade=fields.grade("least_grade"),
        max_age_days=fields.whole("max_age_days", least=1, most=MOST_DAYS),
        valid=fields.validity(),
        title=fields.title(),
    )
    fields.end()
    return made


def _credits(fields: _Fields) -> Credits:
    listed = fields.take("of")
    if not isinstance(listed, list) or not 1 <= len(listed) <= 20:
        raise BadRule(fields.at("of"), _("a list of 1 to 20 lines is expected"))
    parts = []
    for at, each in enumerate(listed):
        inner = _Fields(each, f"{fields.at('of')}[{at}]")
        parts.append(Part(inner.selector("selector"), inner.number("most")))
        inner.end()
    told = fields.take("convert")
    convert = {}
    if told is not None:
        inner = _Fields(told, fields.at("convert"))
        for name in sorted(_object(told, fields.at("convert")), key=str):
            worth = inner.number(name)
            if not name or not worth:
                raise BadRule(inner.at(str(name)), _("a scheme is worth more than nothing"))
            convert[name] = worth
    least, scheme = fields.number("least"), fields.text("scheme", longest=100)
    if not least:
        raise BadRule(fields.at("least"), _("say how many: more than 0 is expected"))
    if not scheme:
        raise BadRule(fields.at("scheme"), _("say in which scheme, such as ECTS or hours"))
    share = fields.number("recognised_share", most=1)
    made = Credits(
        least=least,
        scheme=scheme,
        of=tuple(parts),
        own_least=fields.number("own_least") or Fraction(0),
        own_share=fields.number("own_share", most=1) or Fraction(0),
        recognised_share=Fraction(1) if share is None else share,
        convert=convert,
        repeat=fields.whole("repeat", least=1, most=1_000) or 1,
        max_age_days=fields.whole("max_age_days", least=1, most=MOST_DAYS),
        valid=fields.validity(),
        title=fields.title(),
    )
    fields.end()
    return made


def _skills(fields: _Fields) -> SkillCover:
    skills, share = fields.texts("skills"), fields.number("share", most=1)
    if not skills:
        raise BadRule(fields.at("skills"), _("name at least one skill"))
    if share == 0:
        raise BadRule(fields.at("share"), _("more than 0 is expected"))
    made = SkillCover(
        skills=skills,
        share=Fraction(1) if share is None else share,
        least_level=fields.level("least_level"),
        max_age_days=fields.whole("max_age_days", least=1, most=MOST_DAYS),
        valid=fields.validity(),
        title=fields.title(),
    )
    fields.end()
    return made


def _recognised(fields: _Fields) -> Recognised:
    decision = fields.text("decision", longest=100)
    if not decision:
        raise BadRule(fields.at("decision"), _("say upon what is decided"))
    made = Recognised(decision, title=fields.title())
    fields.end()
    return made


_READERS: Mapping[str, Callable[[_Fields], Rule]] = {
    "holds": _holds,
    "credits": _credits,
    "skills": _skills,
    "recognised": _recognised,
}

# Writing


def write(rule: Rule) -> dict[str, Any]:
    """The rule as ``read`` takes it: what is usual is left out, so equal rules are equal texts."""
    made = _written(rule)
    if rule.title:
        made["title"] = rule.title
    return made


def _written(rule: Rule) -> dict[str, Any]:
    match rule:
        case Group():
            kind = {AllOf: "all", AnyOf: "any", NOf: "some"}[type(rule)]
            made: dict[str, Any] = {"rule": kind}
            if isinstance(rule, NOf):
                made["least"] = rule.n
            if rule.once:
                made["once"] = True
            if rule.within_days:
                made["within_days"] = rule.within_days
            if isinstance(rule, AllOf) and rule.in_order:
                made["in_order"] = True
            return {**made, "of": [write(each) for each in rule.of]}
        case Not():
            return {"rule": "not", "of": write(rule.of)}
        case Holds():
            return {
                "rule": "holds",
                "selector": _selector(rule.selector),
                **({"count": rule.count} if rule.count != 1 else {}),
                **({"repeat": rule.repeat} if rule.repeat != 1 else {}),
                **(
                    {"least_grade": {"scale": rule.least_grade.scale, "value": _text(rule.least_grade.value)}}
                    if rule.least_grade
                    else {}
                ),
                **_usual(rule),
            }
        case Credits():
            return {
                "rule": "credits",
                "least": _text(rule.least),
                "scheme": rule.scheme,
                "of": [
                    {
                        "selector": _selector(each.selector),
                        **({"most": _text(each.most)} if each.most is not None else {}),
                    }
                    for each in rule.of
                ],
                **({"own_least": _text(rule.own_least)} if rule.own_least else {}),
                **({"own_share": _text(rule.own_share)} if rule.own_share else {}),
                **({"recognised_share": _text(rule.recognised_share)} if rule.recognised_share != 1 else {}),
                **({"convert": {k: _text(v) for k, v in rule.convert.items()}} if rule.convert else {}),
                **({"repeat": rule.repeat} if rule.repeat != 1 else {}),
                **_usual(rule),
            }
        case SkillCover():
            share = {"share": _text(rule.share)} if rule.share != 1 else {}
            return {"rule": "skills", "skills": list(rule.skills), **share, **_usual(rule)}
        case Recognised():
            return {"rule": "recognised", "decision": rule.decision}


def _usual(rule: Holds | Credits | SkillCover) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if not isinstance(rule, Credits) and rule.least_level:
        made["least_level"] = {"scheme": rule.least_level.scheme, "value": rule.least_level.value}
    if rule.max_age_days:
        made["max_age_days"] = rule.max_age_days
    if rule.valid != Validity.ALWAYS:
        made["valid"] = str(rule.valid)
    return made


def _selector(selector: Selector) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: list(getattr(selector, name))
        for name in ("achievements", "issuers", "accredited_by", "recognised_by", "skills", "tags")
        if getattr(selector, name)
    }
    if selector.own:
        made["own"] = True
    if selector.level:
        made["level"] = {"scheme": selector.level.scheme, "value": selector.level.value}
    return made


def _text(value: Fraction) -> str:
    """Exactly: only numbers of at most four decimals are ever read."""
    return format((Decimal(value.numerator) / Decimal(value.denominator)).normalize(), "f")


# What can never be

_HIGHEST = {"EQF": 8}


def impossible(rule: Rule) -> list[Never]:
    """Everything in the rule that no credential in the world could meet."""
    found: list[Never] = []

    def look(rule: Rule, path: tuple[int, ...]) -> None:
        before = len(found)

        def never(code: str, **figures: object) -> None:
            found.append(Never(path, code, {name: str(value) for name, value in figures.items()}))

        match rule:
            case Group():
                for at, each in enumerate(rule.of):
                    look(each, (*path, at))
                if rule.needed > len(rule.of):
                    never("more-than-there-are", asked=rule.needed, there=len(rule.of))
                wanted = {repr(each) for each in rule.of if not isinstance(each, Not)}
                if isinstance(rule, AllOf) and any(
                    repr(each.of) in wanted for each in rule.of if isinstance(each, Not)
                ):
                    never("asked-for-and-excluded")
            case Not():
                # What nobody can meet excludes nobody: no fault, so whatever is below is not told.
                look(rule.of, (*path, 0))
                del found[before:]
            case Holds():
                named = rule.selector.achievements
                if named and rule.count > len(named) * rule.repeat:
                    never("fewer-of-a-kind", asked=rule.count, there=len(named) * rule.repeat)
                _level(rule.least_level, never)
                _level(rule.selector.level, never)
            case Credits():
                tops = [each.most for each in rule.of]
                if all(top is not None for top in tops):
                    top = sum((each for each in tops if each is not None), Fraction(0))
                    if top < max(rule.least, rule.own_needed):
                        never("caps-below", asked=_text(max(rule.least, rule.own_needed)), there=_text(top))
                for part in rule.of:
                    _level(part.selector.level, never)
            case SkillCover():
                _level(rule.least_level, never)
            case Recognised():
                pass

    look(rule, ())
    return found


def _level(level: Level | None, never: Callable[..., None]) -> None:
    highest = _HIGHEST.get(level.scheme) if level else None
    if level and highest is not None and not 1 <= level.value <= highest:
        never("no-such-level", scheme=level.scheme, asked=level.value, there=highest)


def at_path(rule: Rule, path: tuple[int, ...]) -> Rule:
    """The rule at the end of the way; ``IndexError`` where there is none."""
    for step in path:
        rule = below(rule)[step]
    return rule
