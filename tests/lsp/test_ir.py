"""Stages of the compiler in the editor, made by a child process that may crash or hang without harm."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from .conftest import ROOT

LIBRARY = ROOT / "crates" / "py" / "python" / "brrr" / "_llvm.so"
TEXT = """\
from brrr import brrr

'🙂'; X = 1


@brrr
def f(a: "float64[::1]"):
    total = 0.0
    for i in range(len(a)):
        total += a[i]
    return total


@brrr
def g(n):
    return n // 2


@brrr
def bad(**x):
    return 1
"""


HEAD = "from brrr import brrr\n"
BAD = "\n\n@brrr\ndef bad(**x):\n    return 1\n"


@pytest.fixture
def client(start):
    if not LIBRARY.exists():
        pytest.fail(f"{LIBRARY} is missing: scripts/dev.sh builds it")
    client = start({"BRRR_LLVM": str(LIBRARY)})
    client.initialize({"textDocument": {"publishDiagnostics": {}}})
    return client


def ir(client, uri, line, stage, **more):
    return client.ask("brrr/ir", uri, (line, 4), stage=stage, **more)


@pytest.mark.parametrize(
    "stage, language, words",
    [
        ("typed", "brrr-ir", ["fn f(", "load.float64"]),
        ("llvm", "llvm", ["i64 @brrr_entry", "alloca"]),
        ("llvm-opt", "llvm", ["i64 @brrr_entry", "fadd double"]),
        ("asm", "asm", ["brrr_entry:", "vaddsd"]),
    ],
)
def test_each_stage_with_its_lines(client, stage, language, words):
    uri = client.open(TEXT)
    answer = ir(client, uri, 8, stage)
    assert answer["languageId"] == language
    assert answer["signature"] == "(float64[::1]) -> float | float64" and answer["signatures"] == [answer["signature"]]
    for word in words:
        assert word in answer["text"] or word == "vaddsd" and "addsd" in answer["text"], answer["text"]
    assert "!dbg" not in answer["text"] and ".loc" not in answer["text"]
    lines = answer["text"].split("\n")
    body = {7, 8, 9, 10}
    assert {one["line"] for one in answer["mapping"]} <= body
    adds = [at for at, line in enumerate(lines) if "fadd" in line or "addsd" in line or " + " in line]
    of_line = {at for one in answer["mapping"] if one["line"] == 9 for at in range(one["irLines"][0], one["irLines"][1] + 1)}
    assert adds and of_line & set(adds)
    for one in answer["mapping"]:
        assert 0 <= one["irLines"][0] <= one["irLines"][1] < len(lines)


def test_a_signature_may_be_named(client):
    uri = client.open(TEXT)
    assert "i64" in ir(client, uri, 14, "typed")["text"]
    answer = ir(client, uri, 14, "typed", signature="(float) -> float")
    assert answer["signature"] == "(float) -> float" and "f64" in answer["text"]
    answer = client.request("brrr/ir", {"textDocument": {"uri": uri}, "position": {"line": 14, "character": 0}, "stage": "typed", "signature": "nonsense"})
    assert "`nonsense` is no type" in answer["error"]["message"]


def test_the_command_answers_the_same(client):
    uri = client.open(TEXT)
    argument = {"uri": uri, "position": {"line": 14, "character": 0}, "stage": "llvm-opt"}
    answer = client.request("workspace/executeCommand", {"command": "brrr.showIr", "arguments": [argument]})
    assert answer["result"] == ir(client, uri, 14, "llvm-opt")


def test_what_has_no_text_says_why(client):
    uri = client.open(TEXT)
    ask = lambda line: client.request("brrr/ir", {"textDocument": {"uri": uri}, "position": {"line": line, "character": 0}, "stage": "llvm"})  # noqa: E731
    assert "no brrr function" in ask(2)["error"]["message"]
    assert "cannot be compiled" in ask(19)["error"]["message"]


def test_without_llvm_the_rest_works(start):
    client = start({"BRRR_LLVM": "/nowhere/_llvm.so"})
    client.initialize()
    uri = client.open(TEXT)
    assert "fn g" in ir(client, uri, 14, "typed")["text"]
    params = {"textDocument": {"uri": uri}, "position": {"line": 14, "character": 0}, "stage": "asm"}
    assert "LLVM cannot be used" in client.request("brrr/ir", params)["error"]["message"]
    assert client.ask("textDocument/hover", uri, (15, 11))


def children(client) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == client.process.pid and fields[0] != "Z":
                found.append(int(folder.name))
    return found


def test_a_child_that_was_killed_is_replaced(client):
    uri = client.open(TEXT)
    ir(client, uri, 14, "llvm")
    (child,) = children(client)
    os.kill(child, signal.SIGKILL)
    assert "define" in ir(client, uri, 8, "llvm")["text"]
    assert children(client) != [child]


def test_a_child_that_hangs_is_ended_and_said_so_at_the_function(client):
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"ir": {"timeLimit": 0.3}}}})
    uri = client.open(TEXT)
    client.diagnostics(uri)
    ir(client, uri, 14, "llvm")
    (child,) = children(client)
    os.kill(child, signal.SIGSTOP)
    params = {"textDocument": {"uri": uri}, "position": {"line": 8, "character": 4}, "stage": "llvm"}
    before = time.monotonic()
    number = client.begin("brrr/ir", params)
    assert client.ask("textDocument/hover", uri, (15, 11)), "the server goes on meanwhile"
    assert time.monotonic() - before < 0.25
    answer = client.wait(lambda message: message.get("id") == number)
    assert "longer than 0.3 s" in answer["error"]["message"]
    assert 0.25 < time.monotonic() - before < 5
    shown = client.shown(uri)
    assert [one["code"] for one in shown if "longer" in one["message"]] == ["BRRR901"]
    assert "define" in ir(client, uri, 8, "llvm")["text"], "the next request starts another child"
    client.change(uri, TEXT + "\n")
    assert "BRRR901" not in [one["code"] for one in client.diagnostics(uri, version=2)], "an edit is another try"


def test_a_cancelled_request_ends_its_child(client):
    uri = client.open(TEXT)
    ir(client, uri, 14, "llvm")
    (child,) = children(client)
    os.kill(child, signal.SIGSTOP)
    params = {"textDocument": {"uri": uri}, "position": {"line": 8, "character": 4}, "stage": "llvm"}
    number = client.begin("brrr/ir", params)
    client.notify("$/cancelRequest", {"id": number})
    answer = client.wait(lambda message: message.get("id") == number)
    assert answer["error"]["code"] == -32800
    end = time.monotonic() + 5
    while child in children(client) and time.monotonic() < end:
        time.sleep(0.01)
    assert child not in children(client)


def test_the_child_ends_with_the_server(client):
    uri = client.open(TEXT)
    ir(client, uri, 14, "llvm")
    (child,) = children(client)
    client.process.kill()
    client.process.wait()
    end = time.monotonic() + 5
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes() and time.monotonic() < end:
        time.sleep(0.02)
    path = Path(f"/proc/{child}/cmdline")
    assert not path.exists() or not path.read_bytes()


def remarks(client, on=True):
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"remarks": {"enable": on}}}})


SCALE = HEAD + """\
@brrr
def f(a: "float64[::1]", factor: float):
    for i in range(len(a)):
        a[i] = a[i] * factor
"""


def codes(shown):
    return [one["code"] for one in shown]


def until(client, uri, wanted):
    """The next diagnostics with these codes."""
    for _ in range(6):
        shown = client.diagnostics(uri)
        if codes(shown) == wanted:
            return shown
    pytest.fail(f"{wanted} were never shown: {client.published(uri)}")


def test_llvms_remarks_are_shown_on_request(client):
    uri = client.open(SCALE)
    assert client.diagnostics(uri) == []
    remarks(client)
    (shown,) = until(client, uri, ["BRRR604"])
    assert shown["severity"] == 4 and "turns at once" in shown["message"]
    assert shown["range"]["start"] == {"line": 3, "character": 8}
    # What was heard is kept while others change.
    client.change(uri, "# a comment\n" + SCALE)
    assert client.diagnostics(uri, 2)[0]["range"]["start"] == {"line": 4, "character": 8}
    client.change(uri, SCALE.replace("a[i] * factor", "a[i - 1] * factor"))
    assert codes(client.diagnostics(uri, 3)) == [], "a new text is asked about anew"
    (shown,) = until(client, uri, ["BRRR601"])
    assert "one turn at a time" in shown["message"]
    remarks(client, on=False)
    assert client.diagnostics(uri) == []
    assert client.leave() == 0


def test_remarks_of_a_client_that_pulls(start):
    client = start({"BRRR_LLVM": str(LIBRARY)})
    capabilities = {"textDocument": {"diagnostic": {}}, "workspace": {"diagnostic": {"refreshSupport": True}}}
    client.initialize(capabilities, options={"remarks": {"enable": True}})
    uri = client.open(SCALE)
    assert client.ask("textDocument/diagnostic", uri)["items"] == []
    # The settings have it ask again, too.
    while not codes(client.ask("textDocument/diagnostic", uri)["items"]):
        client.wait(lambda message: message.get("method") == "workspace/diagnostic/refresh")
    assert codes(client.ask("textDocument/diagnostic", uri)["items"]) == ["BRRR604"]
    assert client.leave() == 0


def test_typing_does_not_wait_for_remarks(client):
    """A worker that is stopped answers nothing; the time limit ends it, and everything else goes on."""
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"ir": {"timeLimit": 2}}}})
    uri = client.open(SCALE)
    assert client.diagnostics(uri) == []
    remarks(client)
    until(client, uri, ["BRRR604"])
    (child,) = children(client)
    os.kill(child, signal.SIGSTOP)
    client.change(uri, SCALE.replace("factor", "other"))
    assert codes(client.diagnostics(uri, 2)) == []
    time.sleep(0.6)
    start = time.monotonic()
    client.change(uri, SCALE.replace("factor", "third") + BAD)
    assert codes(client.diagnostics(uri, 3)) == ["BRRR205"]
    assert time.monotonic() - start < 1.0
    until(client, uri, ["BRRR604", "BRRR205"])
    assert client.leave() == 0


def test_remarks_without_llvm(start):
    client = start({"BRRR_LLVM": "/nowhere/_llvm.so"})
    client.initialize({"textDocument": {"publishDiagnostics": {}}}, options={"remarks": {"enable": True}})
    uri = client.open(SCALE)
    said = client.wait(lambda message: message.get("method") == "window/logMessage")
    assert "hints are shown without what LLVM says" in said["params"]["message"]
    assert client.ask("textDocument/hover", uri, (2, 4)) is not None
    assert client.leave() == 0


def test_a_function_with_fastmath_is_shown_as_it_runs(client):
    uri = client.open(TEXT.replace("@brrr\ndef f", "@brrr(fastmath=True)\ndef f"))
    assert "fadd reassoc nsz arcp contract afn" in ir(client, uri, 8, "llvm")["text"]
    assert "addpd" in ir(client, uri, 8, "asm")["text"]
    assert "reassoc" not in ir(client, uri, 15, "llvm")["text"]


WITHIN = HEAD + """\


def far(x):
    if x > 9:
        return x * 3
    return -x


@brrr
def f(n: int):
    total = 0

    def tri(m):
        s = 0
        for i in range(m):
            s += i * 3
        return s

    def twice(m):
        def once(k):
            return k ^ 21
        return once(m) * 7

    for j in range(n):
        total += tri(j) + twice(j) + far(j)
    return total
"""


@pytest.mark.parametrize("stage", ["typed", "llvm", "llvm-opt", "asm"])
def test_lines_of_functions_within_functions(client, stage):
    """Of what stands elsewhere there are none, whatever line it has there."""
    uri = client.open(WITHIN)
    answer = ir(client, uri, 10, stage)
    lines = answer["text"].split("\n")
    of_line = {}
    for one in answer["mapping"]:
        of_line.setdefault(one["line"], []).extend(lines[one["irLines"][0]:one["irLines"][1] + 1])
    assert min(of_line) >= 10 and max(of_line) <= 26, of_line
    # `s += i * 3`, `k ^ 21`, and what is around them.
    product = {"typed": "i * 3", "llvm": "mul", "llvm-opt": "", "asm": ""}[stage]
    xor = {"typed": "k ^ 21", "llvm": "xor", "llvm-opt": "xor", "asm": "xor"}[stage]
    assert any(product in text for text in of_line[16]), of_line
    assert any(xor in text for text in of_line[21]), of_line
    assert {14, 16, 21, 22, 24, 25} <= of_line.keys() or stage in ("llvm-opt", "asm"), of_line.keys()


def test_the_line_of_a_function_within_a_function_has_its_ir(client):
    uri = client.open(WITHIN)
    for line, character, text in ((16, 17, "i * 3"), (21, 19, "k ^ 21"), (25, 8, "call")):
        shown = client.ask("textDocument/hover", uri, (line, character))
        assert text in shown["contents"]["value"], shown
