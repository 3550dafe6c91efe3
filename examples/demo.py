"""What brrr does, shown on one function: run it by `make demo`."""

import inspect
import os
import re
import signal
import sys
import threading
import time
import traceback

from brrr import BrrrError, brrr

try:
    import numpy as np
except ImportError:
    np = None

# What is shown as compiled here is compiled here, and not found on disk.
os.environ["BRRR_CACHE_DIR"] = ""


@brrr
def foo(a: int) -> int:
    b = 0
    i = 0
    while i < a:
        b = b + i
        i = i + 1
    return b


@brrr
def add(a, b):
    return a + b


@brrr
def cube_of_sum(n):
    total = 0
    for i in range(n):
        total = total + i
    return total * total * total


@brrr
def fnv(n):
    h = 0xCBF29CE484222325
    for i in range(n):
        h = (h ^ (i & 255)) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


@brrr
def smooth(a, out):
    rows, columns = a.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            out[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])


@brrr
def forever(n):
    while n > 0:
        n = n ^ 2
    return n


def refused(n):
    squares = [i * i for i in range(n)]
    return squares


COLOR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
WIDTH = 100


def heading(text):
    line = f"── {text} " + "─" * (WIDTH - len(text) - 4)
    print(f"\n\033[1m{line}\033[0m" if COLOR else f"\n{line}")


def show(text):
    """Program text, indented."""
    for line in text.strip("\n").splitlines():
        print(f"    {line}".rstrip())


def timed(function, *arguments):
    """The result of a call and its seconds."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def seconds(value):
    for unit, factor in (("s ", 1), ("ms", 1e3), ("us", 1e6)):
        if value * factor >= 1:
            break
    return f"{value * factor:8.2f} {unit}"


def source(function):
    """The text of a function from its `def` on."""
    text = inspect.getsource(function)
    return text[text.index("def ") :]


def function_only(llvm):
    """The function of an LLVM module, without the declarations and attributes around it."""
    found = re.search(r"^define .*?^}", llvm, re.DOTALL | re.MULTILINE)
    return re.sub(r", !\S+ !\d+|; preds = .*| #\d+| local_unnamed_addr", "", found.group() if found else llvm)


def main():
    n = 10_000_000
    print("brrr compiles a Python function to machine code at its first call; the result is the one CPython gives.")

    heading("A function")
    show("@brrr\n" + source(foo.original_func))

    heading(f"foo({n:_}): compiled, and as plain Python")
    first, cold = timed(foo, n)
    result, warm = min((timed(foo, n) for _ in range(5)), key=lambda pair: pair[1])
    expected, plain = timed(foo.original_func, n)
    python = f"foo.original_func in CPython {sys.version_info[0]}.{sys.version_info[1]}"
    for label, value, found in (
        ("foo, first call: compiles, then runs", cold, first),
        ("foo, best of five later calls", warm, result),
        (python, plain, expected),
    ):
        print(f"    {label:<40}{seconds(value)}   {found}")
    assert first == result == expected and type(result) is type(expected)
    print(f"\n    Equal results; {plain / warm:,.0f} times faster, {plain / cold:,.0f} times with compilation included.")

    if plain / warm > 10_000:
        print("    A test before each block of turns proves that no sum leaves 64 bits; then LLVM makes a formula of the block.")

    heading("The types that brrr inferred: foo.inspect_types()")
    show(foo.inspect_types())
    print(f"\n    Types come from the arguments of the call. Compiled so far: {', '.join(foo.signatures)}")

    heading("What the machine runs, as LLVM IR: add.inspect_llvm()")
    assert add(2, 3) == 5
    show("@brrr\n" + source(add.original_func))
    print()
    show(function_only(add.inspect_llvm()))
    print("\n    It returns 3 for an int, left in the frame; a status from 4096 on is a side exit, taken where the sum leaves 64 bits.")

    heading("Ints are exact: the statement that leaves 64 bits is finished by CPython")
    show("@brrr\n" + source(cube_of_sum.original_func))
    print()
    print(f"    cube_of_sum(1_000) = {cube_of_sum(1_000)}")
    exact, compiled = timed(cube_of_sum, n)
    expected, plain = timed(cube_of_sum.original_func, n)
    assert exact == expected and cube_of_sum(1_000) == cube_of_sum.original_func(1_000)
    print(f"    cube_of_sum({n:_}) = {exact}, as in CPython")
    print(f"    {seconds(compiled).strip()}, in CPython {seconds(plain).strip()}")
    stats = cube_of_sum.stats()
    print(f"    cube_of_sum.stats(): {stats['calls']} calls, {stats['compiled']} of them in compiled code from start to end")
    for line, count in stats["exits"].items():
        print(f"    line {line} left it {count} time{'s' * (count != 1)}: {text_of(line)}")
    print("    Only that statement ran in CPython, with the locals as they stood: the loop before it was compiled.")

    heading("What a mask cuts off is never computed")
    show("@brrr\n" + source(fnv.original_func))
    print()
    n = 1_000_000
    fnv(1)
    exact, compiled = timed(fnv, n)
    expected, plain = timed(fnv.original_func, n)
    assert exact == expected
    print(f"    fnv({n:_}) = {exact:#x}: {seconds(compiled).strip()}, in CPython {seconds(plain).strip()}")
    left = sum(fnv.stats()["exits"].values())
    print(f"    Every product is up to 104 bits long; compiled code was left {left} times." if left else
          "    Every product is up to 104 bits long; compiled code was never left.")

    heading("NumPy arrays are read and written where they are, every index checked")
    show("@brrr\n" + source(smooth.original_func))
    print()
    if np is None:
        print("    NumPy is not installed here: `pip install numpy` to see this.")
    else:
        arrays()

    heading("Ctrl-C is heard in a compiled loop")
    show("@brrr\n" + source(forever.original_func))
    print()
    interrupted()

    heading("What brrr cannot compile it refuses at decoration")
    show("@brrr\n" + source(refused))
    print()
    try:
        brrr(refused)
    except BrrrError as error:
        show(str(error))
    else:
        raise SystemExit("the list comprehension should have been refused")


def arrays():
    """A stencil over a matrix, and an index that is out of bounds."""
    size = 1_000
    a = np.random.default_rng(1).random((size, size))
    out, expected = np.zeros_like(a), np.zeros_like(a)
    smooth(a[:4, :4].copy(), out[:4, :4].copy())
    _, compiled = min((timed(smooth, a, out) for _ in range(5)), key=lambda pair: pair[1])
    _, plain = timed(smooth.original_func, a, expected)
    assert (out == expected).all()
    print(f"    A matrix of {size} rows and columns: {seconds(compiled).strip()}, in CPython {seconds(plain).strip()}, equal to the last bit")
    print(f"    Compiled so far: {', '.join(smooth.signatures)}")
    try:
        smooth(a, out[:-2])
    except IndexError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        print(f"    smooth(a, out[:-2]): IndexError in line {frame.lineno}: {error}")
    else:
        raise SystemExit("an index out of bounds should have been refused")


def interrupted():
    """Starts a loop without an end, presses Ctrl-C after a while, and says what came of it."""
    pressed = []

    def press():
        time.sleep(0.3)
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    # A shell without a terminal starts what it puts into the background deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    forever(0)
    threading.Thread(target=press).start()
    try:
        forever(5)
    except KeyboardInterrupt as error:
        late = time.perf_counter() - pressed[0]
        frame = traceback.extract_tb(error.__traceback__)[-1]
        print(f"    forever(5): {type(error).__name__} in {frame.name}, line {frame.lineno}, {seconds(late).strip()} after Ctrl-C")
        assert frame.name == "forever" and late < 1
    else:
        raise SystemExit("a loop without an end has ended")


def text_of(number):
    """A line of this file."""
    with open(__file__, encoding="utf-8") as file:
        return file.read().splitlines()[number - 1].strip()


if __name__ == "__main__":
    main()
