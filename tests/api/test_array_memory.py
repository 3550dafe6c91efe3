"""Memory of arrays: calls take, make and keep nothing, on whatever path they end.

`BRRR_MEMORY_CALLS=1000000` says how many calls; without it there are 20 000, and a tenth of that where each takes long.
"""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc

import numpy as np
import pytest

from brrr import BrrrError
from tests import program

STATED = os.environ.get("BRRR_MEMORY_CALLS")
CALLS = int(STATED or "20000")
# Bytes by which memory may have grown in the end, however many calls there were.
MOST_GROWTH = 64 << 10

# A function's body on `a` and `n`, what is passed, and whether it raises.
BODIES = {
    "element": ("x = a[0]\n    return x", "np.arange(8.0), 3", False),
    "store": ("a[n] = a[0] + 1", "np.arange(8.0), 3", False),
    "argument returned": ("return a", "np.arange(8.0), 3", False),
    "row": ("r = a[1]\n    return r[0]", "np.arange(8.0).reshape(2, 4), 3", False),
    "view returned": ("return a[1:]", "np.arange(8.0), 3", False),
    "view of a view returned": ("b = a[1:]\n    c = b[::-1]\n    return c", "np.arange(8.0), 3", False),
    "tuple returned": ("return a, a[1:], a[0]", "np.arange(8.0), 3", False),
    "views in a loop": ("x = 0.0\n    for i in range(len(a)):\n        r = a[i]\n        x += r[0]\n    return x", "np.arange(8.0).reshape(4, 2), 3", False),
    "rows of a loop": ("x = 0.0\n    for r in a:\n        x += r[0]\n    return x", "np.arange(8.0).reshape(4, 2), 3", False),
    "created": ("b = np.zeros(n)\n    b[0] = a[0]\n    return b", "np.arange(8.0), 3", False),
    "created and dropped": ("x = 0.0\n    for i in range(20):\n        b = np.zeros(100)\n        b[i] = i\n        x += b[i]\n    return x",
                            "np.arange(8.0), 3", False),
    "created large": ("b = np.ones(100000)\n    return b[n]", "np.arange(8.0), 3", False),
    "view of a created one returned": ("b = np.zeros((3, n))\n    return b[1]", "np.arange(8.0), 3", False),
    "copied": ("b = a.copy()\n    b[0] = 7\n    return b", "np.arange(8.0), 3", False),
    "exit": ("x = 2 ** 62 + n\n    for i in range(3):\n        x = x * 2\n    a[0] = 1\n    return a", "np.arange(8.0), 3", False),
    "exit with a view": ("b = a[1:]\n    x = 2 ** 62 + n\n    x = x * 4\n    return b", "np.arange(8.0), 3", False),
    "exit with a created one": ("b = np.zeros(n)\n    x = 2 ** 62 + n\n    x = x * 4\n    b[0] = 1\n    return b", "np.arange(8.0), 3", False),
    "index error": ("a[0] = 5\n    return a[n]", "np.arange(3.0), 3", True),
    "index error with a view": ("b = a[1:]\n    b[0] = 5\n    return b[n]", "np.arange(3.0), 3", True),
    "index error with a created one": ("b = np.zeros(n)\n    b[0] = 5\n    return b[n]", "np.arange(3.0), 3", True),
    "store refused": ("a[0] = 1\n    a[1] = 300", "np.zeros(3, np.int8), 3", True),
    "creation refused": ("b = np.zeros(3)\n    c = np.zeros(-n)\n    return b, c", "np.zeros(3), 3", True),
    "raise": ("b = a[1:]\n    if n:\n        raise ValueError('text')\n    return b", "np.zeros(3), 3", True),
    "scalars": ("return a[0]", "np.zeros(3, np.int16), np.int8(3)", False),
}


def made(body: str, decorator):
    file = program.filename("memory")
    return program.execute(f"import numpy as np\n@brrr\ndef f(a, n):\n    {body}\n", file, decorator)["f"]


def compiled(name: str, decorator):
    """The decorated function and its arguments; skips what is not compiled."""
    body, text, raises = BODIES[name]
    args = eval(f"({text})", {"np": np})
    try:
        function = made(body, decorator)
        run(function, args, raises)
    except BrrrError as error:
        pytest.skip(f"refused: {error.diagnostics[0].slug}")
    return function, args, raises


def run(function, args, raises):
    if not raises:
        return function(*args)
    with pytest.raises((IndexError, OverflowError, ValueError)):
        function(*args)
    return None


def many(function, args, raises, calls) -> None:
    for _ in range(calls):
        if raises:
            try:
                function(*args)
            except (IndexError, OverflowError, ValueError):
                pass
        else:
            function(*args)


def resident() -> int:
    with open("/proc/self/statm") as sizes:
        return int(sizes.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("name", list(BODIES))
def test_calls_leave_nothing_behind(name, decorator):
    function, args, raises = compiled(name, decorator)
    takes_long = name in ("created and dropped", "created large") or raises or "exit" in name
    calls = CALLS // 10 if takes_long and not STATED else CALLS
    many(function, args, raises, 200)
    gc.collect()
    # NumPy's own memory is traced, too; what the C library keeps is not growth.
    tracemalloc.start()
    try:
        many(function, args, raises, 200)
        gc.collect()
        before, pages = tracemalloc.get_traced_memory()[0], resident()
        many(function, args, raises, calls)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < min(MOST_GROWTH, 16 * calls)
    assert resident() - pages < 16 << 20


def references(objects) -> list[int]:
    return [sys.getrefcount(one) for one in objects]


@pytest.mark.parametrize("name", list(BODIES))
def test_references_are_cpythons(name, decorator):
    function, args, raises = compiled(name, decorator)
    body, text, _ = BODIES[name]
    plain = made(body, program.undecorated)
    counts = []
    for one in (plain, function):
        args = eval(f"({text})", {"np": np})
        # Small ints are everybody's.
        arrays = [arg for arg in args if isinstance(arg, (np.ndarray, np.generic))]
        before = references(arrays)
        result = run(one, args, raises)
        held = references(arrays)
        # The result itself, each part of it, and the base of what is a view.
        parts = result if type(result) is tuple else (result,)
        parts = [one for one in parts if isinstance(one, (np.ndarray, np.generic))]
        of = references(parts)
        bases = [sys.getrefcount(one.base) for one in parts if one.base is not None]
        del result, parts
        gc.collect()
        assert references(arrays) == before
        counts.append((held, of, bases))
    assert counts[0] == counts[1]


def test_what_is_returned_outlives_the_call(decorator):
    try:
        f = made("b = np.full(n, 2.5)\n    return b[1:]", decorator)
        views = [f(0, size) for size in range(2, 60)]
    except BrrrError as error:
        pytest.skip(f"refused: {error.diagnostics[0].slug}")
    gc.collect()
    other = [np.zeros(size) for size in range(2, 60)]
    assert all((view == 2.5).all() for view in views) and len(other) == len(views)


def test_an_argument_dies_with_its_last_reference(decorator):
    died = []

    class Owner:
        def __init__(self):
            self.array = np.arange(6.0)
            self.__array_interface__ = self.array.__array_interface__

        def __del__(self):
            died.append(True)

    f = made("b = a[1:]\n    a[0] = 1\n    return b", decorator)
    array = np.asarray(Owner())
    view = f(array, 0)
    del array
    gc.collect()
    assert not died and view[0] == 1.0
    del view
    gc.collect()
    assert died
