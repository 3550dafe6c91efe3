"""What CPython says about a call, and the comparison with what brrr did.

Enters: a function under CPython and the same one under brrr, arguments. Leaves: the differences, in words.

`outcome` is what can be seen of a call: value, type and bits, which argument came back, or the exception with its text and the
lines of its traceback in the user's file. It must be the same in everything. `rules` says, under CPython alone, where compiled
code may leave: what left elsewhere, or silently ran in the interpreter, has failed too.
"""

from __future__ import annotations

import math
import re
import sys
import traceback
from dataclasses import dataclass, replace
from typing import Any

from tests import arrays
from tests.rules import Instrumented, Leaves, Visit
from tests.values import TooMuch, encode, fits, show

__all__ = ["Expected", "Instrumented", "Leaves", "Observed", "Outcome", "Refused", "TooMuch", "codes", "differences", "encode", "expect",
           "fits", "in_words", "observe", "outcome", "record_differences", "same_outcome", "show"]


@dataclass(frozen=True)
class Outcome:
    """What a call did: returned `value`, or raised `value` (type and text) at `line` of the file."""

    raised: bool
    value: tuple[str, Any]
    line: int | None = None
    # The argument, or what a tuple among them holds, that came back as the same object; None if none did, or if it does not matter.
    same: int | str | None = None
    # Of an exception: the traceback in the user's file, as it is printed, and the exceptions behind this one.
    trace: tuple[str, ...] = ()
    # What the array arguments are after the call, and which memory the arrays of the result use.
    after: tuple = ()
    memory: tuple = ()

    def __str__(self) -> str:
        if self.raised:
            return f"{self.value[0]}: {self.value[1]} (line {self.line})"
        return f"{show(self.value)} ({self.value[0]})" + (f", argument {self.same}" if self.same is not None else "")


def outcome(function, args=(), kwargs=None, filename: str | None = None) -> Outcome:
    """Calls, and says what happened. `line` is that of the innermost frame in `filename`."""
    kwargs = kwargs or {}
    given = (*args, *kwargs.values())
    # CPython's `abs` of a complex NaN looks at `errno` without setting it before: this call does, so that none before it matters.
    math.cosh(0.0)
    try:
        value = function(*args, **kwargs)
    except MemoryError:
        raise TooMuch from None
    except Exception as error:
        if refused := codes(error):
            raise Refused(refused) from None
        return replace(failure(error, filename), after=arrays.after(given))
    return Outcome(False, encode(value), same=_same(value, args, kwargs), after=arrays.after(given), memory=arrays.relations(value, given))


class Refused(Exception):
    """brrr refused the call with these codes: it says so before it has done anything."""

    def __init__(self, codes: tuple[str, ...]):
        super().__init__(", ".join(codes))
        self.codes = codes


def codes(error: Exception) -> tuple[str, ...]:
    """The codes of the errors for which brrr raised it; none if it is another exception."""
    return tuple(one.slug for one in getattr(error, "diagnostics", ()) if one.severity == "error")


def failure(error: BaseException, filename: str | None) -> Outcome:
    """The outcome of a call that raised `error`."""
    entries = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == filename]
    behind = [f"{word} {type(one).__name__}: {one}" for word, one in (("from", error.__cause__), ("during", error.__context__))
              if one is not None]
    trace = (*traceback.format_list(entries), *behind)
    return Outcome(True, (type(error).__name__, str(error)), entries[-1].lineno if entries else None, trace=trace)


def _same(value, args, kwargs):
    # Small ints, bools and None are one object anyway, and so is the empty tuple.
    if value is None or type(value) is bool or (type(value) is int and -5 <= value <= 256) or (type(value) is tuple and not value):
        return None
    # So are NumPy's truth values; of arrays `memory` tells.
    if encode(value, contents=False)[0] == "np.bool_" or arrays.is_array(value):
        return None
    return next((name for name, one in _objects([*enumerate(args), *kwargs.items()]) if one is value), None)


def _objects(named):
    """The arguments, and behind each tuple what it holds: `1[0]` for an element of the second argument."""
    for name, one in named:
        yield name, one
        if type(one) is tuple:
            yield from _objects((f"{name}[{at}]", element) for at, element in enumerate(one))


@dataclass
class Expected:
    """What CPython says about a call; without `leaves`, only its outcome is known."""

    outcome: Outcome
    leaves: Leaves | None


def expect(plain, instrumented: Instrumented | None, args, kwargs=None, filename: str | None = None, traced: bool = True) -> Expected:
    """What CPython says about `plain(*args, **kwargs)`; raises `TooMuch` if it would take too long."""
    leaves = None
    if instrumented is not None:
        leaves = instrumented.run(args, kwargs, traced)
    return Expected(outcome(plain, args, kwargs, filename), leaves)


@dataclass
class Observed:
    """What brrr did in a call."""

    outcome: Outcome
    compiled: int
    exits: dict[int, int]
    record: dict | None


def observe(function, args=(), kwargs=None, filename: str | None = None, records: bool = True) -> Observed:
    """Calls a decorated function, and reads its statistics and, if there are to be `records`, its exit record."""
    before = function.stats()
    made = outcome(function, args, kwargs, filename)
    after = function.stats()
    exits = {line: count - before["exits"].get(line, 0) for line, count in after["exits"].items()}
    exits = {int(line): count for line, count in exits.items() if count}
    record = None
    if exits and records:
        found = function._last_exit()
        # What arrays held when compiled code left is not to be seen any more.
        record = dict(found, locals={name: encode(value, contents=False) for name, value in dict(found["locals"]).items()})
    return Observed(made, after["compiled"] - before["compiled"], exits, record)


def differences(expected: Expected, observed: Observed, runs_compiled: bool = True, ulps: int = 0) -> list[str]:
    """Everything in which brrr differs from CPython, in words; empty if nothing does.

    `runs_compiled` is False for calls that run the original function: then nothing may be counted.
    """
    wanted, got, leaves = expected.outcome, observed.outcome, expected.leaves
    found = []
    if not same_outcome(wanted, got, leaves is None or leaves.gave_operand, ulps):
        found.append(in_words(wanted, got))
    exits = sum(observed.exits.values())
    if not runs_compiled:
        if exits or observed.compiled:
            found.append(f"the original function was to run; {observed.compiled} calls ran compiled, exits at {lines(observed.exits)}")
        return found
    # A call that CPython refuses before it begins (a missing argument) is not compiled either.
    began = wanted.line is not None or not wanted.raised
    if leaves is not None and not (leaves.open):
        too_many = {line: count for line, count in observed.exits.items() if count > leaves.counts[line]}
        if too_many:
            found.append(f"exits at {lines(too_many)}, where compiled code may leave at {lines(leaves.counts)}")
        if observed.record is not None and leaves.visits and exits == 1 and not leaves.open and not found:
            found += record_differences(leaves.visits, observed.record)
    if began and wanted.raised and not exits:
        found.append(f"no exit, but CPython raised at line {wanted.line}: the interpreter ran")
    if observed.compiled != (1 if began and not exits else 0):
        found.append(f"calls that ran compiled from start to end: {observed.compiled}, with exits at {lines(observed.exits)}")
    return found


def outcomes_differ(wanted: Outcome, got: Outcome, ulps: int = 0) -> list[str]:
    """The same of what a call did alone, wherever it left compiled code."""
    if wanted.raised and got.raised and wanted.value[0] == got.value[0] == "RecursionError":
        return []  # The depth at which it comes may differ.
    return [] if same_outcome(wanted, got, True, ulps) else [in_words(wanted, got)]


def in_words(wanted: Outcome, got: Outcome) -> str:
    """In what two outcomes differ."""
    if str(wanted) == str(got) and wanted.after != got.after:
        changed = [(one, other) for one, other in zip(wanted.after, got.after) if one != other]
        return f"an argument after the call ({wanted}): CPython: {show(changed[0][0])}; brrr: {show(changed[0][1])}"
    if str(wanted) == str(got) and wanted.memory != got.memory:
        return f"memory of the result {wanted} (same argument, same result, shared and offset, base): CPython: {wanted.memory}; brrr: {got.memory}"
    if str(wanted) == str(got):
        return f"CPython: {wanted}\n{''.join(wanted.trace)}brrr:\n{''.join(got.trace)}"
    return f"CPython: {wanted}; brrr: {got}"


def same_outcome(expected: Outcome, observed: Outcome, gave_operand: bool = False, ulps: int = 0) -> bool:
    """True if nobody can tell them apart. An argument that CPython gives back must be the same object.

    With `gave_operand`, CPython's own operations may have given back an argument, as `+x` does: equal is enough then. NumPy's
    floats may differ by so many `ulps`.
    """
    if expected.raised != observed.raised or not arrays.close(expected.value, observed.value, ulps):
        return False
    if expected.memory != observed.memory or len(expected.after) != len(observed.after):
        return False
    if not all(arrays.close(one, other, ulps) for one, other in zip(expected.after, observed.after)):
        return False
    # CPython 3.11 gives an unbound name the line of the store before it once a function has run a few times.
    wavers = sys.version_info < (3, 12) and expected.value[0] == "UnboundLocalError"
    if not wavers and (expected.line, expected.trace) != (observed.line, observed.trace):
        return False
    return gave_operand or expected.same is None or expected.same == observed.same


# Exit records ---------------------------------------------------------------------------------------------------------


def record_differences(visits: list[Visit], record: dict) -> list[str]:
    """In what an exit record differs from CPython's frame at every visit that may leave; empty if it is that of one visit."""
    least: list[str] | None = None
    for visit in visits:
        found = _visit_differences(visit, record)
        if not found:
            return []
        if least is None or len(found) < len(least):
            least = found
    return least or []


def _visit_differences(visit: Visit, record: dict) -> list[str]:
    found = []
    place, stated = (visit.statement, visit.point), (record["statement"], str(record["point"]).lower())
    if place != stated:
        found.append(f"exit record: statement and point {place} may leave, the record says {stated}")
    live = {name: value for name, value in record["locals"].items() if not name.startswith(".")}
    for name, value in live.items():
        there = visit.locals.get(name)
        if there != value:
            words = "unbound" if there is None else show(there)
            found.append(f"exit record: `{name}` is {show(value)}, in CPython's frame {words}")
    # A record keeps no array alive.
    arrays_there = {name for name, value in visit.locals.items() if value[0] == "ndarray"}
    for name in sorted(visit.needed - live.keys() - arrays_there):
        found.append(f"exit record: `{name}` is read afterwards, but is not in the record")
    return found + iterator_differences(visit, record["locals"])


def iterator_differences(visit: Visit, recorded: dict) -> list[str]:
    """In what the iterators of an exit record differ from the turns that remain in CPython.

    `.next4` is the next value of the `for` that is statement 4. With a step of 1 or -1 it goes up to `.stop4`; otherwise
    `.step4` is added, and `.left4` turns remain, modulo 2**64.
    """
    found, states = [], {}
    for name, value in recorded.items():
        if match := re.fullmatch(r"\.(next|stop|step|left)(\d+)", name):
            states.setdefault(int(match[2]), {})[match[1]] = value[1]
    for ordinal in sorted(visit.advanced & visit.turns.keys() - states.keys()):
        found.append(f"exit record: the loop of statement {ordinal} goes on, but is not in the record")
    for ordinal, state in sorted(states.items()):
        rest = visit.turns.get(ordinal)
        if ordinal in visit.turns and rest is None:
            continue
        if rest is None:
            found.append(f"exit record: the loop of statement {ordinal} is in the record, but is not going on")
        elif not _agrees(state, rest):
            found.append(f"exit record: the loop of statement {ordinal} is at {state}, in CPython {rest} remains")
    return found


def _agrees(state: dict[str, int], rest: range) -> bool:
    turns = max(0, -((rest.start - rest.stop) // rest.step))
    if turns and state.get("next") != rest[0]:
        return False
    if "left" in state or "step" in state:
        return state.get("left", 0) % 2**64 == turns and state.get("step") == rest.step
    remain = max(0, (state["stop"] - state["next"]) * rest.step)
    return abs(rest.step) == 1 and remain == turns


def lines(counts: dict[int, int]) -> str:
    """Lines with their counts, as cases state them: `5 x3, 7`."""
    shown = [f"{line}" + (f" x{count}" if count > 1 else "") for line, count in sorted(counts.items()) if count]
    return ", ".join(shown) or "no line"
