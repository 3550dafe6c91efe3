"""The calls of the Markdown cases: CPython is right, brrr is compared with it."""

from __future__ import annotations

from functools import partial

import pytest

from tests import arrays, forced, markdown, oracle, program, table
from tests.values import taken

CASES = markdown.load()
# Visits of one call at which the exit is forced.
MOST_FORCED = 60


def _needs(case: markdown.Case) -> None:
    texts = [case.source, *(call.text for call in case.calls)]
    if any(map(program.needs_numpy, texts)) and not arrays.present():
        pytest.skip("needs NumPy")


def _is_python(case: markdown.Case) -> bool:
    try:
        compile(case.source, "case", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


@pytest.mark.parametrize("case", [c for c in CASES if c.calls], ids=lambda case: case.name)
def test_stated_exits_are_legitimate(case):
    """What a case states agrees with the rules of side exits, without brrr."""
    _needs(case)
    file = program.filename("case")
    plain = program.execute(case.source, file, program.undecorated)
    for call in case.calls:
        args, kwargs = program.arguments(call.text, plain)
        if call.refused:
            assert not call.leaves
            continue
        if call.interpreted:
            assert not all(map(taken, [*args, *kwargs.values()])) or "range =" in case.source
            continue
        leaves = oracle.Instrumented(case.source, call.function, plain).run(args, kwargs)
        if leaves.open and not leaves.counts:
            continue
        beyond = {line: count for line, count in call.leaves.items() if count > leaves.counts[line]}
        assert not beyond, f"{call.text}: may leave at {oracle.lines(leaves.counts)}, stated {oracle.lines(beyond)}"
        assert leaves.raised is None or call.leaves, f"{call.text}: an exception, but no exit is stated"


@pytest.mark.parametrize("case", [c for c in CASES if c.calls], ids=lambda case: case.name)
def test_calls(case, decorator):
    _needs(case)
    for tier in ("quick", "full"):
        with program.tier(tier):
            _check_calls(case, decorator)


def _check_calls(case, decorator):
    file = program.filename("case")
    plain = program.execute(case.source, file, program.undecorated)
    fast = program.execute(case.source, file, decorator)
    wraps = 'overflow="wrap"' in case.source
    for call in case.calls:
        function = fast[call.function]
        if wraps:
            # C's integers: CPython's result is the expected one modulo 2**64.
            _check_wrapped(plain[call.function], function, *program.arguments(call.text, plain), call)
            continue
        if call.refused:
            with pytest.raises(oracle.Refused) as caught:
                oracle.outcome(function, *program.arguments(call.text, plain), file)
            assert caught.value.codes == call.refused, call.text
            continue
        leaves = oracle.Instrumented(case.source, call.function, plain).run(*program.arguments(call.text, plain), traced=True)
        expected = oracle.Expected(oracle.outcome(plain[call.function], *program.arguments(call.text, plain), file), leaves)
        observed = oracle.observe(function, *program.arguments(call.text, plain), file)
        found = oracle.differences(expected, observed, not call.interpreted, table.ulps(case.source))
        if observed.exits != call.leaves:
            found.append(f"stated exits: {oracle.lines(call.leaves)}, taken: {oracle.lines(observed.exits)}")
        assert not found, f"{case.path.name}:{call.line}: {call.text}\n" + "\n".join(found)


@pytest.mark.parametrize("case", [c for c in CASES if c.calls and 'overflow="wrap"' not in c.source], ids=lambda case: case.name)
def test_forced_exits(case, decorator):
    """Leaving at any visit of any statement changes nothing."""
    _needs(case)
    file = program.filename("case")
    plain = program.execute(case.source, file, program.undecorated)
    with forced.probed():
        fast = program.execute(case.source, file, decorator)
    for call in case.calls:
        if call.refused:
            continue
        expected = oracle.outcome(plain[call.function], *program.arguments(call.text, plain), file)
        count, found = forced.differences(fast[call.function], partial(program.arguments, call.text, plain), expected, file, MOST_FORCED,
                                          ulps=table.ulps(case.source))
        assert not found, f"{case.path.name}:{call.line}: {call.text}\n" + "\n".join(found)
        assert count or call.interpreted or not expected.raised or expected.line is None, f"{call.text}: no entry point was visited"


def _check_wrapped(plain, function, args, kwargs, call):
    value = plain(*args, **kwargs)
    expected = value if type(value) is not int else (value + 2**63) % 2**64 - 2**63
    observed = oracle.observe(function, args, kwargs)
    assert observed.outcome.value == oracle.encode(expected), call.text
    assert observed.exits == call.leaves, call.text


@pytest.mark.parametrize("case", [c for c in CASES if c.refused and _is_python(c)], ids=lambda case: case.name)
def test_refused(case, decorator):
    """Decorating raises the errors that the case states, each on its line."""
    from brrr import BrrrError

    with pytest.raises(BrrrError) as caught:
        program.execute(case.source, program.filename("case"), decorator)
    got = {(one.start.line, one.slug) for one in caught.value.diagnostics if one.severity == "error"}
    stated = {(line, slug) for line, severity, slug in case.diagnostics if severity == "error"}
    assert got and got <= stated
    if case.source.count("@brrr") == 1:
        assert got == stated


@pytest.mark.parametrize("case", [c for c in CASES if c.llvm], ids=lambda case: case.name)
def test_llvm(case, decorator):
    """The optimised LLVM of the first function, for its annotations, has the lines stated, and not those behind a `!`."""
    fast = program.execute(case.source, program.filename("case"), decorator)
    name = case.source.partition("def ")[2].partition("(")[0]
    text = fast[name].inspect_llvm()
    assert "define" in text
    for line in case.llvm:
        assert (line.lstrip("! ") in text) != line.startswith("!"), f"{line}\n{text}"


def test_cases_are_many():
    """A loader that finds nothing must not pass."""
    assert len(CASES) >= 150
    assert sum(len(case.calls) for case in CASES) >= 600
