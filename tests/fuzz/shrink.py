"""Smaller programs than one that differs, of which the smallest that still differs is shown."""

from __future__ import annotations

import ast
import dataclasses
import time
import warnings
from collections.abc import Callable

from tests.fuzz.check import Finding
from tests.program import Program, function_of


def shrink(finding: Finding, examine: Callable[[Program], Finding | None], seconds: float = 20.0) -> Finding:
    """A smaller program that still differs; the same one if there is none."""
    deadline = time.monotonic() + seconds
    best = _fewer_calls(finding, examine)
    progress = True
    while progress and time.monotonic() < deadline:
        progress = False
        for text in smaller(best.program.text):
            if time.monotonic() > deadline:
                break
            found = _try(dataclasses.replace(best.program, text=text), examine)
            if found:
                best, progress = found, True
                break
    return best


def _fewer_calls(finding: Finding, examine) -> Finding:
    one = finding.program
    candidates = [finding.call] if finding.call is not None else one.calls
    for call in candidates:
        at = next((at for at, other in enumerate(one.calls) if other is call), None)
        # What was bound anew before the call is bound so from the start; or as often as it was.
        bound = [change for change in one.changes[: (at or 0) + 1] if change]
        found = _try(dataclasses.replace(one, text="\n".join([one.text.rstrip("\n"), *bound, ""]), calls=[call], changes=()), examine)
        if found:
            return dataclasses.replace(found, call=call)
    return finding


def _try(one: Program, examine) -> Finding | None:
    try:
        found = examine(one)
    except (SyntaxError, ValueError, KeyError):
        return None
    # What is refused only because it was made smaller is not the same difference.
    return found if found and not found.problems[0].startswith(("cannot be run", "the harness failed")) else None


def smaller(text: str):
    """Texts with a statement less, a block put in place of its header, or an expression replaced by a part of it."""
    tree = ast.parse(text)
    warnings.simplefilter("ignore", SyntaxWarning)
    # Larger parts first.
    for place in range(len(_nodes(tree))):
        for variant in range(8):
            copy = ast.parse(text)
            if _change(function_of(copy), place, variant):
                try:
                    made = ast.unparse(ast.fix_missing_locations(copy)) + "\n"
                    compile(made, "smaller", "exec")
                except (ValueError, SyntaxError):
                    continue
                if len(made) < len(text):
                    yield made


def _nodes(tree):
    function = function_of(tree) if isinstance(tree, ast.Module) else tree
    return [node for node in ast.walk(function) if node is not function and isinstance(node, (ast.stmt, ast.expr))]


def _change(function, place: int, variant: int) -> bool:
    node = _nodes(function)[place]
    for parent in ast.walk(function):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list) and node in value:
                at = value.index(node)
                if isinstance(node, ast.stmt):
                    return _change_statement(value, at, node, variant)
                if isinstance(parent, ast.BoolOp) and variant == 0 and len(value) > 2:
                    del value[at]
                    return True
                return False
            if value is node and isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
                parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
                parts += [ast.Constant(0), ast.Constant(1)] if not isinstance(node, ast.Constant) else []
                if isinstance(parent, (ast.For, ast.Attribute)) or name == "func" or variant >= len(parts):
                    return False
                setattr(parent, name, parts[variant])
                return True
    return False


def _change_statement(block: list, at: int, node: ast.stmt, variant: int) -> bool:
    if variant == 0 and len(block) > 1:
        del block[at]
        return True
    bodies = [body for body in (getattr(node, "body", None), getattr(node, "orelse", None)) if body]
    bodies += [case.body for case in getattr(node, "cases", ())]
    if 1 <= variant <= len(bodies):
        block[at:at + 1] = bodies[variant - 1]
        return True
    if variant == 3 and len(bodies) == 2:
        node.orelse = []
        return True
    return False
