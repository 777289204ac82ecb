"""Mutants of Python and SQL texts: one small change each, made in the syntax tree."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import expressions as exp


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A changed text of ``path``; ``change`` says what became of what, ``name`` tells it from all others.

    The name does not depend on the line, so that it outlives edits elsewhere; ``place`` counts equal changes.
    """

    path: Path
    line: int
    change: str
    text: str
    place: int

    @property
    def name(self) -> str:
        told = f"{self.path.as_posix()} {self.change} {self.place}"
        return f"{self.path.stem}-{hashlib.sha256(told.encode()).hexdigest()[:6]}"


def mutants_of(root: Path, path: Path) -> list[Mutant]:
    """Every mutant of the file ``path``, relative to ``root``."""
    text = (root / path).read_text(encoding="utf-8")
    changes = _sql(text) if path.suffix == ".sql" else _python(text)
    seen: Counter[str] = Counter()
    made = []
    for line, change, changed in changes:
        seen[change] += 1
        made.append(Mutant(path=path, line=line, change=change, text=changed, place=seen[change]))
    return made


def as_it_is(root: Path, path: Path) -> str:
    """The text read and written again without a change: what mutants differ from by one place."""
    text = (root / path).read_text(encoding="utf-8")
    return _written(_parsed(text)) if path.suffix == ".sql" else ast.unparse(ast.parse(text))


# --- SQL ------------------------------------------------------------------------------------------------------

_COMPARISONS: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.LT: exp.LTE, exp.LTE: exp.LT, exp.GT: exp.GTE, exp.GTE: exp.GT, exp.EQ: exp.NEQ, exp.NEQ: exp.EQ,
    exp.Add: exp.Sub, exp.Sub: exp.Add, exp.And: exp.Or, exp.Or: exp.And, exp.Min: exp.Max, exp.Max: exp.Min,
}  # fmt: skip


def _parsed(text: str) -> exp.Expression:
    return sqlglot.parse_one(text, read="duckdb")


def _written(tree: exp.Expression) -> str:
    return tree.sql(dialect="duckdb", comments=False) + "\n"


def _sql(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, change, text); the tree of an SQL text knows no lines."""
    tree = _parsed(text)
    for number, node in enumerate(tree.walk()):
        for replacement in _replacements(node):
            changed = tree.copy()
            there = list(changed.walk())[number]
            there.replace(replacement)
            yield 0, f"{_short(node)} -> {_short(replacement)}", _written(changed)


def _replacements(node: exp.Expression) -> Iterator[exp.Expression]:
    if other := _COMPARISONS.get(type(node)):
        yield other(**{name: _copied(value) for name, value in node.args.items()})
    if isinstance(node, exp.And):
        yield node.this.copy()
        yield node.expression.copy()
    elif isinstance(node, exp.Where):
        yield exp.Where(this=exp.true())
    elif isinstance(node, (exp.Not, exp.Is)):
        yield node.this.copy() if isinstance(node, exp.Not) else exp.Not(this=node.copy())
    elif isinstance(node, exp.Coalesce):
        yield node.this.copy()
    else:
        yield from _other_replacements(node)


def _other_replacements(node: exp.Expression) -> Iterator[exp.Expression]:
    if isinstance(node, exp.Between):
        yield exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
        yield exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
    elif isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit() and not _counted(node):
        yield exp.Literal.number(int(node.this) + 1)
    elif isinstance(node, exp.Join) and node.side == "LEFT":
        changed = node.copy()
        changed.set("side", None)
        yield changed
    elif isinstance(node, exp.Ordered):
        changed = node.copy()
        changed.set("desc", not node.args.get("desc"))
        yield changed
    elif isinstance(node, exp.Boolean):
        yield exp.Boolean(this=not node.this)
    elif isinstance(node, exp.Case) and len(node.args["ifs"]) > 1:
        changed = node.copy()
        changed.args["ifs"].pop(0)
        yield changed
    elif isinstance(node, exp.In) and len(node.expressions) > 1:
        changed = node.copy()
        changed.expressions.pop()
        yield changed


def _counted(node: exp.Expression) -> bool:
    """Whether the number is only there to be counted: count(CASE WHEN … THEN 1 END)."""
    return isinstance(node.parent, exp.If) and node.find_ancestor(exp.Count) is not None


def _copied(value: object) -> object:
    return value.copy() if isinstance(value, exp.Expression) else copy.deepcopy(value)


def _short(node: exp.Expression) -> str:
    text = " ".join(node.sql(dialect="duckdb", comments=False).split())
    return text if len(text) <= 90 else f"{text[:60]} … {text[-25:]}"


# --- Python ---------------------------------------------------------------------------------------------------

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}  # fmt: skip
_NAMES = {"sum": "max", "min": "max", "max": "min", "all": "any", "any": "all"}


def _python(text: str) -> Iterator[tuple[int, str, str]]:
    tree = ast.parse(text)
    annotations = {id(part) for node in ast.walk(tree) for note in _notes(node) for part in ast.walk(note)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in annotations:
            continue
        for attempt in range(2):
            told = _change(copy.deepcopy(node), attempt)
            if told is not None:
                changed = ast.parse(text)  # much quicker than a copy
                _change(list(ast.walk(changed))[number], attempt)
                ast.fix_missing_locations(changed)
                yield getattr(node, "lineno", 0), told, ast.unparse(changed)


def _notes(node: ast.AST) -> Iterator[ast.AST]:
    """Annotations, and how a class is declared (frozen, keywords only): no run shows either, mypy reads both."""
    if isinstance(node, ast.ClassDef):
        yield from node.decorator_list
    for name in ("annotation", "returns"):
        if note := getattr(node, name, None):
            yield note


def _change(node: ast.AST, attempt: int) -> str | None:
    """Change ``node`` in place; what became of what, or None where there is no such change."""
    before = _source(node)
    if attempt == 0 and not _changed_first(node):
        return None
    if attempt == 1 and not _changed_second(node):
        return None
    after = _source(node)
    return f"{before} -> {after}" if before != after else None


def _changed_first(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPPED:
        node.ops[0] = _SWAPPED[type(node.ops[0])]()  # type: ignore[assignment]
    elif isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in _SWAPPED:
        node.op = _SWAPPED[type(node.op)]()  # type: ignore[assignment]
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        node.value = not node.value
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        node.value += 1  # type: ignore[operator]
    elif isinstance(node, ast.Name) and node.id in _NAMES:
        node.id = _NAMES[node.id]
    elif isinstance(node, (ast.If, ast.IfExp)):
        node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node.op = ast.UAdd()
        node.operand = ast.Call(func=ast.Name(id="bool", ctx=ast.Load()), args=[node.operand], keywords=[])
    elif isinstance(node, ast.comprehension) and node.ifs:
        node.ifs.pop()
    else:
        return False
    return True


def _changed_second(node: ast.AST) -> bool:
    """A statement that only calls something is left out; a part of a sequence too."""
    for name in ("body", "orelse"):
        statements = getattr(node, name, None)
        if not isinstance(statements, list):
            continue
        for place, statement in enumerate(statements):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                statements[place] = ast.Pass()
                return True
    if isinstance(node, ast.BoolOp):
        node.values.pop()
        node.values = node.values if len(node.values) > 1 else [*node.values, copy.deepcopy(node.values[0])]
        return True
    return False


def _source(node: ast.AST) -> str:
    if isinstance(node, ast.If):
        node = node.test
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else f"{text[:60]} … {text[-25:]}"
