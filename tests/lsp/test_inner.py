"""What the editor says of functions within functions: those that are compiled with the one around, and plain ones beside brrr functions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .test_answers import hover, labels, lenses

TEXT = """\
from brrr import brrr

@brrr
def f(n: int, s=0.5):
    total = 0
    def add(x, y=2):
        z = x * s
        return z + total + y
    g = lambda q: (q + s)
    for i in range(n):
        total += 1
    r = add(n)
    r += add(0.5)
    r += g(n)
    return r

@brrr
def once(n: int):
    def half(k):
        w = k / 2
        return w
    def unused(k):
        return k
    return half(n)
"""


@pytest.fixture
def document(client):
    return client.open(TEXT)


def test_hints_within_functions_within(client, document):
    shown = labels(client, document)
    assert [label for line, label in shown if line == 5] == [": i64 | f64", ": i64", " -> f64"], "x, y and the result of add"
    assert [label for line, label in shown if line == 6] == [": f64", " as f64"], "z, and x is converted in one of the calls"
    assert [label for line, label in shown if line == 8] == [": i64", " -> f64", " as f64"], "a lambda; its name needs no hint"
    assert [label for line, label in shown if line in (17, 18, 19)] == [" -> f64", ": i64", " -> f64", ": f64"]
    assert not [label for line, label in shown if line in (21, 22)], "what is never called has no types"


def test_hints_of_parameters_within_say_where_their_types_are_from(client, document):
    whole = {"start": {"line": 18, "character": 0}, "end": {"line": 19, "character": 0}}
    first = client.ask("textDocument/inlayHint", document, range=whole)[0]
    resolved = client.request("inlayHint/resolve", first)["result"]
    assert resolved["tooltip"]["value"] == "`k: int (i64)`, from the calls of `half`"


def test_hover_on_what_a_function_within_captures(client, document):
    said = hover(client, document, TEXT, "s\n        return z")
    assert "s: float (f64)" in said and "as a parameter, from its default value" in said
    said = hover(client, document, TEXT, "z + total", 4)
    assert "total: int (i64)" in said
    assert "since line 5: `total = 0`" in said and "since line 11: `total += 1`" in said


def test_hover_on_its_own_names(client, document):
    said = hover(client, document, TEXT, "x * s")
    assert "x: int | float (i64 | f64)" in said and "from the calls of `add`" in said
    assert "2 calls together, each of which is compiled for its own types" in said and "tagged" not in said
    said = hover(client, document, TEXT, "k / 2")
    assert "k: int (i64)" in said and "from the calls of `half`" in said
    said = hover(client, document, TEXT, "w\n    def unused")
    assert "w: float (f64)" in said and "since line 20: `w = k / 2`" in said
    assert "`/` `(int, int) -> float`" in hover(client, document, TEXT, "/ 2")
    assert "```brrr-ir" in hover(client, document, TEXT, "/ 2"), "the IR of a line within"
    assert hover(client, document, TEXT, "k\n    return half") is None, "what is never called has no types"


def test_hover_on_the_function_and_its_calls(client, document):
    said = hover(client, document, TEXT, "add(x")
    assert "add(int, int) -> float\nadd(float, int) -> float" in said and "compiled with `f`" in said
    assert "add(int) -> float" in hover(client, document, TEXT, "add(n)")
    assert "add(float) -> float" in hover(client, document, TEXT, "add(0.5)")
    assert "<lambda>(int) -> float" in hover(client, document, TEXT, "lambda")
    assert "<lambda>(int) -> float" in hover(client, document, TEXT, "g(n)")
    assert "no call of it is compiled with `once`" in hover(client, document, TEXT, "unused(k")


def test_what_is_within_follows_edits_and_signatures(client, document):
    client.change(document, TEXT.replace("return half(n)", "return half(n > 3)"))
    assert (18, ": bool") in labels(client, document)
    client.change(document, TEXT)
    argument = {"uri": document, "position": {"line": 17, "character": 4}, "signature": "(float)"}
    client.request("workspace/executeCommand", {"command": "brrr.chooseSignature", "arguments": [argument]})
    assert (18, ": f64") in labels(client, document)


AROUND = """\
from brrr import brrr
K = 3

def make(scale: float):
    def helper(x):
        return deeper(x) + K

    def deeper(x):
        return x * scale

    @brrr
    def f(n: int):
        a = helper(n)
        return a
    return f

def other():
    def helper(x):
        return x > 0

    @brrr
    def g(n: int):
        b = helper(n)
        return b
    return g

print(make(2.5)(3), other()(3))
"""


def test_plain_functions_beside_a_brrr_function_are_followed(client, tmp_path):
    """Within a function that is not compiled; each with the helper of its own."""
    uri = client.open(AROUND)
    shown = labels(client, uri)
    assert (12, ": f64") in shown and (11, " -> f64") in shown
    assert (22, ": bool") in shown and (21, " -> bool") in shown
    said = hover(client, uri, AROUND, "helper(n)")
    assert "helper(int) -> float" in said and "a plain function, compiled with its callers, on line 5" in said
    assert "helper(int) -> bool" in hover(client, uri, AROUND, "b = helper(n)", 4)
    assert "on line 18" in hover(client, uri, AROUND, "b = helper(n)", 4)
    client.change(uri, AROUND.replace("x * scale", "x // 2"))
    assert (12, ": i64") in labels(client, uri)
    client.change(uri, AROUND.replace("x * scale", "[x]"))
    assert [one["code"] for one in client.diagnostics(uri, version=3)] == ["BRRR301"], "and what is wrong with them is said"


def test_a_run_follows_them_too(tmp_path):
    """What the editor says is what the run does."""
    path = tmp_path / "around.py"
    path.write_text(AROUND.replace("return f\n", "f(1)\n    print(f.signatures)\n    return f\n"))
    ran = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120)
    assert ran.stdout.split("\n")[0] == "['(int) -> float']" and "10.5 True" in ran.stdout, ran


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError(n)", "(int): always raises"),
        ("if n > 3:\n        raise ValueError\n    assert False, n", "(int): always raises"),
        ("while True:\n        n = 1", "(int): never returns"),
        ("return somebody(n)", "(int): finished by the interpreter"),
        ("if n > 3:\n        raise ValueError\n    return n", "(int) -> int"),
    ],
)
def test_the_lens_of_what_returns_nothing_says_why(client, body, words):
    text = f"from brrr import brrr\nfrom elsewhere import somebody\n\n@brrr\ndef f(n: int):\n    {body}\n"
    uri = client.open(text)
    assert words in [one["command"]["title"] for one in lenses(client, uri)]
    assert f"f{words}" in hover(client, uri, text, "@brrr")
    argument = {"uri": uri, "position": {"line": 4, "character": 4}, "signature": words}
    answer = client.request("workspace/executeCommand", {"command": "brrr.chooseSignature", "arguments": [argument]})
    assert answer["result"]["signature"] == words, "it is read back"
