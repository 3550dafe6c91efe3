"""Functions of unusual size and depth compile, and compute what CPython computes."""

import threading
import time

import pytest

from brrr import brrr
from tests import oracle, program

HEAD = "@brrr\ndef f(a, b):\n"


def lines(count, text):
    return "".join(text.format(i=i, pad="    " * (i + 1)) for i in range(count))


LARGE = {
    "statements": (HEAD + lines(400, "    x{i} = a + {i}\n") + "    return x399\n", (1, 2)),
    "sums": (HEAD + "    return a" + " + b" * 800 + "\n", (1, 2)),
    "mixed": (HEAD + "    return a" + " * b + a" * 300 + "\n", (1.0, 2)),
    "nested ifs": (HEAD + lines(90, "{pad}if a > {i}:\n") + "    " * 91 + "b = a\n    return b\n", (1000, 2)),
    "nested loops": (HEAD + "    t = 0\n" + lines(14, "{pad}for i{i} in range(2):\n") + "    " * 15 + "t += a\n    return t\n", (1, 2)),
    "names of two types": (
        HEAD + lines(40, "    if a > {i}:\n        x{i} = {i}.5\n    else:\n        x{i} = {i}\n")
        + "    return " + " + ".join(f"x{i}" for i in range(40)) + "\n", (20, 2)),
    "names of two types in a loop": (
        HEAD + lines(30, "    x{i} = 0\n") + "    while a:\n"
        + lines(30, "        if a > {i}:\n            x{i} = x{i} + 0.5\n") + "        a -= 1\n    return x0 + x29\n", (25, 2)),
    "elif": (HEAD + "    if a < 0:\n        r = 0\n" + lines(400, "    elif a == {i}:\n        r = {i}\n") + "    return r\n", (399, 2)),
    "conditional expressions": (HEAD + "    return " + lines(300, "{i} if a == {i} else ") + "b\n", (299, 2)),
    "and": (HEAD + "    return a" + " and b" * 800 + "\n", (1, 2)),
    "loops in a row": (HEAD + lines(80, "    i = 0\n    while i < a:\n        i += 1\n        b = b + i * 0.5\n") + "    return b\n", (5, 2)),
    "a loop of chains": (
        HEAD + "    for i in range(b):\n" + lines(400, "        a = (a * {i} + i) % 1009\n        if a == {i}:\n            b = b - a\n")
        + "    return a\n", (3, 5)),
    "many loops": (
        HEAD + lines(700, "    for i in range(b):\n        a = (a * {i} + i) % 1009\n        b = b - a // 1000\n") + "    return a\n", (3, 5)),
    "parameters": (
        "@brrr\ndef f(" + ", ".join(f"p{i}" for i in range(200)) + "):\n    return " + " + ".join(f"p{i}" for i in range(200)) + "\n",
        tuple(range(200))),
}


@pytest.mark.parametrize("tier", ["quick", "full"])
@pytest.mark.parametrize("kind", LARGE)
def test_large(kind, tier):
    text, args = LARGE[kind]
    file = program.filename("large")
    plain = program.execute(text, file, program.undecorated)["f"]
    start = time.monotonic()
    with program.tier(tier):
        fast = program.execute(text, file, brrr)["f"]
        got = oracle.outcome(fast, args, {}, file)
    assert got == oracle.outcome(plain, args, {}, file)
    assert fast.stats()["compiled"] == 1
    # Seconds where it takes tenths: only what explodes fails.
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("kind", ["nested ifs", "loops in a row", "a loop of chains"])
def test_a_thread_with_a_small_stack_compiles(kind):
    text, args = LARGE[kind]
    file = program.filename("stack")
    plain = program.execute(text, file, program.undecorated)["f"]
    fast = program.execute(text, file, brrr)["f"]
    found = []
    before = threading.stack_size(64 << 10)
    try:
        with program.tier("full"):
            thread = threading.Thread(target=lambda: found.append(fast(*args)))
            thread.start()
            thread.join()
    finally:
        threading.stack_size(before)
    assert found == [plain(*args)]
