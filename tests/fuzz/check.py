"""One program under CPython and under brrr, in this process: the first difference, and what was done.

Both run here, so that nothing is sent about. What hangs or ends the process is found by who started it (`engine`).
"""

from __future__ import annotations

import signal
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from tests import forced, oracle, program, signs, table
from tests.program import Program, made
from tests.values import TooMuch, Unsettled, taken

# Seconds that CPython may take for one call.
MOST_SECONDS = 0.4
# Programs are compiled by turns in these; in the last one quick code is replaced while they run.
TIERS = ("quick", "full", "eager")
SLOW_SECONDS = 0.1


@dataclass
class Finding:
    """A program in which brrr differs from CPython."""

    program: Program
    call: tuple | None
    problems: list[str]
    exits: dict[int, int] = field(default_factory=dict)
    # The names that the function reads were bound anew before the call.
    elsewhere: bool = False

    def markdown(self) -> str:
        """As a case for `tests/cases`. The exits stated are those that CPython allows."""
        call = ""
        if self.call is not None:
            leaves = f"  # leaves: {oracle.lines(self.exits)}" if self.exits else ""
            call = f"\n```calls\n{program.written_call(self.program.name, self.call)}{leaves}\n```\n"
        return f"## Found by the fuzzer\n\n{'; '.join(self.problems)}\n\n```py\n{self.program.text}```\n{call}"


@dataclass
class Totals:
    """What was done."""

    functions: int = 0
    calls: int = 0
    operations: int = 0
    exits: int = 0
    forced: int = 0
    skipped: int = 0
    rows: set = field(default_factory=set)
    # (operator, types of the operands) of binary operators.
    pairs: set = field(default_factory=set)
    # (row's name, reason) of exits that were taken; the name is empty for what no row does.
    reasons: set = field(default_factory=set)
    constructs: Counter = field(default_factory=Counter)
    # Codes with which brrr refused programs and calls that may be refused.
    refused: Counter = field(default_factory=Counter)

    def add(self, other: Totals) -> None:
        """Adds what another process did."""
        for name in ("functions", "calls", "operations", "exits", "forced", "skipped"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("rows", "pairs", "reasons"):
            getattr(self, name).update(getattr(other, name))
        self.constructs.update(other.constructs)
        self.refused.update(other.refused)

    def __str__(self) -> str:
        return (f"{self.functions} functions, {self.calls} calls, {self.operations} operations, {len(self.rows)} of "
                f"{len(table.rows()) + len(table.numpy_rows())} rows, {self.exits} exits, {self.forced} forced, {self.skipped} calls left out, "
                f"{self.refused.total()} refused")


@dataclass
class Options:
    """How closely to look."""

    # Share of the programs whose operations are counted, and whose exits are judged even if none was taken.
    instrumented: float = 1.0
    # Exit records are compared with CPython's frames.
    traced: bool = False
    # Share of the programs in which exits are forced, and how many at most in one call.
    forced: float = 0.0
    most_forced: int = 12


def _is_among(number: int, share: float) -> bool:
    """True for that share of the numbers, evenly spread."""
    return int((number + 1) * share) > int(number * share)


class _Alarm:
    """Ends what takes CPython too long."""

    def __enter__(self):
        self.before = signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)

    @staticmethod
    def _ring(*_):
        raise TooMuch


class Checker:
    """Runs programs and adds up what was done."""

    def __init__(self, options: Options, decorator=None):
        if decorator is None:
            from brrr import brrr as decorator
        self.options, self.decorator = options, decorator
        self.totals = Totals()

    def examine(self, one: Program, number: int | None = None) -> Finding | None:
        """The first call in which brrr differs; `number` decides whether the program is among the instrumented, and of which tier its code is:
        without one it is examined for each."""
        for tier in TIERS if number is None else [TIERS[number % len(TIERS)]]:
            file = program.filename("fuzz")
            with warnings.catch_warnings(), program.tier(tier):
                warnings.simplefilter("ignore")
                try:
                    found = self._examine(one, file, number or 0)
                    if found and not self._is_settled(found, file):
                        self.totals.skipped += 1
                        found = None
                finally:
                    program.forget(file)
            if found:
                return found
        return None

    def _examine(self, one: Program, file: str, number: int) -> Finding | None:
        plain = program.execute(one.text, file, program.undecorated)
        try:
            fast = program.execute(one.text, file, self.decorator)
        except Exception as error:
            if one.refusable and (codes := oracle.codes(error)):
                self.totals.refused.update(codes)
                return None
            return Finding(one, one.calls[0] if one.calls else None, [f"cannot be run: {traceback.format_exc(limit=-3).strip()}"])
        self.totals.functions += 1
        self.totals.constructs.update(one.constructs)
        always = one.judged and not one.long and _is_among(number, self.options.instrumented)
        instrumented = oracle.Instrumented(one.text, one.name, plain) if always else None
        kept, forceable, ulps = None, [], table.ulps(one.text)
        changes: list[str] = []
        for at, call in enumerate(one.calls):
            if one.changes and one.changes[at]:
                changes.append(one.changes[at])
                exec(changes[-1], plain)
                exec(changes[-1], fast)
                if instrumented:
                    instrumented.change(changes[-1])
            start = time.monotonic()
            try:
                with _Alarm():
                    leaves = instrumented.run(*made(call), self.options.traced) if instrumented else None
                    expected = oracle.Expected(oracle.outcome(plain[one.name], *made(call), file), leaves)
            except TooMuch:
                self.totals.skipped += 1
                continue
            if not one.long and time.monotonic() - start > SLOW_SECONDS:
                # What is interpreted at every exit that is forced would take too long.
                self.totals.skipped += 1
                continue
            args, kwargs = made(call)
            runs = all(map(taken, (*args, *kwargs.values())))
            try:
                observed = oracle.observe(fast[one.name], args, kwargs, file, self.options.traced)
            except oracle.Refused as refused:
                # Wherever a float16 would come about; tests/api/test_half.py says where that is.
                if not one.refusable and set(refused.codes) != {"half-float"}:
                    return Finding(one, call, [f"refused: {refused}"])
                self.totals.refused.update(refused.codes)
                continue
            kept = call
            found = oracle.differences(expected, observed, runs, ulps) if one.judged else oracle.outcomes_differ(expected.outcome, observed.outcome, ulps)
            if one.judged and not one.long and leaves is None and (found or observed.exits):
                # Whether it may leave there, and whether an argument may come back as another object, is worth a closer look.
                if instrumented is None:
                    instrumented = oracle.Instrumented(one.text, one.name, plain)
                    for change in changes:
                        instrumented.change(change)
                try:
                    with _Alarm():
                        leaves = expected.leaves = instrumented.run(*made(call))
                    found = oracle.differences(expected, observed, runs, ulps)
                except Unsettled:
                    self.totals.skipped += 1
                    continue
                except TooMuch:
                    pass
            self._count(leaves, observed)
            if found:
                return Finding(one, call, found, dict(leaves.counts) if leaves else {})
            # The forced run has a module of its own.
            if runs and not changes:
                forceable.append((call, expected.outcome))
        if forceable and _is_among(number // 2, self.options.forced):
            found = self._forced(one, forceable, file, number)
            if found:
                return found
        return self._elsewhere(one, kept, plain, fast, file) if kept is not None else None

    @staticmethod
    def _is_settled(found: Finding, file: str) -> bool:
        """False of a call that tells the sign of a NaN it makes: in a function that is called, in a long loop, or with an exit that was
        forced between the two, nobody has looked before."""
        one = found.program
        if found.call is None:
            return True
        args, kwargs = made(found.call)
        names = [{}, *({name: value} for name, value in one.outside().items() if found.elsewhere)]
        try:
            with signs.watched((*args, *kwargs.values())), _Alarm():
                plain = program.execute(one.text, file, program.undecorated)
                # The names as they were at that call.
                for change in one.changes[:one.calls.index(found.call) + 1] if one.changes else ():
                    exec(change or "", plain)
                for bound in names:
                    plain.update(bound)
                    oracle.outcome(plain[one.name], args, kwargs, file)
        except Unsettled:
            return False
        except TooMuch:
            pass
        return True

    def _forced(self, one: Program, calls: list[tuple], file: str, number: int) -> Finding | None:
        """Some calls once more for each visit of an entry point, leaving there."""
        with forced.probed():
            function = program.execute(one.text, file, self.decorator)[one.name]
        # Long loops have more visits than can be tried: a few.
        most = 3 if one.long else self.options.most_forced
        for call, expected in calls[::max(1, len(calls) // 3)][:1 if one.long else 4]:
            count, found = forced.differences(function, partial(made, call), expected, file, most, number, table.ulps(one.text))
            self.totals.forced += count
            if found:
                return Finding(one, call, found)
        return None

    def _elsewhere(self, one: Program, call: tuple, plain, fast, file: str) -> Finding | None:
        """The last call once more, after the module has bound the names that the function reads to something else."""
        other = one.outside()
        for name, value in other.items():
            plain[name] = fast[name] = value
            try:
                with _Alarm():
                    expected = oracle.outcome(plain[one.name], *made(call), file)
            except TooMuch:
                return None
            try:
                observed = oracle.observe(fast[one.name], *made(call), file)
            except oracle.Refused:
                if one.judged:
                    raise
                continue  # A function of the group that was not needed before calls what cannot be compiled.
            if not oracle.same_outcome(expected, observed.outcome, True, table.ulps(one.text)):
                return Finding(one, call, [f"after `{name}` was bound anew: CPython: {expected}; brrr: {observed.outcome}"], elsewhere=True)
        return None

    def _count(self, leaves, observed) -> None:
        totals = self.totals
        totals.calls += 1
        totals.exits += sum(observed.exits.values())
        if leaves is None:
            return
        totals.operations += leaves.operations
        totals.rows |= table.covered(leaves.used)
        totals.pairs |= {(name, tuple(map(table.python_name, types))) for name, types in leaves.used
                         if len(types) == 2 and (name in table.BINARY or name in table.COMPARE)}
        if observed.exits:
            totals.reasons |= {(name, reason) for name, _, reason in leaves.reasons}
