"""Large functions, which are cut into pieces: they compute what CPython computes, and leave wherever they are made to."""

import random

import pytest

from brrr import brrr
from tests import forced, oracle, program

np = pytest.importorskip("numpy")

LINES = 1_000
# Exits that are forced in each call.
FORCED = 40


def fill(head, group, tail, lines=LINES):
    """A function with groups of lines between its head and its tail, made by the same chances each time."""
    chosen = random.Random(lines)
    text = ["import math", "@brrr", *head]
    while len(text) < lines:
        text += group(chosen, len(text))
    return "\n".join([*text, *tail, ""])


def pick(chosen, names, count):
    return chosen.sample(names, count)


NAMES = ["a", "b", "c"]
INTS = ["def f(n, x):", "    a = 1", "    b = 2", "    c = x"]
FLOATS = ["def f(n, x):", "    a = 1.5", "    b = x", "    c = 0.5"]
IN_LOOP = ["    for i in range(n):"]
SUM = ["    return a, b, c"]


def chain(pad):
    def group(chosen, _):
        p, q, r = pick(chosen, NAMES, 3)
        return [f"{pad}{p} = ({q} * {chosen.randrange(2, 99)} + {r} - n) % {chosen.randrange(100, 9999)}"]

    return group


def products(chosen, _):
    """Ints that leave 64 bits somewhere in the midst."""
    p, q, r = pick(chosen, NAMES, 3)
    return [f"    {p} = {q} * {chosen.randrange(1, 3)} - {r} // {chosen.randrange(3, 9)}"]


def division(pad):
    def group(chosen, _):
        p, q, r = pick(chosen, NAMES, 3)
        return [f"{pad}{p} = {q} * {chosen.random():.3f} + x / ({r} * {r} + {chosen.random():.3f})"]

    return group


def branches(pad):
    def group(chosen, _):
        p, q = pick(chosen, NAMES, 2)
        return [
            f"{pad}if {p} % {chosen.randrange(2, 9)} == 1 and {q} > {chosen.randrange(9)}:",
            f"{pad}    {q} = ({q} + {p} * {chosen.randrange(1, 9)}) % 10007",
            f"{pad}elif {q} < {chosen.randrange(99)}:",
            f"{pad}    {p} = {p} + n",
            f"{pad}else:",
            f"{pad}    {p}, {q} = {q}, {p}",
        ]

    return group


def loops(chosen, _):
    p, q = pick(chosen, NAMES, 2)
    return [
        "    for i in range(n):",
        f"        {p} = ({p} * {chosen.randrange(2, 9)} + i) % 1009",
        f"        if {p} > {chosen.randrange(900)}:",
        f"            {q} = {q} * 0.5 + x",
        "            break",
        "    else:",
        f"        {q} = {q} + 1",
    ]


def nests(chosen, at):
    p, q = pick(chosen, NAMES, 2)
    return [
        f"        while {p} > {chosen.randrange(500, 900)}:",
        f"            for j in range({p} % 5):",
        f"                {q} = ({q} + i * j) % 1013",
        f"                if {q} == {chosen.randrange(1013)}:",
        "                    continue",
        f"                {p} = {p} - 1",
        f"            {p} = {p} * 2 // 3",
        f"        {p} = ({p} * 7 + {q}) % 1019",
        *(["        if a == b:", "            continue"] if at % 3 == 0 else []),
    ]


def calls(chosen, _):
    p, q = pick(chosen, NAMES, 2)
    return [f"    {p} = math.{chosen.choice(['sin', 'cos', 'atan', 'tanh'])}({q}) * x", f"    {q} = math.sqrt(abs({p})) + math.exp(-abs({q}))"]


def matches(chosen, at):
    p, q = pick(chosen, NAMES, 2)
    return [
        f"        match {p} % 7:",
        f"            case {at % 7}:",
        f"                {q} = {q} + i",
        f"            case {(at + 3) % 7} | {(at + 5) % 7}:",
        f"                {q} = {q} * 3 % 101",
        "            case other:",
        f"                {p} = {p} + other",
    ]


def stores(chosen, _):
    p, q = pick(chosen, ["x", "y"], 2)
    return [f"        {p}[i] = {q}[i + {chosen.randrange(3)}] * {chosen.random():.3f} + {p}[i]"]


def shared(chosen, _):
    p, q = pick(chosen, ["x", "y"], 2)
    return [
        "    for i in range(1, n):",
        f"        {p}[i] = {q}[i - 1] * {chosen.random():.3f} + a",
        f"    a = a * 0.5 + {p}[{chosen.randrange(3)}]",
    ]


def arrays(n, length=20):
    return lambda: ([n, np.linspace(0.1, 1, length), np.linspace(1, 2, length)], {})


def numbers(*args):
    return lambda: (list(args), {})


SLOTS = [f"v{at}" for at in range(100)]


def many(chosen, _):
    p, q, r = pick(chosen, SLOTS, 3)
    return [f"        {p} = ({q} * {chosen.randrange(2, 99)} + {r} + i) % {chosen.randrange(100, 9999)}"]


def called(chosen, _):
    p, q, r = pick(chosen, NAMES, 3)
    return [f"        {p} = ({q} * {chosen.randrange(2, 9)} + {r} - k) % {chosen.randrange(100, 999)}"]


ARRAYS = ["def f(n, x, y):", "    a = 0.5"]
SHAPES = {
    "ints": (fill(INTS, chain("    "), SUM), [numbers(3, 5), numbers(2**62, 2**62)]),
    "ints that do not fit": (fill(INTS, products, SUM), [numbers(3, 5), numbers(3, 2**40)]),
    "ints in a loop": (fill(INTS + IN_LOOP, chain("        "), SUM), [numbers(3, 5), numbers(0, 5)]),
    "floats": (fill(FLOATS, division("    "), SUM), [numbers(3, 0.5), numbers(3, float("inf"))]),
    "floats in a loop": (fill(FLOATS + IN_LOOP, division("        "), SUM), [numbers(3, 0.5), numbers(3, 0.0)]),
    "branches": (fill(INTS, branches("    "), SUM), [numbers(3, 5), numbers(-4, 5)]),
    "branches in a loop": (fill(INTS + IN_LOOP, branches("        "), SUM), [numbers(3, 5), numbers(2, 2**62)]),
    "loops, and a name of two types": (fill(INTS, loops, SUM), [numbers(3, 5), numbers(0, 5), numbers(3, 0.5)]),
    "a loop with loops": (fill(INTS + IN_LOOP, nests, SUM), [numbers(3, 5), numbers(40, 1000)]),
    "functions of libm's": (fill(FLOATS, calls, SUM), [numbers(3, 0.5), numbers(3, float("nan"))]),
    "match": (fill(INTS + IN_LOOP, matches, SUM), [numbers(5, 5), numbers(3, 2**62)]),
    "elements in a loop": (fill(ARRAYS + IN_LOOP, stores, ["    return a"]), [arrays(5), arrays(19)]),
    "loops over elements": (fill(ARRAYS, shared, ["    return a"]), [arrays(20), arrays(25)]),
    "many names": (
        fill(["def f(n, x):", *(f"    {name} = x + {at}" for at, name in enumerate(SLOTS)), *IN_LOOP], many,
             ["    return " + " + ".join(SLOTS)]), [numbers(3, 5), numbers(3, 2**62)]),
    "one that is called": (
        fill(["def g(k, a):", "    b = a + 1", "    c = depth = k", "    while a > 0 and k > 0:", "        k -= 1"], called,
             ["    if depth > 0:", "        return a // 3 + g(depth - 1, b)", "    return a + b", "@brrr", "def f(n, x):",
              "    t = 0", "    for i in range(n):", "        t += g(i, x)", "    return t"]), [numbers(3, 5), numbers(6, 5)]),
}


@pytest.mark.parametrize("tier", ["quick", "full"])
@pytest.mark.parametrize("kind", SHAPES)
def test_calls(kind, tier):
    text, made = SHAPES[kind]
    file = program.filename("pieces")
    with np.errstate(all="ignore"):
        plain = program.execute(text, file, program.undecorated)["f"]
        with program.tier(tier):
            fast = program.execute(text, file, brrr)["f"]
            for call in made:
                (args, _), (wanted, _) = call(), call()
                assert not oracle.outcomes_differ(oracle.outcome(plain, wanted, {}, file), oracle.outcome(fast, args, {}, file))
    assert fast.stats()["compiled"] > 0


@pytest.mark.parametrize("kind", SHAPES)
def test_forced_exits(kind):
    text, made = SHAPES[kind]
    file = program.filename("pieces")
    with np.errstate(all="ignore"), program.tier("quick"):
        plain = program.execute(text, file, program.undecorated)["f"]
        with forced.probed():
            fast = program.execute(text, file, brrr)["f"]
        call = made[0]
        count, found = forced.differences(fast, call, oracle.outcome(plain, call()[0], {}, file), file, FORCED, kind)
    assert not found
    assert count >= FORCED / 2


def test_texts_name_the_lines_of_pieces():
    text, made = SHAPES["loops, and a name of two types"]
    fast = program.execute(text, program.filename("pieces"), brrr)["f"]
    with program.tier("full"):
        fast(*made[0]()[0])
    assembly = fast.inspect_asm("int, int")
    assert "brrr_entry.1:" in assembly
    # Those of the last lines, too.
    assert any(f"{LINES + 1 - back}" in assembly for back in range(5))
