# SPDX-License-Identifier: Apache-2.0
"""The small changes of a Python module that its tests should notice (H19).

One change at a time: a comparison, a bound, a sign, a condition, a constant; a statement that raises or acts
goes away; what is returned is not. Left alone are texts for people, types, decorators and docstrings, because
no test should notice those, and the sizes that a module has chosen and named, which a test could only repeat.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


@dataclass(frozen=True, slots=True)
class Change:
    """Where, what it was and what it becomes; ``place`` and ``choice`` find it again.

    Whoever runs what is changed runs one of ``lines``.
    """

    line: int
    before: str
    after: str
    place: int = 0
    choice: int = 0
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.line}: {self.before} -> {self.after}"

    def applied(self, source: str) -> str:
        """The whole module with this change."""
        return ast.unparse(self.made_in(source))

    def made_in(self, source: str) -> ast.Module:
        """The same, with every line where it was."""
        tree = ast.parse(source)
        target = _places(tree)[self.place]
        after = list(_instead_of(target))[self.choice]
        _replace(tree, target, after)
        return ast.fix_missing_locations(tree)


@dataclass(frozen=True, slots=True)
class Function:
    """A function that lies in no other, by the names that its code has."""

    qualname: str
    first: int
    body: range


def function_around(source: str, lines: tuple[int, ...]) -> Function | None:
    """The outermost function in whose body all these lines are; None for what runs on import."""

    def functions(node: ast.AST, prefix: str) -> Iterator[Function]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
                body = range(child.body[0].lineno, (child.end_lineno or child.lineno) + 1)
                yield Function(f"{prefix}{child.name}", first, body)
            else:
                inner = f"{prefix}{child.name}." if isinstance(child, ast.ClassDef) else prefix
                yield from functions(child, inner)

    found = (each for each in functions(ast.parse(source), "") if all(line in each.body for line in lines))
    return next((each for each in found if each.first not in each.body), None)


def changes(source: str) -> Iterator[Change]:
    """Every single change of a module."""
    tree = ast.parse(source)
    places = _places(tree)
    lines = _lines_of_statements(tree)
    unseen = {
        id(child)
        for node in places
        for left_alone in ([node] if _is_left_alone(node) else _types_of(node))
        for child in ast.walk(left_alone)
    }
    for place, node in enumerate(places):
        if id(node) in unseen:
            continue
        for choice, after in enumerate(_instead_of(node)):
            run = lines.get(id(node)) or _lines(node.test if isinstance(node, ast.If) else node)
            yield Change(getattr(node, "lineno", 0), _short(node), _short(after), place, choice, run)


def _lines_of_statements(tree: ast.Module) -> dict[int, tuple[int, ...]]:
    """Of every node inside a statement that holds no other: the lines of the whole statement."""
    return {
        id(node): _lines(statement)
        for statement in ast.walk(tree)
        if isinstance(statement, ast.stmt)
        and not hasattr(statement, "body")
        and not hasattr(statement, "cases")
        for node in ast.walk(statement)
    }


def _lines(node: ast.AST) -> tuple[int, ...]:
    first = getattr(node, "lineno", 0)
    return tuple(range(first, (getattr(node, "end_lineno", None) or first) + 1))


def _places(tree: ast.Module) -> list[ast.AST]:
    _forget_types(tree)
    return [node for node in ast.walk(tree) if hasattr(node, "lineno")]


def _forget_types(tree: ast.Module) -> None:
    """Annotations and what is imported for them are no behaviour."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass(lineno=node.lineno, col_offset=0)]
            node.test = ast.Name("TYPE_CHECKING", ast.Load(), lineno=node.lineno, col_offset=0)


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()):  # a docstring
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.JoinedStr():
            return True
        case ast.AnnAssign() | ast.Assign() if _is_named_size(node):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Constant(value=str() as text):
            return " " in text or not text
    return False


def _types_of(node: ast.AST) -> list[ast.AST]:
    """Annotations, and decorators: ``frozen`` and ``slots`` are promises to the reader."""
    found = (getattr(node, "annotation", None), getattr(node, "returns", None))
    return [*(each for each in found if each is not None), *getattr(node, "decorator_list", ())]


def _is_named_size(node: ast.Assign | ast.AnnAssign) -> bool:
    """``MAX_KEYS: Final = 64`` and the like."""
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    if not isinstance(target, ast.Name) or not target.id.isupper() or node.value is None:
        return False
    parts = (part for part in ast.walk(node.value) if not isinstance(part, ast.operator))
    return all(
        isinstance(part, ast.BinOp) or (isinstance(part, ast.Constant) and isinstance(part.value, int))
        for part in parts
    )


def _instead_of(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=comparators):
            other = _COMPARISONS.get(type(operator))
            if other is not None:
                yield ast.Compare(left, [other()], comparators)
        case ast.BoolOp(op=ast.And(), values=values):
            yield ast.BoolOp(ast.Or(), values)
        case ast.BoolOp(op=ast.Or(), values=values):
            yield ast.BoolOp(ast.And(), values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=operator, right=right):
            changed = _OPERATORS.get(type(operator))
            if changed is not None:
                yield ast.BinOp(left, changed(), right)
        case ast.If(test=ast.Name() | ast.Call() | ast.Attribute() as test):
            yield ast.If(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield ast.Constant(value + 1)
        case ast.Constant(value=bytes() as value) if value:
            yield ast.Constant(value + b"X")
        case ast.Constant(value=str() as value) if value and " " not in value:
            yield ast.Constant(f"{value}X")
        case ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        # False becomes True one step further in; None would be the same "no".
        case ast.Return(value=value) if value is not None and ast.unparse(value) not in ("None", "False"):
            yield ast.Return(ast.Constant(None))
        case ast.AugAssign():
            yield ast.Pass()


def _replace(tree: ast.AST, target: ast.AST, after: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, after)
                return
            if isinstance(value, list):
                for index, item in enumerate(value):
                    if item is target:
                        value[index] = after
                        return
    raise LookupError("the place is not in the tree")


def _short(node: ast.AST) -> str:
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= 70 else f"{text[:67]}..."
