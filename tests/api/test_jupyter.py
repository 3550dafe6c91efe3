"""`%load_ext brrr`, in IPython and in a notebook that a kernel runs."""

from __future__ import annotations

import os
import sys

import pytest

pytest.importorskip("IPython")
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402

LOOP = """\
def total(n: int):
    s = 0
    for i in range(n):
        s += half(i)
    return s

def half(i: int):
    return i * 0.5

total(4)
"""


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.run_line_magic("load_ext", "brrr")
    yield shell
    InteractiveShell.clear_instance()


def run(shell, cell):
    ran = shell.run_cell(cell)
    ran.raise_error()
    return ran.result


def test_every_function_of_a_cell_is_decorated(shell, capsys):
    import brrr

    run(shell, "%%brrr\n" + LOOP)
    namespace = shell.user_ns
    assert isinstance(namespace["total"], brrr.Function) and isinstance(namespace["half"], brrr.Function)
    assert namespace["total"](4) == 3.0 and namespace["total"].stats()["compiled"] >= 1
    out = capsys.readouterr().out
    # The value of the last expression, then the types, with lines as they are in the cell.
    assert out.startswith("Out[") or out.splitlines()[0] == "3.0", out
    assert "total(n: i64) -> i64 | f64" in out and "5 |         s += half(i)    # s: f64" in out, out
    assert "half(i: i64) -> f64" in out
    assert "__brrr_decorator__" not in namespace


def test_options_and_what_has_the_decorator_already(shell):
    run(shell, "%%brrr overflow=wrap\ndef up(n: int):\n    return n + 1\n")
    assert shell.user_ns["up"](2**63 - 1) == -(2**63)
    run(shell, "from brrr import brrr\n")
    run(shell, "%%brrr overflow=wrap\n@brrr\ndef exact(n: int):\n    return n + 1\n\nclass Box:\n    pass\n")
    assert shell.user_ns["exact"](2**63 - 1) == 2**63


@pytest.mark.parametrize("line, said", [("nonsense", "options of the decorator"), ("fallback=1", "True or False"), ("nothing=1", "nothing=1")])
def test_wrong_options(shell, capsys, line, said):
    ran = shell.run_cell(f"%%brrr {line}\nx = 1\n")
    assert ran.error_in_exec is not None and said in str(ran.error_in_exec)
    assert "x" not in shell.user_ns


def test_stages_of_a_function(shell, capsys):
    run(shell, "%%brrr\ndef up(n):\n    return n + 1\n")
    assert "a call does" in capsys.readouterr().out
    shell.user_ns["up"](1)
    for arguments, words in [("up", "define"), ("--stage types up", "up(n: i64) -> i64"), ("-s asm up", "brrr_entry:"), ("-s llvm up", "alloca"),
                             ("--types float up", "double")]:
        run(shell, f"%brrr_ir {arguments}")
        assert words in capsys.readouterr().out, arguments
    run(shell, "%%brrr\ndef plain(n: int):\n    return n\n")
    run(shell, "%brrr_ir plain.py_func")
    for wrong in ("%brrr_ir 5", "%brrr_ir nowhere", "%brrr_ir --stage machine up"):
        assert not shell.run_cell(wrong).success, wrong


def test_the_magics_go_away(shell):
    shell.run_line_magic("unload_ext", "brrr")
    assert "brrr" not in shell.magics_manager.magics["cell"] and "brrr_ir" not in shell.magics_manager.magics["line"]


def test_html_is_escaped_and_coloured():
    from brrr._jupyter import _LLVM, Text

    text = Text("entry:\n  %1 = fcmp olt <4 x i1> %a  ; <b>\n", _LLVM)
    shown = text._repr_html_()
    assert "&lt;4 x i1&gt;" in shown and "; &lt;b&gt;</span>" in shown and "<b>" not in shown and shown.count("<span") >= 3
    assert repr(text) == "entry:\n  %1 = fcmp olt <4 x i1> %a  ; <b>"


def test_a_notebook(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [
        "%load_ext brrr",
        "%%brrr\ndef up(n: int):\n    return n + 1\n\nup(1)",
        "%brrr_ir up",
        "%%brrr\ndef wrong(n: int):\n    return [n]\n",
        "up('x')",
        "up(41)",
        "%brrr_ir --types str up",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    import brrr
    import jupyter_client

    manager = jupyter_client.KernelManager(transport="ipc", ip=str(tmp_path / "kernel"))
    # This interpreter, whatever kernels are installed.
    manager.kernel_spec.argv[0] = sys.executable
    path = os.pathsep.join([os.path.dirname(os.path.dirname(brrr.__file__)), os.environ.get("PYTHONPATH", "")])
    nbclient.NotebookClient(notebook, km=manager, timeout=120, allow_errors=True).execute(env={**os.environ, "PYTHONPATH": path})
    outputs = [cell.outputs for cell in notebook.cells]

    def data(output):
        return output["data"]

    value, types = outputs[1]
    assert data(value)["text/plain"] == "2"
    assert "up(n: i64) -> i64" in data(types)["text/plain"] and "# return: i64" in data(types)["text/html"]
    [ir] = outputs[2]
    assert "define" in data(ir)["text/plain"] and data(ir)["text/html"].startswith("<pre")
    # A drawing, with the line of the cell; nothing of how the kernel ran it.
    [refused] = outputs[3]
    drawn = "\n".join(refused["traceback"])
    assert refused["ename"] == "BrrrError" and "a list cannot be compiled" in drawn and "def wrong" in drawn
    assert "IPython" not in drawn and "_jupyter" not in drawn, drawn
    assert ":3:12" in drawn, drawn
    [call] = outputs[4]
    assert "got `str` here" in "\n".join(call["traceback"])
    assert data(outputs[5][0])["text/plain"] == "42"
    [magic] = outputs[6]
    assert magic["ename"] == "BrrrError" and "_jupyter" not in "\n".join(magic["traceback"])
