"""Hints on the command line: what the optimiser says, and where runs have left compiled code."""

from __future__ import annotations

import json

import pytest

from .conftest import ROOT

LIBRARY = ROOT / "crates" / "py" / "python" / "brrr" / "_llvm.so"
HEAD = "import math\nfrom brrr import brrr\n\n"
LOOPS = HEAD + '''\
@brrr
def scale(a: "float64[::1]", factor: float):
    for i in range(len(a)):
        a[i] = a[i] * factor

@brrr
def total(a: "float64[::1]"):
    result = 0.0
    for x in a:
        result += x
    return result

@brrr
def triangle(n: int):
    result = 0
    for i in range(n):
        result += i
    return result
'''


@pytest.fixture
def check(brrr):
    if not LIBRARY.exists():
        pytest.fail(f"{LIBRARY} is missing: scripts/dev.sh builds it")

    def check(*arguments, llvm=LIBRARY):
        ran = brrr("check", "--output-format", "json", *arguments, env={"BRRR_LLVM": str(llvm)})
        return ran, [(one["code"], one["start"]["line"]) for one in json.loads(ran.out or "[]")]

    return check


def test_what_llvm_says_comes_with_the_hints(brrr, check):
    brrr.write("a.py", LOOPS)
    ran, found = check("--hints")
    assert ran.code == 0 and ran.err == ""
    assert found == [("BRRR604", 6), ("BRRR601", 13), ("BRRR605", 19)]
    assert check()[1] == [], "hints are shown on request"
    assert check("--select", "BRRR604")[1] == [("BRRR604", 6)]
    assert check("--hints", "--ignore", "vectorised,loop-formula")[1] == [("BRRR601", 13)]


def test_without_llvm_there_are_the_other_hints(brrr, check):
    brrr.write("a.py", LOOPS)
    brrr.write("b.py", LOOPS)
    ran, found = check("--hints", llvm="/nowhere/_llvm.so")
    assert ran.code == 0 and found == [("BRRR601", 13), ("BRRR601", 13)]
    assert ran.err.count("hints are shown without what LLVM says") == 1 and "/nowhere/_llvm.so" in ran.err


@pytest.mark.parametrize("slug", ["vectorised", "loop-formula", "checked-turns", "inlined-call"])
def test_the_programs_of_the_pages(brrr, check, slug):
    page = (ROOT / "crates/core/src/diagnostic/pages" / f"{slug}.md").read_text()
    fails, works = (part.split("\n", 1)[1].split("```")[0] for part in page.split("```python")[1:])
    brrr.write("a.py", fails)
    assert len(check("--hints", "--select", slug)[1]) >= 1
    brrr.write("a.py", works)
    assert check("--hints", "--select", slug)[1] == []


def test_many_files_are_asked_about(brrr, check):
    for at in range(12):
        brrr.write(f"a{at}.py", LOOPS)
    assert check("--hints", "-j", "4")[1] == [("BRRR604", 6), ("BRRR601", 13), ("BRRR605", 19)] * 12


def test_a_function_that_is_refused_has_no_hints(brrr, check):
    brrr.write("a.py", HEAD + "@brrr\ndef f(**x):\n    for i in range(9):\n        x = i\n    return x\n")
    assert [code for code, _ in check("--hints")[1]] == ["BRRR205"]


def text_hash(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & (2**64 - 1)
    return f"{value:x}"


def test_where_runs_have_left_compiled_code(brrr, check):
    function = "@brrr\ndef f(a: int):\n    return a * a"
    brrr.write("a.py", HEAD + "\n# It has moved.\n" + function + "\n")
    (brrr.folder / ".brrr").mkdir()
    seen = {"path": "a.py", "name": "f", "text": text_hash(function), "line": 4, "calls": 1500, "signatures": ["int"], "exits": {"6": 3}}
    (brrr.folder / ".brrr" / "types.json").write_text(json.dumps({"functions": [seen]}))
    ran, found = check("--hints")
    assert found == [("BRRR609", 8)]
    (one,) = ran.json()
    assert one["message"] == "compiled code was left here 3 times, in 1.5 k calls"
    brrr.write("a.py", HEAD + function.replace("a * a", "a * a + 1") + "\n")
    assert check("--hints")[1] == [], "another text"
