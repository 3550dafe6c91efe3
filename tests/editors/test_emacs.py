"""Emacs, by Eglot, with what `editors/emacs` has."""

import pytest

INIT = """\
(setq inhibit-startup-screen t
      ring-bell-function #'ignore
      eglot-ignored-server-capabilities '(:documentOnTypeFormattingProvider))
(add-to-list 'load-path "{home}/editors/emacs")
(require 'brrr)
(add-hook 'python-base-mode-hook #'eglot-ensure)
"""


@pytest.fixture
def emacs(debian, terminal):
    if not debian.has("emacs"):
        pytest.skip("Emacs is not in this Debian")
    init = debian.folder / debian.home[1:] / "init.el"
    init.write_text(INIT.format(home=debian.home))

    def emacs(file):
        return terminal("emacs", "-nw", "-q", "-l", f"{debian.home}/init.el", file)

    return emacs


def execute(emacs, command):
    emacs.keys("M-x")
    emacs.until(r"M-x")
    emacs.text(command)
    emacs.keys("Enter")


def test_the_configuration_compiles_without_warnings(debian):
    if not debian.has("emacs"):
        pytest.skip("Emacs is not in this Debian")
    source = f"{debian.home}/editors/emacs/brrr.el"
    ran = debian.run("emacs", "--batch", "--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile", source)
    assert ran.returncode == 0, ran.stderr
    (debian.folder / f"{source}c"[1:]).unlink()


def test_hints_and_ir(emacs):
    editor = emacs("kernels.py")
    editor.until(r"def squares\(n: i64\) -> i64:", r"result: i64 = 0", r"'🙂'; square: f64 = x")
    execute(editor, "goto-line")
    editor.until(r"Goto line")
    editor.text("13")
    editor.keys("Enter")
    execute(editor, "brrr-ir")
    # At the part that belongs to the line.
    editor.until(r"vector\.body:", r"mul <4 x i64>", r"\*brrr: squares \(llvm-opt\)\*")
    editor.keys("C-u")
    execute(editor, "brrr-ir")
    editor.until(r"Stage:")
    editor.text("typed")
    editor.keys("Enter")
    editor.until(r"fn squares\(n: i64\) -> i64", r"header of loop 0")


def test_diagnostics(emacs):
    editor = emacs("mistakes.py")
    editor.until(r"def evens", r"square: f64 = x")
    execute(editor, "flymake-show-buffer-diagnostics")
    editor.until(r"a list comprehension cannot be compiled", r"`sqrt` is bound nowhere|.sqrt. is bound nowhere")


def test_beside_another_server(debian, emacs):
    """Without Eglot, as when it runs another server: Flymake asks the command."""
    init = debian.folder / debian.home[1:] / "init.el"
    init.write_text(init.read_text().replace("#'eglot-ensure", "#'brrr-flymake-mode"))
    editor = emacs("mistakes.py")
    editor.until(r"def evens")
    execute(editor, "flymake-show-buffer-diagnostics")
    editor.until(r"a list comprehension cannot be compiled \[BRRR223\]", r"is bound nowhere \[BRRR305\]")


def test_the_ir_follows_edits(emacs):
    editor = emacs("kernels.py")
    editor.until(r"def squares\(n: i64\) -> i64:")
    execute(editor, "goto-line")
    editor.until(r"Goto line")
    editor.text("13")
    editor.keys("Enter")
    editor.keys("C-u")
    execute(editor, "brrr-ir")
    editor.until(r"Stage:")
    editor.text("typed")
    editor.keys("Enter")
    editor.until(r"fn squares\(n: i64\) -> i64")
    editor.keys("C-e")
    editor.text(" ^ 4711")
    editor.until(r"= \.\d+ \^ 4711")
    editor.text(" ** [")
    editor.until(r"as of the last version that compiled", r"= \.\d+ \^ 4711")
