"""Functions that call functions: values, arrays, exceptions and tracebacks are CPython's, wherever one of them leaves.

Each group is a module, once plain and once under the decorator. Every call runs as it is, and with the exit forced at each
entry point in turn, in whichever function that is.
"""

import numpy as np
import pytest

from tests.api import groups

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


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_does_what_cpython_does(name):
    groups.does_what_cpython_does(GROUPS[name])


@pytest.mark.parametrize("name", GROUPS)
def test_exits_may_be_anywhere(name):
    groups.exits_may_be_anywhere(GROUPS[name])
