"""What is said of mistakes that beginners make, to the word, and what the fix makes of them."""

from __future__ import annotations

import pytest

HEAD = "import math\nimport numpy as np\nfrom brrr import brrr\n\n"
CASES = [
    # The source, the code, what the message says, and the line that the fix makes; none if there is no fix.
    ("@brrr(overflw='wrap')\ndef f(n: int):\n    return n\n", "BRRR006", "`brrr` has no option `overflw`", "@brrr(overflow='wrap')"),
    ("@brrr(overflow='wraps')\ndef f(n: int):\n    return n\n", "BRRR006", '`overflow` is "exact" or "wrap"', '@brrr(overflow="wrap")'),
    ("@brrr(cache=0)\ndef f(n: int):\n    return n\n", "BRRR006", "`cache` is True or False", None),
    ("@brrr\ndef f(a: 'flot64[:]'):\n    return a\n", "BRRR702", "parameter `a` is annotated `flot64[:]`, which is no type", 'def f(a: "float64[:]"):'),
    ("@brrr\ndef f(a: list[int]):\n    return a\n", "BRRR702", "parameter `a` is annotated `list[int]`, which cannot be compiled", None),
    ("@brrr\ndef f(n: int):\n    return math.sqrtt(n)\n", "BRRR303", "`math` has no `sqrtt`", "    return math.sqrt(n)"),
    ("@brrr\ndef f(n: int):\n    return math.pii\n", "BRRR303", "`math` has no `pii`", "    return math.pi"),
    ("@brrr\ndef f(n: int):\n    return np.random.rand(n)\n", "BRRR314", "the call of `np.random.rand` cannot be compiled", None),
    ("@brrr\ndef f(a: 'float64[:]'):\n    return np.linalg.norm(a)\n", "BRRR314", "the call of `np.linalg.norm` cannot be compiled", None),
    ("@brrr\ndef f(a: 'float64[:]'):\n    a.sort()\n", "BRRR307", "the method `.sort()` cannot be compiled", None),
    ("@brrr\ndef f(n: int):\n    return np.ones(n, np.flot32)\n", "BRRR501", "`np.flot32` as the `dtype` of an array cannot be compiled", "    return np.ones(n, np.float32)"),
    ("@brrr\ndef f(n: int):\n    return np.ones(n, 'flot32')\n", "BRRR501", "`'flot32'` as the `dtype` of an array cannot be compiled", "    return np.ones(n, 'float32')"),
    ("@brrr\ndef f(n: int):\n    t = (1, 2, 3)\n    return t[:n]\n", "BRRR101", "a part of a tuple has to have bounds that are written out", None),
    ("@brrr\ndef f(a: 'float64[:]'):\n    return a[0, 1]\n", "BRRR101", "`float64[:]` has 1 dimension, and there are 2 indices", None),
    ("@brrr\ndef f(a: 'float64[:, :]'):\n    a[0, 1:, 2] = 1\n", "BRRR101", "`float64[:, :]` has 2 dimensions, and there are 3 indices", None),
]


@pytest.mark.parametrize(("source", "code", "message", "line"), CASES)
def test_each_says_what_is_wrong_and_what_is_meant(brrr, source, code, message, line):
    path = brrr.write("a.py", HEAD + source)
    (said,) = brrr("check", "--output-format", "json", path).json()
    assert (said["code"], said["message"]) == (code, message)
    assert said["help"]
    assert len(said["fixes"]) == (0 if line is None else 1)
    for fix in said["fixes"]:
        assert fix["applicability"] == "maybe-incorrect", "it is a guess"
        (edit,) = fix["edits"]
        lines = path.read_text().split("\n")
        start, end = edit["start"], edit["end"]
        old = lines[start["line"] - 1]
        assert start["line"] == end["line"]
        assert old[: start["column"] - 1] + edit["replacement"] + old[end["column"] - 1 :] == line


def said(brrr, body, parameters="n: int"):
    brrr.write("a.py", f"{HEAD}@brrr\ndef f({parameters}):\n{body}")
    return brrr("check", "--output-format", "json", "a.py").json()


def test_an_index_that_is_a_float(brrr):
    (one,) = said(brrr, "    return a[n / 2]\n", "a: 'float64[:]', n: int")
    assert one["help"].startswith("indices are ints: write `//`")
    assert [label["text"] for label in one["labels"]][1:] == ["`a` is `float64[:]` by its annotation", "this division gives `float`"]


def test_what_is_there_for_a_refused_call_goes_with_it(brrr):
    """One cause is said once: the list is there for `np.stack` only. What is wrong for another reason is said all the same."""
    found = said(brrr, "    a = np.stack([n, [2, 'x']])\n    b = input('how many?' + totl)\n    return {}\n")
    assert [one["code"] for one in found] == ["BRRR314", "BRRR306", "BRRR305", "BRRR221"]
