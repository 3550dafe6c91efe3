"""Runs programs under CPython and under brrr, compares, and makes what differs small."""

from __future__ import annotations

import ast
import pickle
import time
import warnings
from dataclasses import dataclass, field

from tests import oracle, program, table
from tests.fuzz.worker import Died, Worker
from tests.program import Program


@dataclass
class Finding:
    """A program in which brrr differs from CPython."""

    program: Program
    call: tuple | None
    problems: list[str]
    leaves: int | None = None

    def markdown(self) -> str:
        """As a case for `tests/cases`."""
        call = ""
        if self.call is not None:
            values = ", ".join(written(value) for value in self.call)
            call = f"\n```calls\n{self.program.name}({values})" + (f"  # leaves: {self.leaves}" if self.leaves else "") + "\n```\n"
        return f"## Found by the fuzzer\n\n{'; '.join(self.problems)}\n\n```py\n{self.program.text}```\n{call}"


def written(value) -> str:
    """A value as a program writes it."""
    return repr(value) if value == value else "nan"


@dataclass
class Totals:
    """What was done."""

    functions: int = 0
    calls: int = 0
    operations: int = 0
    exits: int = 0
    skipped: int = 0
    rows: set = field(default_factory=set)

    def __str__(self) -> str:
        return (f"{self.functions} functions, {self.calls} calls, {self.operations} operations, "
                f"{len(self.rows)} of {len(table.rows())} rows, {self.exits} exits, {self.skipped} calls left out")


class Engine:
    """CPython in this process, brrr in another."""

    def __init__(self, environment: dict[str, str] | None = None, timeout: float = 20.0):
        self.worker = Worker(environment, timeout)
        self.totals = Totals()

    def expected(self, one: Program) -> tuple[Program, list[oracle.Expected]]:
        """What CPython says, and the program without the calls that would take it too long."""
        file = program.filename("fuzz")
        # Numbers come out of a pickle as objects of their own: equal arguments are as distinct here as they are in the worker.
        one = pickle.loads(pickle.dumps(one))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain = program.execute(one.text, file, program.undecorated)
            instrumented = oracle.Instrumented(one.text, one.name, plain)
            kept, expected = [], []
            for args in one.calls:
                try:
                    expected.append(oracle.expect(plain[one.name], instrumented, args, {}, file))
                except oracle.TooMuch:
                    self.totals.skipped += 1
                    continue
                kept.append(args)
            made = Program(one.text, one.name, kept)
            if made.rebinds_range and kept:
                plain["range"] = instrumented.namespace["range"] = program.backwards
                try:
                    instrumented.run(kept[-1])
                except oracle.TooMuch:
                    return Program(one.text, one.name, []), []
                other = oracle.outcome(plain[one.name], kept[-1], {}, file)
                expected.append(oracle.Expected(other, None, 0, frozenset()))
        return made, expected

    def compare(self, one: Program, expected: list[oracle.Expected], answer) -> Finding | None:
        """The first call that differs."""
        if isinstance(answer, str):
            return Finding(one, one.calls[0] if one.calls else None, [f"cannot be run: {answer.strip()}"])
        rebound = len(one.calls) < len(expected)
        for at, (wanted, got) in enumerate(zip(expected, answer, strict=True)):
            last = rebound and at == len(one.calls)
            problems = oracle.differences(wanted, got, runs_compiled=not last)
            if problems:
                if last:
                    problems = [f"after `range` was bound anew: {problem}" for problem in problems]
                leaves = wanted.leave.line if wanted.leave else None
                return Finding(one, one.calls[-1 if last else at], problems, leaves)
        return None

    def count(self, one: Program, expected: list[oracle.Expected]) -> None:
        """Adds to the totals."""
        self.totals.functions += 1
        self.totals.calls += len(one.calls)
        for wanted in expected:
            self.totals.operations += wanted.operations
            self.totals.exits += wanted.leave is not None
            self.totals.rows |= table.covered(wanted.used)

    def examine(self, one: Program) -> Finding | None:
        """Runs one program; not counted."""
        one, expected = self.expected(one)
        try:
            answer = self.worker.run(one)
        except Died as error:
            return Finding(one, None, [f"brrr: {error}"])
        return self.compare(one, expected, answer)

    def search(self, programs, go_on) -> Finding | None:
        """Runs programs until one differs or `go_on(totals)` is false. CPython works on the next while brrr runs one."""
        waiting = None
        for one in programs:
            if not go_on(self.totals):
                break
            made = self.expected(one)
            found = self._finish(waiting)
            if found:
                return found
            waiting = made
            self.worker.send(made[0])
        return self._finish(waiting)

    def _finish(self, waiting) -> Finding | None:
        if waiting is None:
            return None
        one, expected = waiting
        try:
            answer = self.worker.receive()
        except Died as error:
            return Finding(one, None, [f"brrr: {error}"])
        self.count(one, expected)
        return self.compare(one, expected, answer)

    def stop(self) -> None:
        """Ends brrr's process."""
        self.worker.stop()

    # Shrinking.

    def shrink(self, finding: Finding, seconds: float = 20.0) -> Finding:
        """A smaller program that still differs; the same one if there is none."""
        deadline = time.monotonic() + seconds
        best = self._fewer_calls(finding)
        progress = True
        while progress and time.monotonic() < deadline:
            progress = False
            for text in smaller(best.program.text):
                if time.monotonic() > deadline:
                    break
                found = self._try(Program(text, best.program.name, best.program.calls))
                if found:
                    best, progress = found, True
                    break
        return best

    def _fewer_calls(self, finding: Finding) -> Finding:
        one = finding.program
        candidates = [finding.call] if finding.call is not None else one.calls
        for call in candidates:
            found = self._try(Program(one.text, one.name, [call]))
            if found:
                return Finding(found.program, call, found.problems, found.leaves)
        return finding

    def _try(self, one: Program) -> Finding | None:
        try:
            found = self.examine(one)
        except (SyntaxError, ValueError, KeyError):
            return None
        # What is refused only because it was made smaller is not the same difference.
        return found if found and not found.problems[0].startswith("cannot be run") else None


def smaller(text: str):
    """Texts with a statement less, a block put in place of its header, or an expression replaced by a part of it."""
    tree = ast.parse(text)
    function = tree.body[-1]
    # Larger parts first.
    for place in range(_count(function)):
        for variant in range(8):
            copy = ast.parse(text)
            if _change(copy.body[-1], place, variant):
                try:
                    made = ast.unparse(ast.fix_missing_locations(copy)) + "\n"
                except ValueError:
                    continue
                if len(made) < len(text):
                    yield made


def _nodes(function):
    return [node for node in ast.walk(function) if node is not function and isinstance(node, (ast.stmt, ast.expr))]


def _count(function) -> int:
    return len(_nodes(function))


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
                if isinstance(parent, ast.For) or variant >= len(parts):
                    return False
                setattr(parent, name, parts[variant])
                return True
    return False


def _change_statement(block: list, at: int, node: ast.stmt, variant: int) -> bool:
    if variant == 0 and len(block) > 1:
        del block[at]
        return True
    bodies = [body for body in (getattr(node, "body", None), getattr(node, "orelse", None)) if body]
    if 1 <= variant <= len(bodies):
        block[at:at + 1] = bodies[variant - 1]
        return True
    if variant == 3 and len(bodies) == 2:
        node.orelse = []
        return True
    return False
