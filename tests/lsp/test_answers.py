"""What the editor shows beside diagnostics: hovers, hints, lenses, fixes, tokens, as clients get them."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

HEAD = "from brrr import brrr\nimport math\nimport numpy as np\n\nSCALE = 3\n\n"
TEXT = (
    HEAD
    + """\
@brrr
def f(n: int, x=0.5):
    total = 0
    for i in range(n):
        total += i * x * SCALE
    return math.sqrt(total)


@brrr
def g(a: "float64[:, ::1]", n: int):
    return a[0, 0]


@brrr
def helper(k):
    return k


helper(2.5)
helper(True)
"""
)


def place(text: str, mark: str, inside: int = 0) -> tuple[int, int]:
    before = text[: text.index(mark) + inside]
    return before.count("\n"), len(before.rsplit("\n", 1)[-1])


def hover(client, uri, text, mark, inside=0):
    answer = client.ask("textDocument/hover", uri, place(text, mark, inside))
    return answer and answer["contents"]["value"]


WHOLE = {"start": {"line": 0, "character": 0}, "end": {"line": 1000, "character": 0}}


def hints(client, uri):
    return client.ask("textDocument/inlayHint", uri, range=WHOLE)


def labels(client, uri):
    return [(one["position"]["line"], one["label"]) for one in hints(client, uri)]


def lenses(client, uri):
    return client.ask("textDocument/codeLens", uri)


@pytest.fixture
def document(client):
    return client.open(TEXT)


def test_hover_says_type_reason_and_known_values(client, document):
    said = hover(client, document, TEXT, "(total)", 1)
    assert "total: int | float (i64 | f64)" in said
    assert "`i64` since line 9: `total = 0`" in said
    assert "`f64` since line 11: `total += i * x * SCALE`" in said
    assert "tagged" in said
    assert "known: `0 <= i < n`" in hover(client, document, TEXT, "i * x")
    assert "from its default value" in hover(client, document, TEXT, "x * SCALE")


def test_hover_documents_builtins_operators_and_constants(client, document):
    assert "Square root" in hover(client, document, TEXT, "sqrt")
    assert "`*`" in hover(client, document, TEXT, "* SCALE")
    assert "SCALE = 3" in hover(client, document, TEXT, "* SCALE", 2)
    assert "range" in hover(client, document, TEXT, "range(n)")


def test_hover_shows_the_layout_of_arrays_and_the_ir_of_the_line(client, document):
    said = hover(client, document, TEXT, "a[0, 0]")
    assert "float64[:, ::1]" in said and "8 bytes an element" in said and "C order" in said
    assert "```brrr-ir" in said and "load" in said


def test_hover_on_the_decorator_shows_signatures(client, document):
    said = hover(client, document, TEXT, "@brrr\ndef f")
    assert "f(int, float) -> float" in said and "`n` from its annotation" in said
    said = hover(client, document, TEXT, "def helper", 5)
    assert "helper(float) -> float  # shown" in said and "helper(bool) -> bool" in said


def test_hover_is_silent_outside_of_brrr_functions(client, document):
    assert hover(client, document, TEXT, "SCALE = 3") is None
    assert hover(client, document, TEXT, "import math") is None


def test_hover_counts_in_utf16(client):
    text = "from brrr import brrr\n\n@brrr\ndef f(n: int):\n    '🙂'; value = n\n    return value\n"
    uri = client.open(text)
    line = text.split("\n")[4]
    column = len(line[: line.index("value")].encode("utf-16-le")) // 2
    answer = client.ask("textDocument/hover", uri, (4, column))
    assert "value: int (i64)" in answer["contents"]["value"]
    start, end = answer["range"]["start"]["character"], answer["range"]["end"]["character"]
    assert (start, end) == (column, column + len("value"))


def test_hints(client, document):
    shown = labels(client, document)
    assert (7, ": f64") in shown, "a parameter without annotation"
    assert (7, " -> f64") in shown
    assert (8, ": i64") in shown
    assert (9, ": i64") in shown
    assert (10, ": f64") in shown, "the type changes"
    assert (10, " as f64") in shown, "i is converted"
    assert (20, ": f64") in shown, "from the first call"
    assert all(line not in (23, 24) for line, _ in shown)


def test_hints_of_each_kind_can_be_left_to_another_server(client, document):
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"inlayHints": {"variables": False, "results": False}}}})
    shown = labels(client, document)
    assert (7, ": f64") in shown and (10, " as f64") in shown, "parameters and conversions are brrr's alone"
    assert (7, " -> f64") not in shown and all(line != 8 for line, _ in shown)
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"inlayHints": {"variables": True}}}})
    shown = labels(client, document)
    assert (8, ": i64") in shown and (7, " -> f64") not in shown


def test_a_client_is_asked_to_tell_when_its_configuration_changes(start):
    client = start()
    client.initialize({"workspace": {"didChangeConfiguration": {"dynamicRegistration": True}}})
    asked = client.wait(lambda message: message.get("method") == "client/registerCapability")
    assert [one["method"] for one in asked["params"]["registrations"]] == ["workspace/didChangeConfiguration"]


def test_the_benchmark_lens_names_the_way_to_a_function(start):
    client = start()
    client.initialize(options={"commands": ["brrr.runBenchmark"]})
    text = "from brrr import brrr\nclass A:\n    class B:\n        @staticmethod\n        @brrr\n        def f(n: int):\n            return n\n"
    text += "if True:\n    @brrr\n    def g():\n        return 1\ndef outer():\n    @brrr\n    def h():\n        return 2\n    return h\n"
    uri = client.open(text)
    lenses = client.ask("textDocument/codeLens", uri)
    named = [one["command"]["arguments"][0]["function"] for one in lenses if one["command"]["command"] == "brrr.runBenchmark"]
    assert named == ["A.B.f", "g"], "what is within another function, nobody else gets at"
    qualified = [(one["name"], one["qualified"]) for one in client.ask("brrr/functions", uri)]
    assert qualified == [("f", "A.B.f"), ("g", "g"), ("h", None)]


def test_hints_of_a_part(client, document):
    part = {"start": {"line": 19, "character": 0}, "end": {"line": 21, "character": 0}}
    shown = client.ask("textDocument/inlayHint", document, range=part)
    assert {one["position"]["line"] for one in shown} == {20}


def test_hints_are_explained_when_they_are_pointed_at(client, document):
    shown = hints(client, document)
    assert all("tooltip" not in one for one in shown)
    first = next(one for one in shown if one["label"] == ": f64")
    resolved = client.request("inlayHint/resolve", first)["result"]
    assert "from its default value" in resolved["tooltip"]["value"]
    client.change(document, TEXT + "\n")
    stale = client.request("inlayHint/resolve", first)["result"]
    assert "tooltip" not in stale


def test_lenses(client, document):
    shown = [(one["range"]["start"]["line"], one["command"]["title"], one["command"]["command"]) for one in lenses(client, document)]
    assert (6, "IR", "brrr.showIr") in shown
    assert (6, "asm", "brrr.showIr") in shown
    assert (6, "(int, float) -> float", "brrr.chooseSignature") in shown
    assert (19, "(float) -> float (+1)", "brrr.chooseSignature") in shown
    assert "brrr.runBenchmark" not in [command for *_, command in shown], "the client has not said that it can"


def test_a_client_that_can_run_benchmarks_gets_the_lens(start):
    client = start()
    client.initialize(options={"commands": ["brrr.runBenchmark"]})
    uri = client.open(TEXT)
    assert "brrr.runBenchmark" in [one["command"]["command"] for one in lenses(client, uri)]


def choose(client, uri, line, **argument):
    argument = {"uri": uri, "position": {"line": line, "character": 4}, **argument}
    answer = client.request("workspace/executeCommand", {"command": "brrr.chooseSignature", "arguments": [argument]})
    assert "error" not in answer, answer
    return answer["result"]["signature"]


def test_a_signature_is_picked_and_everything_follows(start):
    client = start()
    client.initialize({"workspace": {"inlayHint": {"refreshSupport": True}, "codeLens": {"refreshSupport": True}}})
    uri = client.open(TEXT)
    assert choose(client, uri, 19) == "(bool) -> bool", "the next one"
    client.wait(lambda message: message.get("method") == "workspace/inlayHint/refresh")
    assert (20, ": bool") in labels(client, uri)
    assert "k: bool" in hover(client, uri, TEXT, "return k", 7)
    assert choose(client, uri, 19, signature="(int64[::1])") == "(int64[::1]) -> int64[::1]"
    assert (20, ": int64[::1]") in labels(client, uri)
    assert choose(client, uri, 19) == "(float) -> float", "round again"
    wrong = {"uri": uri, "position": {"line": 19, "character": 4}, "signature": "int, int"}
    answer = client.request("workspace/executeCommand", {"command": "brrr.chooseSignature", "arguments": [wrong]})
    assert "takes 1 arguments" in answer["error"]["message"]


def test_settings_are_heard_at_once(client, document):
    assert labels(client, document) and lenses(client, document)
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"inlayHints": {"enable": False}, "codeLens": {"enable": False}}}})
    assert labels(client, document) == [] and lenses(client, document) == []
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"inlayHints": {"enable": True, "conversions": False}}}})
    shown = labels(client, document)
    assert shown and not [label for _, label in shown if label.startswith(" as ")]


def test_settings_are_asked_for(start):
    client = start()
    client.initialize({"workspace": {"configuration": True}})
    asked = client.wait(lambda message: message.get("method") == "workspace/configuration")
    assert asked["params"]["items"] == [{"section": "brrr"}]
    client.send_bytes(client.frame({"jsonrpc": "2.0", "id": asked["id"], "result": [{"inlayHints": {"enable": False}}]}))
    uri = client.open(TEXT)
    assert labels(client, uri) == []


def test_settings_at_the_start(start):
    client = start()
    client.initialize(options={"codeLens": {"enable": False}, "hover": {"ir": False}})
    uri = client.open(TEXT)
    assert lenses(client, uri) == []
    assert "brrr-ir" not in hover(client, uri, TEXT, "a[0, 0]")


TAGGED = """\
from brrr import brrr

@brrr
def f(c: bool):
    '🙂'; v = 0.5 if c else 1
    w = 2
    return v, w

@brrr
def refused(**x):
    return 1
"""


def test_semantic_tokens_only_on_request(client, document):
    """The names of compiled functions, and those that are bound to one of several types; nothing else."""

    def tokens(uri):
        data = client.ask("textDocument/semanticTokens/full", uri)["data"]
        line, column, found = 0, 0, []
        for at in range(0, len(data), 5):
            down, right, length, kind, modifiers = data[at : at + 5]
            line, column = line + down, right if down else column + right
            found.append((line, column, length, kind, modifiers))
        return found

    uri = client.open(TAGGED, uri="file:///tagged.py")
    assert tokens(uri) == [] and tokens(document) == []
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"semanticTokens": {"enable": True}}}})
    assert tokens(uri) == [(3, 4, 1, 0, 1), (4, 10, 1, 1, 2)], "f is compiled; v is bound to an int or a float; w to an int"
    assert [one[:3] for one in tokens(document)] == [(7, 4, 1), (15, 4, 1), (20, 4, 6)], "f, g and helper, and no value with a tag"
    client.change(uri, TAGGED.replace("0.5 if", "5 if"))
    assert tokens(uri) == [(3, 4, 1, 0, 1)], "it follows edits"


FIXABLE = "from brrr import brrr\n\n@brrr\ndef f(n: int):\n    xs = [i for i in range(n)]\n    return n\n\n\nclass A:\n    @brrr\n    def m(self, a):\n        return a\n"


def test_fixes_are_offered_for_what_has_one(client):
    """Every fix that the core knows is an action; what has none gets none."""
    uri = client.open(FIXABLE)
    diagnostics = client.diagnostics(uri)
    actions = client.ask("textDocument/codeAction", uri, range=WHOLE, context={"diagnostics": diagnostics})
    for action in actions:
        assert action["kind"] in ("quickfix", "source.fixAll.brrr")
        assert action["edit"]["changes"][uri]
    only = client.ask("textDocument/codeAction", uri, range=WHOLE, context={"diagnostics": [], "only": ["refactor"]})
    assert only == []


def test_pulled_diagnostics_are_not_pushed_as_well(start):
    client = start()
    client.initialize({"textDocument": {"diagnostic": {}}})
    text = "from brrr import brrr\n\n@brrr\ndef f(**xs):\n    return 1\n"
    uri = client.open(text)
    report = client.ask("textDocument/diagnostic", uri)
    assert report["kind"] == "full" and [one["code"] for one in report["items"]] == ["BRRR205"]
    again = client.ask("textDocument/diagnostic", uri, previousResultId=report["resultId"])
    assert again["kind"] == "unchanged"
    client.change(uri, text.replace("**xs", "xs"))
    report = client.ask("textDocument/diagnostic", uri, previousResultId=report["resultId"])
    assert report["kind"] == "full" and report["items"] == []
    assert client.published(uri) == []


def test_a_client_that_can_pull_may_have_diagnostics_sent(start):
    client = start()
    refresh = {"workspace": {"diagnostics": {"refreshSupport": True}, "diagnostic": {"refreshSupport": True}}}
    said = client.initialize({"textDocument": {"diagnostic": {}}, **refresh}, options={"diagnostics": "push"})
    assert "diagnosticProvider" not in said["capabilities"]
    uri = client.open("from brrr import brrr\n\n@brrr\ndef f(**xs):\n    return 1\n")
    assert [one["code"] for one in client.diagnostics(uri)] == ["BRRR205"]
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"remarks": {"enable": True}}}})
    client.settle()
    assert "workspace/diagnostic/refresh" not in [one.get("method") for one in client.transcript]


def test_a_client_that_pulls_is_told_when_another_cell_changes_what_there_is_to_say(start):
    client = start()
    client.initialize({"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": True}, "diagnostic": {"refreshSupport": True}}})
    second = client.open("@brrr\ndef f(n: int):\n    return [n]\n", uri="vscode-notebook-cell:/p.ipynb#W1")
    assert client.ask("textDocument/diagnostic", second)["items"] == []
    client.open("from brrr import brrr\n", uri="vscode-notebook-cell:/p.ipynb#W0")
    client.wait(lambda message: message.get("method") == "workspace/diagnostic/refresh")
    assert [one["code"] for one in client.ask("textDocument/diagnostic", second)["items"]] == ["BRRR220"]


def test_a_syntax_error_costs_one_function(client):
    text = TEXT + "\n@brrr\ndef broken(a):\n    return a +\n"
    uri = client.open(text)
    (one,) = client.diagnostics(uri)
    assert one["code"] == "BRRR001"
    assert (8, ": i64") in labels(client, uri)
    assert "total" in hover(client, uri, text, "(total)", 1)


def test_cells_of_a_notebook_share_their_imports(client):
    first = client.open("from brrr import brrr as jit\nN = 4\n", uri="vscode-notebook-cell:/a.ipynb#W0")
    second = client.open("@jit\ndef f(**x):\n    return N\n", uri="vscode-notebook-cell:/a.ipynb#W1")
    assert [one["code"] for one in client.diagnostics(second)] == ["BRRR205"]
    client.change(first, "N = 4\n")
    client.settle(4)
    assert client.shown(second) == []


def test_notebooks_that_are_synchronised_as_such(client):
    cell = lambda number, text: {"uri": f"file:///cell{number}", "languageId": "python", "version": 1, "text": text}  # noqa: E731
    cells = [cell(0, "import brrr\n"), cell(1, "@brrr.brrr\ndef f(**x):\n    return 1\n")]
    notebook = {"uri": "file:///b.ipynb", "notebookType": "jupyter-notebook", "version": 1, "cells": []}
    client.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": cells})
    assert [one["code"] for one in client.diagnostics("file:///cell1")] == ["BRRR205"]
    change = {"document": {"uri": "file:///cell1", "version": 2}, "changes": [{"text": "@brrr.brrr\ndef f(x):\n    return 1\n"}]}
    params = {"notebookDocument": {"uri": "file:///b.ipynb", "version": 2}, "change": {"cells": {"textContent": [change]}}}
    client.notify("notebookDocument/didChange", params)
    assert client.diagnostics("file:///cell1", version=2) == []
    client.notify("notebookDocument/didClose", {"notebookDocument": {"uri": "file:///b.ipynb"}, "cellTextDocuments": [{"uri": "file:///cell1"}]})


def test_functions_of_other_cells_are_followed_in_the_order_of_the_cells(client):
    texts = ["from brrr import brrr\n@brrr\ndef g(x):\n    return x / 2\n", "@brrr\ndef f(x: int):\n    y = g(x)\n    return y\n", "f(3)\ng(2.5)\n"]
    cells = [{"uri": f"file:///cell{at}", "languageId": "python", "version": 1, "text": text} for at, text in enumerate(texts)]
    listed = [{"kind": 2, "document": cell["uri"]} for cell in cells]
    notebook = {"uri": "file:///c.ipynb", "notebookType": "jupyter-notebook", "version": 1, "cells": listed}
    client.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": cells})
    hover = lambda cell, *place: client.ask("textDocument/hover", f"file:///cell{cell}", place)["contents"]["value"]  # noqa: E731
    client.settle(12)
    assert "y: float" in hover(1, 2, 4)
    assert "g(int) -> float" in hover(1, 2, 8) and "of another cell" in hover(1, 2, 8)
    assert "`x` from a call" in hover(0, 1, 1) and "g(float) -> float" in hover(0, 1, 1)

    def change(**cells):
        params = {"notebookDocument": {"uri": "file:///c.ipynb", "version": 2}, "change": {"cells": cells}}
        client.notify("notebookDocument/didChange", params)
        client.settle(12)

    change(textContent=[{"document": {"uri": "file:///cell0", "version": 2}, "changes": [{"text": texts[0].replace("x / 2", "x // 2")}]}])
    assert "y: int" in hover(1, 2, 4)
    # A cell is put in behind: its function is the one that is called, until it is moved to the front.
    new = {"uri": "file:///cell3", "languageId": "python", "version": 1, "text": "@brrr\ndef g(x):\n    return x > 0\n"}
    one = {"kind": 2, "document": new["uri"]}
    change(structure={"array": {"start": 3, "deleteCount": 0, "cells": [one]}, "didOpen": [new]})
    assert "y: bool" in hover(1, 2, 4)
    change(structure={"array": {"start": 0, "deleteCount": 4, "cells": [one, *listed]}})
    assert "y: int" in hover(1, 2, 4)
    assert client.leave() == 0


def test_calls_in_other_files_tell(start, tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "kernels.py").write_text("")
    (tmp_path / "main.py").write_text("from pkg.kernels import k\nk(2.5)\n")
    client = start()
    client.initialize({"workspace": {"inlayHint": {"refreshSupport": True}}}, folders=[tmp_path])
    uri = client.open("from brrr import brrr\n\n@brrr\ndef k(a):\n    return a\n", uri=(tmp_path / "pkg" / "kernels.py").as_uri())
    client.wait(lambda message: message.get("method") == "workspace/inlayHint/refresh")
    assert (3, ": f64") in labels(client, uri)
    (tmp_path / "main.py").write_text("from pkg.kernels import k\nk(True)\n")
    change = {"uri": (tmp_path / "main.py").as_uri(), "type": 2}
    client.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    client.wait(lambda message: message.get("method") == "workspace/inlayHint/refresh")
    assert (3, ": bool") in labels(client, uri)


def test_what_runs_have_seen_is_shown(start, tmp_path):
    import json

    source = "@brrr\ndef k(a):\n    return a"
    value = 0xCBF29CE484222325
    for byte in source.encode():
        value = ((value ^ byte) * 0x100000001B3) & (2**64 - 1)
    seen = {"path": "kernels.py", "name": "k", "text": f"{value:x}", "exits": {"5": 3}, "calls": 1200000, "signatures": ["float64[::1]"]}
    (tmp_path / ".brrr").mkdir()
    (tmp_path / ".brrr" / "types.json").write_text(json.dumps({"functions": [seen]}))
    client = start()
    client.initialize({"workspace": {"codeLens": {"refreshSupport": True}}}, folders=[tmp_path])
    text = f"from brrr import brrr\n\n{source}\n"
    uri = client.open(text, uri=(tmp_path / "kernels.py").as_uri())
    client.wait(lambda message: message.get("method") == "workspace/codeLens/refresh")
    said = hover(client, uri, text, "@brrr")
    assert "seen: `float64[::1]`, 1.2 M calls, 3 exits on line 5" in said
    client.change(uri, text.replace("return a", "return a + a"))
    assert "seen:" not in hover(client, uri, text, "@brrr"), "another text was seen"


def test_the_whole_workspace_is_checked_with_progress(start, tmp_path):
    for number in range(5):
        (tmp_path / f"m{number}.py").write_text("from brrr import brrr\n\n@brrr\ndef f(**x):\n    return 1\n")
    client = start()
    client.initialize(folders=[tmp_path])
    params = {"command": "brrr.checkWorkspace", "arguments": [], "workDoneToken": "mine"}
    result = client.request("workspace/executeCommand", params)["result"]
    assert result == {"files": 5, "diagnostics": 5}
    progress = [one["params"]["value"]["kind"] for one in client.transcript if one.get("method") == "$/progress"]
    assert progress[0] == "begin" and progress[-1] == "end" and "report" in progress
    uri = (tmp_path / "m3.py").as_uri()
    assert [codes for _, codes in client.published(uri)] == [["BRRR205"]]
    client.open("x = 1\n", uri=uri)
    assert client.diagnostics(uri, version=1) == [], "what was shown for the file is cleared"


def test_pyproject_is_heard_at_once(start, tmp_path):
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.brrr]\nignore = ['BRRR205']\n")
    client = start()
    client.initialize(folders=[tmp_path])
    uri = client.open("from brrr import brrr\n\n@brrr\ndef f(**x):\n    return 1\n", uri=(tmp_path / "a.py").as_uri())
    client.settle()
    assert client.shown(uri) == []

    def changed(text):
        project.write_text(text)
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": project.as_uri(), "type": 2}]})

    changed("[tool.brrr]\n")
    assert [one["code"] for one in client.diagnostics(uri)] == ["BRRR205"]
    changed("[tool.brrr]\nnonsense = 1\n")
    (one,) = client.diagnostics(project.as_uri())
    assert one["code"] == "BRRR803" and one["range"]["start"]["line"] == 1
    changed("[tool.brrr]\nexclude = ['a.py']\n")
    assert client.diagnostics(project.as_uri()) == []
    client.settle()
    assert client.shown(uri) == []


def test_comments_ignore_and_unused_ones_are_said(client):
    text = "from brrr import brrr\n\n@brrr\ndef f(**x):  # brrr: ignore[BRRR205]\n    return 1  # brrr: ignore[BRRR101]\n"
    uri = client.open(text)
    (one,) = client.diagnostics(uri)
    assert one["code"] == "BRRR801"
    (fix,) = [one for one in client.ask("textDocument/codeAction", uri, range=WHOLE, context={"diagnostics": []}) if one["kind"] == "quickfix"]
    assert fix["isPreferred"] and fix["edit"]["changes"][uri][0]["newText"] == ""


def test_remarks_about_speed_are_shown_on_request(client):
    text = HEAD + '@brrr\ndef f(a: "float64[::1]"):\n    total = 0.0\n    for x in a:\n        total += x\n    return total\n'
    uri = client.open(text)
    assert client.diagnostics(uri) == []
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"remarks": {"enable": True}}}})
    shown = client.diagnostics(uri)
    assert "BRRR601" in [one["code"] for one in shown] and {one["severity"] for one in shown} == {4}
    client.notify("workspace/didChangeConfiguration", {"settings": {"brrr": {"remarks": {"enable": False}}}})
    assert client.diagnostics(uri) == []


def test_functions_for_editors(client):
    uri = client.open("from brrr import brrr\n\n'🙂'; X = 1\n\n@brrr\ndef f(n, x: float):\n    return n * x\n\n@brrr\ndef g(**x):\n    return 1\n\ndef plain(n):\n    return n\n")
    first, second = client.ask("brrr/functions", uri)
    assert first == {
        "name": "f", "qualified": "f", "position": {"line": 5, "character": 4}, "signature": "(int, float) -> float", "parameters": ["int", "float"], "isRefused": False,
        "range": {"start": {"line": 4, "character": 0}, "end": {"line": 6, "character": 16}},
    }
    assert second["name"] == "g" and second["isRefused"] is True
    assert client.ask("brrr/functions", "file:///nowhere.py") is None


def test_a_call_with_the_types_that_are_assumed_counts(client):
    uri = client.open("from brrr import brrr\n\n@brrr\ndef f(x, y):\n    return x * y\n\nprint(f(1.0, 2.0))\nprint(f(1, 2))\n")
    assert client.ask("brrr/ir", uri, (3, 4), stage="typed")["signatures"] == ["(float, float) -> float", "(int, int) -> int"]


def test_the_hover_tells_what_is_kept_on_disk(start, tmp_path):
    """Of what a run of this very text has kept, and where; nothing else."""
    program, cache = tmp_path / "program.py", tmp_path / "cache"
    text = "from brrr import brrr\n\n@brrr\ndef f(n):\n    return n * 2\n\n@brrr(cache=False)\ndef g(n):\n    return n\n\nprint(f(3), f(2.5), g(1))\n"
    program.write_text(text)
    environment = {**os.environ, "BRRR_CACHE_DIR": str(cache)}

    def said(client, line):
        return client.ask("textDocument/hover", program.as_uri(), (line, 2))["contents"]["value"]

    client = start(env={"BRRR_CACHE_DIR": str(cache)})
    client.initialize()
    client.open(text, uri=program.as_uri())
    assert f"no machine code of this text is kept on disk yet, in `{cache}`" in said(client, 2)
    ran = subprocess.run([sys.executable, str(program)], env=environment, capture_output=True, text=True, timeout=120)
    assert ran.stdout == "6 5.0 1\n", ran.stderr
    kept = said(client, 2)
    assert re.search(r"kept on disk: `\((int|float)\)` [\d.]+ kB, used within a day; `\((int|float)\)` [\d.]+ kB", kept), kept
    assert {"(int)", "(float)"} <= set(re.findall(r"\(\w+\)", kept.rpartition("kept on disk")[2]))
    assert "machine code is not kept on disk: `cache=False`" in said(client, 6)
    # What is removed is not told, nor what was kept of another text.
    for entry in cache.rglob("*.brrr"):
        entry.unlink()
    assert "no machine code of this text" in said(client, 2)
    subprocess.run([sys.executable, str(program)], env=environment, check=True, capture_output=True, timeout=120)
    assert "kept on disk: `(" in said(client, 2)
    client.change(program.as_uri(), text.replace("n * 2", "n * 3"))
    assert "no machine code of this text" in said(client, 2)
    off = start(env={"BRRR_CACHE_DIR": ""})
    off.initialize()
    off.open(text, uri=program.as_uri())
    assert "machine code is not kept on disk: `BRRR_CACHE_DIR` is empty" in said(off, 2)
