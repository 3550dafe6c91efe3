"""What the build at hand takes, found out by trying: constructs, rows, and forms of calls that no row tells.

A small function for each is decorated and called once, so that one generator serves while the language grows. What a build
refuses is left out; what it takes must be right.
"""

from __future__ import annotations

import math
import random
import warnings
from functools import cache

from tests import program, table
from tests.table import Row
from tests.values import huge, written

# Construct: the text of a module with a function `f`, and arguments.
CONSTRUCTS: dict[str, tuple[str, tuple]] = {
    "walrus": ("@brrr\ndef f(a):\n    if (b := a + 1) > 2 and (c := b):\n        return c\n    return b\n", (1,)),
    "call of another function": ("def g(a):\n    return a + 1\n\n@brrr\ndef f(a):\n    return g(a) * 2\n", (1,)),
    "inner def": ("@brrr\ndef f(a):\n    def g(b):\n        return a + b\n    return g(1)\n", (1,)),
    "inner lambda": ("@brrr\ndef f(a):\n    g = lambda b: a + b\n    return g(1)\n", (1,)),
    "inner nonlocal": ("@brrr\ndef f(a):\n    def g(b):\n        nonlocal a\n        a += b\n    g(1)\n    return a\n", (1,)),
    "match": ("@brrr\ndef f(a):\n    match a:\n        case 1:\n            return 2\n        case _:\n            return 3\n", (1,)),
    "match or": ("@brrr\ndef f(a):\n    match a:\n        case 1 | -2:\n            return 2\n    return 3\n", (1,)),
    "match float": ("@brrr\ndef f(a):\n    match a:\n        case 1.5:\n            return 2\n    return 3\n", (1.5,)),
    "match capture": ("@brrr\ndef f(a):\n    match a:\n        case b if b > 2:\n            return b\n        case c:\n"
                      "            return -c\n", (1,)),
    "match singleton": ("@brrr\ndef f(a):\n    match a:\n        case None:\n            return 2\n        case True:\n"
                        "            return 3\n    return 4\n", (True,)),
    "match as": ("@brrr\ndef f(a):\n    match a:\n        case (1 | 2) as b:\n            return b\n    return 4\n", (1,)),
    "match class": ("@brrr\ndef f(a):\n    match a:\n        case int():\n            return 2\n        case float(b):\n"
                    "            return b\n    return 3\n", (1,)),
    "match tuple": ("@brrr\ndef f(a, b):\n    match a, b:\n        case (1, c):\n            return c\n    return 3\n", (1, 2)),
    "assert": ("@brrr\ndef f(a):\n    assert a\n    return a\n", (1,)),
    "assert message": ("@brrr\ndef f(a):\n    assert a, 'text'\n    return a\n", (1,)),
    "assert formatted": ("@brrr\ndef f(a):\n    assert a, f'{a} is {a + 1:>4}'\n    return a\n", (1,)),
    "raise": ("@brrr\ndef f(a):\n    if a > 3:\n        raise ValueError('text')\n    return a\n", (1,)),
    "raise class": ("@brrr\ndef f(a):\n    if a > 3:\n        raise ValueError\n    return a\n", (1,)),
    "raise formatted": ("@brrr\ndef f(a):\n    if a > 3:\n        raise ValueError(f'{a!r} of {a + 1}')\n    return a\n", (1,)),
    "raise from": ("@brrr\ndef f(a):\n    if a > 3:\n        raise ValueError('a') from None\n    return a\n", (1,)),
    "in": ("@brrr\ndef f(a):\n    return a in (1, 2.5, 3)\n", (1,)),
    "not in": ("@brrr\ndef f(a):\n    return a not in (1, 2.5, 3)\n", (1,)),
    "is none": ("@brrr\ndef f(a):\n    return a is None or a is not None\n", (1,)),
    "none": ("@brrr\ndef f(a):\n    b = None\n    if a:\n        b = 1\n    return b\n", (0,)),
    "tuple": ("@brrr\ndef f(a):\n    b = (a, 1.5)\n    return b\n", (1,)),
    "tuple nested": ("@brrr\ndef f(a):\n    b = (a, (1.5, True), ())\n    return b\n", (1,)),
    "tuple unpack": ("@brrr\ndef f(a):\n    b = (a, 1.5)\n    c, d = b\n    return d, c\n", (1,)),
    "tuple index": ("@brrr\ndef f(a):\n    b = (a, 1.5)\n    return b[0] + b[-1]\n", (1,)),
    "tuple argument": ("@brrr\ndef f(a):\n    b, c = a\n    return b\n", ((1, 2.5),)),
    "tuple compare": ("@brrr\ndef f(a):\n    b = (a, 1.5)\n    return b == (1, 1.5) or b < (2, a)\n", (1,)),
    "tuple functions": ("import math\n@brrr\ndef f(a):\n    b = (a, 1.5)\n    return max(b) + sum(b) + math.fsum(b) + b.count(1) + (a in b) + any(b)\n", (1,)),
    "tuple slice": ("@brrr\ndef f(a):\n    b = (a, 1.5)\n    return b[1:] * 2, b[::-1], tuple(b)\n", (1,)),
    "in range": ("@brrr\ndef f(a):\n    return a in range(3)\n", (1,)),
    "tuple loops": ("@brrr\ndef f(a):\n    for i, b in zip(range(3), enumerate(reversed((a, 2)))):\n        a += b[1]\n    return a\n", (1,)),
    "tuple star": ("@brrr\ndef f(a):\n    b, *_ = (a, 2, 3)\n    return b\n", (1,)),
    "tuple for": ("@brrr\ndef f(a):\n    for b in (a, 2, 3):\n        a += b\n    return a\n", (1,)),
    "complex": ("@brrr\ndef f(a):\n    return a * 2j + 1\n", (1 + 2j,)),
    "constant": ("COUNT = 7\n@brrr\ndef f(a):\n    return a + COUNT\n", (1,)),
    "constant float": ("RATE = 0.25\n@brrr\ndef f(a):\n    return a * RATE\n", (1,)),
    "constant beyond": ("MASK = 18446744073709551615\n@brrr\ndef f(a):\n    return a & MASK\n", (1,)),
    "star": ("@brrr\ndef f(a, *b):\n    return sum(b) + a\n", (1, 2, 3)),
    "captured": ("def make(k):\n    @brrr\n    def f(a):\n        return a + k\n    return f\n\nf = make(3)\n", (1,)),
    "keyword-only": ("@brrr\ndef f(a, *, b=2, c):\n    return a + b + c\n", (1, {"c": 2})),
    "default": ("@brrr\ndef f(a, b=2.5):\n    return a + b\n", (1,)),
    "positional-only": ("@brrr\ndef f(a, /, b):\n    return a + b\n", (1, 2)),
    "literal beyond": ("@brrr\ndef f(a):\n    return a & 18446744073709551615\n", (1,)),
}

# Forms of calls that no single row tells: text, types of the operands, type of the result.
FORMS: list[tuple[str, tuple[str, ...], str]] = [
    ("max({}, {}, {})", ("int", "int", "int"), "int"), ("min({}, {}, {})", ("float", "float", "float"), "float"),
    ("max({}, {})", ("int", "float"), "float"), ("min({}, {})", ("bool", "int"), "int"),
    ("sum(({}, {}, {}))", ("int", "int", "int"), "int"), ("sum(({}, {}, {}))", ("float", "int", "float"), "float"),
    ("sum(range({}))", ("small",), "int"), ("len(range({}))", ("int",), "int"), ("len(({}, {}))", ("int", "float"), "int"),
    ("any(({}, {}))", ("int", "float"), "bool"), ("all(({}, {}))", ("bool", "int"), "bool"),
    ("isinstance({}, int)", ("int",), "bool"), ("isinstance({}, float)", ("float",), "bool"),
    ("isinstance({}, (int, float))", ("float",), "bool"), ("isinstance({}, bool)", ("int",), "bool"),
    ("pow({}, 3, 7)", ("int",), "int"), ("pow({}, 2)", ("int",), "int"), ("round({}, 2)", ("float",), "float"),
    ("round({})", ("float",), "int"), ("round({}, -1)", ("int",), "int"), ("divmod({}, 7)[0]", ("int",), "int"),
    ("divmod({}, 2.5)[1]", ("float",), "float"), ("int({})", ("float",), "int"), ("float({})", ("int",), "float"),
    ("bool({})", ("float",), "bool"), ("complex({}, {})", ("float", "float"), "complex"), ("abs({})", ("complex",), "float"),
    ("math.pi * {}", ("float",), "float"), ("(math.inf > {})", ("float",), "bool"), ("math.hypot({}, {}, {})", ("float", "float", "float"), "float"),
    ("math.gcd({}, {}, {})", ("int", "int", "int"), "int"), ("math.lcm({}, {})", ("int", "int"), "int"),
    ("math.isclose({}, {}, rel_tol=0.25)", ("float", "float"), "bool"), ("math.prod(({}, {}))", ("int", "int"), "int"),
    ("math.fsum(({}, {}, {}))", ("float", "float", "int"), "float"), ("math.dist(({}, {}), (1.0, 2.0))", ("float", "float"), "float"),
    ("({} in range(10))", ("int",), "bool"), ("({} in range({}, 40, 3))", ("float", "small"), "bool"),
    ("sum(({}, {}), {})", ("int", "float", "float"), "float"), ("sum([{}, {}])", ("complex", "float"), "complex"),
    ("math.hypot({}, {}, {}, {}, {})", ("float", "int", "float", "float", "int"), "float"),
    ("math.prod(({}, {}, {}))", ("int", "float", "bool"), "float"),
    ("isinstance({}, int | float)", ("float",), "bool"), ("isinstance({}, (tuple, type(None)))", ("int",), "bool"),
    *([("math.sumprod(({}, {}), ({}, 3))", ("int", "int", "int"), "int"),
       ("math.sumprod(({}, {}), ({}, 0.1))", ("float", "int", "bool"), "float")] if hasattr(math, "sumprod") else []),
]

OPERANDS = {
    "int": [0, 1, -1, 2, 3, 5, 10, -7, 64, 2**31, 2**53 + 1, 2**62], "small": [0, 1, 3, 7],
    "float": [0.0, 0.5, 1.0, -1.5, 2.5, 0.1, 100.25, -0.0, 1e10], "bool": [True, False], "None": [None],
    "complex": [0j, 1j, 1.5 - 2j, -0.25 + 3j],
}


def works(text: str, call: tuple | None) -> bool:
    """True if the build takes the function, and the call if there is one."""
    from brrr import BrrrError, brrr

    file = program.filename("feature")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            function = program.execute(text, file, brrr)["f"]
            if call is not None:
                args, kwargs = program.made(call)
                function(*args, **kwargs)
        except (BrrrError, SyntaxError):
            return False
        except Exception:
            return True
        finally:
            program.forget(file)
    return True


def _expression_works(text: str) -> bool:
    # Calls are refused at decoration.
    module = "import math\n" if "math." in text else ""
    return works(f"{module}@brrr\ndef f(a, b, c, d, e):\n    return {text}\n", None)


@cache
def constructs() -> frozenset[str]:
    """The constructs that the build takes."""
    return frozenset(name for name, (text, call) in CONSTRUCTS.items() if works(text, call))


@cache
def _kinds() -> frozenset[str]:
    return frozenset(OPERANDS) - (frozenset() if "complex" in constructs() else {"complex"})


@cache
def forms() -> list[tuple[str, tuple[str, ...], str]]:
    """The forms of calls that the build takes."""
    return [one for one in FORMS if {*one[1], one[2]} <= _kinds() and _expression_works(one[0].format(*"abcde"))]


@cache
def rows() -> list[Row]:
    """The rows that the build takes, and whose operands the generator can make."""
    return [row for row in table.rows() if set(row.params) <= _kinds() and (
        row.kind in ("binary", "unary", "power") or _expression_works(row.spelled(*"abcde"[:len(row.params)])))]


@cache
def good(row: Row) -> tuple[float, list[tuple[str, ...]]]:
    """The share of operands for which a function does not raise, and operands, as they are written, of that kind."""
    chosen = random.Random(f"{row.name}{row.params}")
    namespace = {"math": math, "inf": math.inf, "nan": math.nan}
    fine, tried = [], 0
    for _ in range(60):
        operands = [chosen.choice(OPERANDS[kind]) for kind in row.params]
        if huge(row.name, operands):
            continue
        tried += 1
        texts = tuple(f"({written(one)})" if written(one).startswith("-") else written(one) for one in operands)
        try:
            eval(row.spelled(*texts), namespace)
        except Exception:
            continue
        fine.append(texts)
    return len(fine) / max(tried, 1), fine
