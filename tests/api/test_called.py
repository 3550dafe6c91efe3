"""Functions that call functions: values, arrays, exceptions and tracebacks are CPython's, wherever one of them leaves.

Each group is a module, once plain and once under the decorator. Every call runs as it is, and with the exit forced at each
entry point in turn, in whichever function that is.
"""

import gc
import linecache
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
import weakref
from types import ModuleType

import numpy as np
import pytest

from brrr import brrr
from brrr._brrr import probe
from tests import forced

GROUPS = {
    "fib": """
        @brrr
        def f(n):
            if n < 2:
                return n
            return f(n - 1) + f(n - 2)
        CALLS = [(7,), (0,), (True,), (2.5,), (None,)]
    """,
    "ackermann": """
        @brrr
        def f(m, n):
            if m == 0:
                return n + 1
            if n == 0:
                return f(m - 1, 1)
            return f(m - 1, f(m, n - 1))
        CALLS = [(1, 2), (2, 1)]
    """,
    "each other": """
        @brrr
        def f(n):
            return True if n == 0 else odd(n - 1)
        @brrr
        def odd(n):
            return False if n == 0 else f(n - 1)
        CALLS = [(9,), (10,), (40,)]
    """,
    "tak": """
        @brrr
        def f(x, y, z):
            if y >= x:
                return z
            return f(f(x - 1, y, z), f(y - 1, z, x), f(z - 1, x, y))
        CALLS = [(5, 3, 1), (6, 4, 2)]
    """,
    "tuples": """
        @brrr
        def f(a, b):
            if b == 0:
                return a, 1, 0
            g, x, y = f(b, a % b)
            return g, y, x - a // b * y
        CALLS = [(240, 46), (2**62, 3**39), (2**63 - 1, 2)]
    """,
    "over 64 bits": """
        @brrr
        def f(n):
            return 1 if n <= 1 else n * f(n - 1)
        CALLS = [(5,), (20,), (21,), (25,)]
    """,
    "over 64 bits in between": """
        @brrr
        def big(n):
            x = n * n * n * n
            return x % 1000
        @brrr
        def f(n):
            total = 0
            for i in range(n, n + 4):
                total += big(i)
            return total, big(n + 1)
        CALLS = [(3,), (10**5,), (2**16 - 2,)]
    """,
    "types that differ": """
        @brrr
        def pick(n):
            if n % 3 == 0:
                return None
            if n % 3 == 1:
                return n * 0.5
            return n
        @brrr
        def f(n):
            found = 0
            for i in range(n):
                x = pick(i)
                if x is not None:
                    found += x
            return found, pick(n)
        CALLS = [(7,), (8,), (9,)]
    """,
    "writes": """
        @brrr
        def fill(a, k):
            for i in range(len(a)):
                a[i] += 10 // k
            return a[0]
        @brrr
        def f(a, k):
            a[1] = 2.0
            x = fill(a, k)
            a[0] += x
            y = fill(a, k - 1) + fill(a, k - 2)
            a[2] = y
            return x + y
        CALLS = [(np.zeros(4), 4), (np.zeros(4), 2), (np.zeros(4), 1), (np.zeros(4), 0), (np.zeros(1), 3)]
    """,
    "three frames": """
        def inner(x, k):
            y = x / k
            return y + 1
        @brrr
        def middle(x, k):
            z = inner(x, k) * 2
            return z
        @brrr
        def f(x, k):
            total = 0.0
            for i in range(3):
                total += middle(x, k - i)
            return total
        CALLS = [(3, 5), (3, 1), (3, 2), (2.5, 0)]
    """,
    "raises": """
        def check(n):
            if n > 3:
                raise ValueError("too large", n)
            assert n != 2, "two"
            return n
        @brrr
        def f(n):
            total = 0
            while check(n) < 3 and total < 10:
                total += check(total) + 1
            return total
        CALLS = [(0,), (1,), (2,), (3,), (4,)]
    """,
    "places": """
        def g(n):
            return n * 7 % 5
        @brrr
        def f(a, n):
            if g(n) > 1 and g(n + 1) < 4 or g(n + 2) == 1:
                n += g(n)
            while g(n) not in (0, 3):
                n += 1
            a[g(n)] += g(n + 1)
            a[g(n + 3)], a[0] = a[0] + g(n), g(2) - a[g(1)]
            for i in range(g(3), g(2) + 4, 1 + g(5)):
                n += g(i) if i % 2 else -g(i)
            x = 1 < g(n) < 4
            match g(n):
                case 0:
                    n += 100
                case k if g(k) > 1:
                    n += 10 * g(k)
                case _:
                    n -= 1
            if (y := g(n)) > 2:
                n += y
            return n, x, y, -g(abs(g(n) - 9)), max(g(1), g(n))
        CALLS = [(np.zeros(6), n) for n in range(5)] + [(np.zeros(2, dtype=np.int64), 3)]
    """,
    "arrays that are made": """
        def half(n):
            a = np.arange(n) * 1
            b = a[1:]
            return b
        def row(n):
            t = np.zeros(n)
            for i in range(n):
                t[i] = i * 0.5
            return t
        @brrr
        def f(n):
            s = 0.0
            for i in range(1, n):
                a = row(i)
                s += a[i - 1] + len(a)
            return s, row(2)
        CALLS = [(1,), (6,)]
    """,
    "arrays that are sorted": """
        @brrr
        def f(a, low, high):
            if low >= high:
                return 0
            pivot = a[high]
            i = low
            for j in range(low, high):
                if a[j] < pivot:
                    a[i], a[j] = a[j], a[i]
                    i += 1
            a[i], a[high] = a[high], a[i]
            return 1 + f(a, low, i - 1) + f(a, i + 1, high)
        CALLS = [(np.array([3.0, 1.0, 2.0, 5.0, 4.0, 0.5]), 0, 5)]
    """,
    "defaults and keywords": """
        def g(a, b=2, *, c=1):
            return a * 100 + b * 10 + c
        def h(a, b=2.5):
            return a + b
        @brrr
        def f(n):
            return h(n) + h(b=n, a=1) + h(n, b=3), h(1, 2)
        CALLS = [(1,), (2.5,)]
    """,
    "wrong calls": """
        def g(a, b):
            return a + b
        @brrr
        def f(n):
            x = g(n, 1)
            if n > 2:
                x = g(n)
            return x
        CALLS = [(1,), (3,)]
    """,
    "diamond": """
        def leaf(x):
            return x * 3 - 1
        def left(x):
            return leaf(x) + leaf(x + 1)
        def right(x):
            return leaf(x) - left(x)
        @brrr
        def f(x):
            return left(x) * right(x) + leaf(left(x))
        CALLS = [(1,), (1.5,), (2**40,), (2**62,)]
    """,
    "recursion in a loop": """
        @brrr
        def f(n, k):
            if n == 0:
                return 1
            total = 0
            for i in range(k):
                if i % 2 == n % 2:
                    total += f(n - 1, k)
            return total
        CALLS = [(3, 4), (4, 3)]
    """,
    "arrays of the module": """
        TABLE = np.array([3, 1, 4, 1, 5])
        SUMS = np.zeros(3)
        def look(i):
            return TABLE[i]
        def note(i, x):
            SUMS[i % 3] += x
            return SUMS[i % 3]
        @brrr
        def walk(i):
            if i <= 0:
                return note(0, 0.5)
            x = note(i, look(i)) / (i - 4)
            return x + walk(i - 1)
        @brrr
        def f(n):
            SUMS[0] = SUMS[1] = SUMS[2] = 0
            total = walk(n)
            for i in range(n):
                total += look(i) * 2
            return total, SUMS[0], SUMS[1], SUMS[2], look(n), TABLE
        CALLS = [(0,), (3,), (4,), (5,), (-1,)]
    """,
    "variables of a function": """
        def make(k, t):
            def even(n):
                return t[k] if n == 0 else odd(n - 1) + k
            def odd(n):
                return -k if n == 0 else even(n - 1)
            @brrr
            def f(n):
                return even(n) * k, odd(n), t[0]
            return f
        made = [make(k, np.array([1.5, 2.5]) * (k + 1)) for k in range(3)]
        def f(n):
            return tuple(one(n) for one in made)
        CALLS = [(0,), (5,), (6,), (True,)]
    """,
    "none or a tuple": """
        def find(a, x):
            for i in range(len(a)):
                if a[i] == x:
                    return i, a[i] * 2
            return None
        def either(n):
            if n % 4 == 0:
                return n, 0.5
            if n % 4 == 1:
                return n * 0.5
            if n % 4 == 2:
                return n * n * n * n % 100
            return 10 // (n - 3), n
        def again(n):
            return either(n - 1)
        def row(n):
            return np.zeros(n) if n > 1 else None
        @brrr
        def collatz(n, k):
            if k == 0:
                return None
            if n == 1:
                return k, (n, 1.5)
            return collatz(n // 2 if n % 2 == 0 else 3 * n + 1, k - 1)
        @brrr
        def f(a, x, k):
            hits = 0
            for i in range(4):
                hit = find(a, x + i)
                if hit is not None:
                    j, y = hit
                    hits += j * 10 + y
                e = again(k + i)
                if isinstance(e, tuple):
                    hits += e[1]
                else:
                    hits -= e
                r = row(i)
                if r is not None:
                    hits += len(r)
            return hits, collatz(x, k), find(a, 1), either(k)
        CALLS = [
            (np.array([5, 1, 3]), 3, 8), (np.array([2.5, 4.0]), 4, 3), (np.array([7, 9]), 6, 2), (np.array([7, 9]), 8, 2**40 + 1),
            (np.array([1]), 1, 5),
        ]
    """,
    "none or a tuple, itself": """
        @brrr
        def f(n, k):
            if k == 0:
                return None
            if n == 1:
                return k, (n, 1.5)
            if n == 5:
                return n * 0.5
            x = f(n // 2 if n % 2 == 0 else 3 * n + 1, k - 1)
            if n == 6 and x is not None and not isinstance(x, tuple):
                return x + 1
            return x
        CALLS = [(7, 3), (8, 9), (20, 9), (6, 20), (2**62 + 1, 3), (True, 2)]
    """,
    "small functions in loops": """
        def square(x):
            return x * x
        def clip(x, low=-40):
            if x < low:
                return low
            return 90.5 if x > 90 else x
        def parts(x):
            return x // 3, (x % 3, square(x))
        def at(a, i):
            return a[i] * 2 + len(a)
        def put(a, i, x):
            a[i] += x
        def swap(a, i, j):
            a[i], a[j] = a[j], a[i]
        def twice(a, i):
            a[i] += 1
            a[i + 1] += 1
        def inverse(x):
            return square(1 / x) if x else 0.0
        @brrr
        def f(a, n, k):
            total = 0
            for i in range(len(a)):
                total += square(i * k) + clip(a[i] + k) * 2
                q, (r, s) = parts(i + n)
                put(a, i, at(a, i - 1) % 7 + q - r)
                swap(a, i, n - i)
                twice(a, i - 1)
                a[0] += square(a[i]) % 5 + at(a, 0) % 11
                total += inverse(s - 4)
            while square(n) < 50:
                n += square(2) if n % 2 else square(1) + 1
            return total, n
        CALLS = [
            (np.array([5, -300, 100, 7]), 3, 2), (np.array([1, 2, 3]), 1, 2**40), (np.array([1, 2, 3]), 2, 2**32),
            (np.array([1.5, 200.0]), 1, 1), (np.array([1, 2, 3]), 9, 0.5), (np.array([2**62, 2**62 - 1, 3]), 2, 1),
        ]
    """,
    "nothing comes back": """
        @brrr
        def note(a, n):
            a[n] += 1
        @brrr
        def f(a):
            for i in range(len(a)):
                note(a, i)
            note(a, 0)
        CALLS = [(np.zeros(3),), (np.zeros(0),)]
    """,
}


def module(text, decorated):
    """The module of a group; its functions come from lines that tracebacks show."""
    text = textwrap.dedent(text)
    name = f"<group {hash(text)}>"
    linecache.cache[name] = len(text), None, text.splitlines(keepends=True), name
    made = ModuleType("group")
    made.__dict__.update(brrr=brrr if decorated else lambda function: function, np=np, range=range)
    exec(compile(text, name, "exec"), made.__dict__)
    return made


def outcome(function, args):
    """What a call comes to: its value or its exception, what it has written, and the frames."""
    args = tuple(one.copy() if isinstance(one, np.ndarray) else one for one in args)
    try:
        result = function(*args)
        came = described(result)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)[1:]
        places = [(one.name, one.lineno, one.colno, one.end_colno) for one in frames if one.filename.startswith("<group")]
        came = type(error), str(error), error.__cause__, error.__context__, places
    return came, [described(one) for one in args]


def described(value):
    if isinstance(value, tuple):
        return tuple(described(one) for one in value)
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tolist()
    return type(value), repr(value)


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_does_what_cpython_does(name):
    plain, compiled = module(GROUPS[name], False), module(GROUPS[name], True)
    for call in plain.CALLS:
        expected = outcome(plain.f, call)
        for _ in range(3):
            assert outcome(compiled.f, call) == expected, call


@pytest.mark.parametrize("name", GROUPS)
def test_exits_may_be_anywhere(name):
    with forced.probed():
        plain, compiled = module(GROUPS[name], False), module(GROUPS[name], True)
        for call in plain.CALLS:
            expected = outcome(plain.f, call)
            probe(forced.NEVER)
            assert outcome(compiled.f, call) == expected, call
            visits = probe(0)
            chosen = range(1, visits + 1)
            if visits > 80:
                chosen = [*range(1, 40), *random.Random(name).sample(range(40, visits), 40), visits]
            for visit in chosen:
                probe(visit)
                made = outcome(compiled.f, call)
                probe(0)
                assert made == expected, (call, visit)


@brrr
def down(n):
    if n == 0:
        return 0
    return 1 + down(n - 1)


def test_recursion_within_the_limit_is_compiled():
    assert down(900) == 900
    before = down.stats()["compiled"]
    assert down(900) == 900
    assert down.stats()["compiled"] == before + 1


def test_recursion_beyond_the_limit_raises():
    limit = sys.getrecursionlimit()
    with pytest.raises(RecursionError, match="maximum recursion depth exceeded") as raised:
        down(10 * limit)
    depth = len(traceback.extract_tb(raised.value.__traceback__))
    assert limit - 200 < depth < limit + 200
    assert down(800) == 800


def test_a_higher_limit_is_for_compiled_functions_too():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        assert down(15_000) == 15_000
        with pytest.raises(RecursionError):
            down(50_000)
    finally:
        sys.setrecursionlimit(limit)


def test_the_stack_of_any_thread_suffices():
    found = []

    def work():
        for depth in (900, 100_000):
            try:
                found.append(down(depth))
            except RecursionError:
                found.append("too deep")

    before = threading.stack_size()
    for size in (0, 128 << 10, 256 << 10, 1 << 20):
        threading.stack_size(size)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    threading.stack_size(before)
    assert found == [900, "too deep"] * 4


def test_no_limit_is_too_high_for_the_stack(tmp_path):
    program = tmp_path / "deep.py"
    program.write_text(textwrap.dedent("""
        import sys
        from brrr import brrr
        @brrr
        def down(n):
            if n == 0:
                return 0
            return 1 + down(n - 1)
        sys.setrecursionlimit(10**9)
        try:
            down(10**9)
        except RecursionError:
            print("too deep")
    """))
    limited = f"ulimit -s 1024; exec {sys.executable} {program}"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "too deep\n", "")


@brrr
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


@brrr
def spin(n):
    total = 0
    for i in range(n):
        total = (total * 31 + i) % 1_000_003
    return total


@brrr
def spin_and_more(n):
    return spin(n) + 1


class Interrupt(Exception):
    pass


@pytest.mark.parametrize(("function", "argument", "names"), [
    (fib, 70, {"fib"}),
    (spin_and_more, 10**13, {"spin_and_more", "spin"}),
])
def test_signals_are_handled_within_called_functions(function, argument, names):
    def handler(*_):
        raise Interrupt

    function(3)
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(Interrupt) as raised:
            function(argument)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert frames[-1].name == "handler"
    assert {one.name for one in frames[1:-1]} == names
    assert frames[1].name == function.__name__
    assert function(3) == function.original_func(3)


def test_types_are_told_behind_calls():
    made = module("""
        def half(x):
            return x / 2

        @brrr
        def f(n):
            if n < 2:
                return n
            before = f(n - 2)
            return before + half(n)
        CALLS = []
    """, True)
    text = made.f.inspect_types("int")
    assert text.startswith("f(n: i64) -> i64 | f64\n") and "# before: i64 | f64" in text, text


def test_a_function_that_is_called_may_change_meanwhile():
    text = """
        def g(n):
            return n + 1
        @brrr
        def f(n):
            return g(n)
        CALLS = []
    """
    made = module(text, True)
    assert made.f(1) == 2
    made.g = module("""
        def g(n, k=4):
            return n * k
    """, False).g
    assert made.f(1) == 4
    made.g.__defaults__ = (5,)
    assert made.f(1) == 5
    made.g.__code__ = module("""
        def g(n, k=4):
            return n - k
    """, False).g.__code__
    assert made.f(1) == -4


def test_a_function_hears_of_its_own_defaults():
    text = """
        @brrr
        def f(n, k=2, *, j=1):
            if n <= 0:
                return k * j
            return f(n - 1) + 1
        CALLS = []
    """
    plain, made = module(text, False).f, module(text, True).f
    changes = [
        {},
        {"__defaults__": (7,)},
        {"__kwdefaults__": {"j": 10}},
        {"__kwdefaults__": {"j": 10.5}, "__defaults__": (0.5,)},
        {"__defaults__": None},
        {"__defaults__": (2,), "__kwdefaults__": {"j": 1}},
        {"__kwdefaults__": None},
    ]
    for change in changes:
        for name, value in change.items():
            setattr(plain, name, value)
            setattr(made.original_func, name, value)
        for args in ((3,), (0, 5), (2, 5)):
            for _ in range(2):
                assert outcome(made, args) == outcome(plain, args), (change, args)
    plain.__kwdefaults__, made.original_func.__kwdefaults__ = {"j": 3}, {"j": 3}
    assert outcome(made, (3,)) == outcome(plain, (3,))
    plain.__kwdefaults__["j"] = made.original_func.__kwdefaults__["j"] = 4
    assert outcome(made, (3,)) == outcome(plain, (3,))


def wrapped(value):
    return (value + 2**63) % 2**64 - 2**63


def test_each_function_has_its_own_overflow():
    text = """
        def plain(n):
            return n * n
        @brrr(overflow="wrap")
        def wraps(n):
            return n * n + plain(n)
        @brrr
        def exact(n):
            return n * n - plain(n) + 1
        @brrr(overflow="wrap")
        def both(n):
            return wraps(n), exact(n)[0] if n < 0 else exact(n), n * 3
        @brrr
        def f(n):
            return wraps(n), exact(n), n * 3
        @brrr
        def g(n):
            return 1 if n <= 1 else n * h(n - 1)
        @brrr(overflow="wrap")
        def h(n):
            return 1 if n <= 1 else n * g(n - 1)
        CALLS = []
    """
    made = ModuleType("group")
    linecache.cache["<group overflow>"] = len(text), None, textwrap.dedent(text).splitlines(keepends=True), "<group overflow>"
    made.__dict__["brrr"] = brrr
    exec(compile(textwrap.dedent(text), "<group overflow>", "exec"), made.__dict__)
    for n in (3, 2**40 + 3, 2**62):
        wraps = wrapped(2 * n * n)
        assert made.f(n) == (wraps, 1, n * 3)
        assert made.both(n) == (wraps, 1, wrapped(n * 3))
        assert made.wraps(n) == wraps and made.exact(n) == 1
    assert made.f.stats()["exits"]
    assert not made.wraps.stats()["exits"]

    def product(n, wraps):
        if n <= 1:
            return 1
        below = n * product(n - 1, not wraps)
        return wrapped(below) if wraps else below

    for n in (5, 21, 22):
        assert made.g(n) == product(n, False)
    # Where `g` gives more than 64 bits, `h` leaves for the interpreter.
    for n in (5, 20, 21):
        assert made.h(n) == product(n, True)


def test_what_the_interpreter_did_may_change_what_is_called():
    text = """
        @brrr
        def leaf(n):
            x = n * n
            return x % 7
        @brrr
        def f(n):
            a = leaf(n)
            return a + step(n)
        @brrr
        def step(n):
            return 1
        CALLS = []
    """
    made = module(text, True)
    assert made.f(3) == 3
    assert made.f(2**40) == 2**80 % 7 + 1
    made.step = module("""
        def step(n):
            return 1000
    """, False).step
    assert made.f(2**40) == 2**80 % 7 + 1000


OUTSIDE = """
    TABLE = np.array([1, 2, 3])
    K = OUTER = 5
    def read(i):
        return TABLE[i] + K
    @brrr
    def leaf(n):
        x = n * n
        return x % 7
    @brrr
    def down(n, m):
        if n == 0:
            return leaf(m)
        return down(n - 1, m) + read(n)
    @brrr
    def f(n, m):
        row = TABLE[1:]
        before = read(0)
        return before, down(n, m), read(0), read(1), K, row[0]
    CALLS = []
"""


def test_values_of_the_module_change_between_calls():
    plain, made = module(OUTSIDE, False), module(OUTSIDE, True)
    for k in (5, 6, 7, 8, 9, 2.5, 3.5, 10, True, 2**70, 4):
        plain.K = made.K = k
        assert outcome(made.f, (2, 3)) == outcome(plain.f, (2, 3))
    before = made.f.stats()["compiled"]
    for k in range(50):
        plain.K = made.K = k
        plain.TABLE = made.TABLE = np.array([k, 2, k * k])
        assert described(made.f(2, 3)) == described(plain.f(2, 3))
    assert made.f.stats()["compiled"] == before + 50
    for table in (np.array([0.5, 1.5, 2.5]), np.array([[1, 2], [3, 4], [5, 6]])[:, 1], (7, 8, 9)):
        plain.TABLE = made.TABLE = table
        assert outcome(made.f, (1, 3)) == outcome(plain.f, (1, 3))
    del plain.K, made.K
    assert outcome(made.f, (1, 3)) == outcome(plain.f, (1, 3))
    plain.K = made.K = 1
    plain.TABLE = made.TABLE = np.array([9, 9, 8])
    assert described(made.f(2, 3)) == described(plain.f(2, 3))


@pytest.mark.parametrize("changes", [{"TABLE": np.array([10, 20, 30])}, {"K": 50}, {"TABLE": np.array([0.5, 1.5, 2.5]), "K": 0.5}])
def test_values_of_the_module_change_while_the_interpreter_runs(changes):
    made = module(OUTSIDE, True)
    made.f(1, 3)
    for made.K in (3, 4, 5):
        made.f(1, 3)
    plain = module(OUTSIDE, False)
    plain.K = made.K

    # Where `leaf` is left for the interpreter, another one of its functions changes the names.
    def changing(frame, event, _):
        if event == "call" and frame.f_code.co_name == "leaf" and "OUTER" in frame.f_globals:
            frame.f_globals.update(changes)

    results = []
    for one in (plain, made):
        sys.setprofile(changing)
        try:
            results.append(described(one.f(2, 2**40)))
        finally:
            sys.setprofile(None)
    assert results[0] == results[1]


def test_what_leaves_often_is_called_again():
    made = module("""
        def power(n):
            x = n * n * n * n
            y = x * 3
            return y % 1000
        @brrr
        def f(n, m):
            total = 0
            for i in range(n, n + m):
                total += power(i)
            return total
        CALLS = []
    """, True)
    for n in (3, *range(2**20, 2**20 + 300), 3):
        assert made.f(n, 3) == sum(i**4 * 3 % 1000 for i in range(n, n + 3))
    # At first the function that is done in place leaves as its caller, then as itself.
    assert sum(made.f.stats()["exits"].values()) == 200
    for n in (3, 2**20, 2**30):
        assert made.f(n, 100) == sum(i**4 * 3 % 1000 for i in range(n, n + 100))
    assert sum(made.f.stats()["exits"].values()) == 200


def test_a_caller_goes_on_in_compiled_code_whatever_comes():
    made = module("""
        def either(n):
            if n % 3 == 0:
                return None
            if n % 3 == 1:
                return n, 0.5
            return n * 2
        @brrr
        def f(n):
            total = 0.0
            for i in range(n):
                e = either(i)
                if e is None:
                    total -= 1
                elif isinstance(e, tuple):
                    total += e[0] + e[1]
                else:
                    total += e
            return total, either(n)
        CALLS = []
    """, True)
    for n in range(12):
        assert described(made.f(n)) == described(made.f.original_func(n))
    assert not made.f.stats()["exits"]


def test_a_loop_over_calls_is_as_quick_as_one_without():
    made = module("""
        def square(x):
            return x * x
        @brrr
        def called(n):
            total = 0
            for i in range(n):
                total += square(i)
            return total
        CALLS = []
    """, True)
    assert made.called(2**20) == sum(i * i for i in range(2**20))
    # A closed form.
    times = []
    for _ in range(10):
        start = time.perf_counter()
        assert made.called(2_000_000) == 1_999_999 * 2_000_000 * 3_999_999 // 6
        times.append(time.perf_counter() - start)
    assert min(times) < 1e-3


def test_nothing_is_left_of_functions_that_call_each_other():
    def make():
        made = module(GROUPS["each other"], True)
        assert made.f(10) is True
        made.__dict__["f"](3)
        references = [weakref.ref(made.f), weakref.ref(made.odd)]
        made.__dict__.clear()
        return references

    references = make()
    gc.collect()
    assert [one() for one in references] == [None, None]


def test_exceptions_of_called_functions_hold_nothing():
    made = module(GROUPS["three frames"], True)
    with pytest.raises(ZeroDivisionError):
        made.f(3, 1)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(50):
        try:
            made.f(3, 1)
        except ZeroDivisionError:
            pass
    gc.collect()
    assert len(gc.get_objects()) < before + 200


def test_arrays_of_called_functions_go():
    resource = pytest.importorskip("resource")
    made = module("""
        def row(n):
            t = np.zeros(n)
            t[n - 1] = 1.0
            return t
        @brrr
        def f(m, n):
            s = 0.0
            for i in range(m):
                a = row(n)
                s += a[n - 1]
            return s
        CALLS = []
    """, True)
    assert made.f(3, 1000) == 3.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # 800 MB in all.
    assert made.f(2000, 50_000) == 2000.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
