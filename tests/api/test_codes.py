"""The diagnostics that only a running program can get."""

import importlib
import subprocess
import sys

import pytest

from brrr import BrrrError, brrr
from tests import program


def the_one(error):
    (one,) = error.value.diagnostics
    return one


def test_no_source():
    namespace = {"brrr": brrr}
    with pytest.raises(BrrrError) as caught:
        exec("@brrr\ndef f(a):\n    return a\n", namespace)
    one = the_one(caught)
    assert (one.code, one.slug) == ("BRRR003", "no-source")
    assert "`f`" in one.message and one.help in str(caught.value)


def test_no_source_at_the_prompt_before_3_13():
    code = "from brrr import brrr\n@brrr\ndef f(a):\n    return a + 1\n\nprint(f(1))\n"
    run = subprocess.run([sys.executable, "-i", "-q"], input=code, capture_output=True, text=True, timeout=60)
    if sys.version_info >= (3, 13):
        assert "2" in run.stdout or "BRRR003" in run.stderr
    else:
        assert "BRRR003" in run.stderr and "3.13" in run.stderr


def test_source_changed(tmp_path, monkeypatch):
    path = tmp_path / "changed_module.py"
    path.write_text("from brrr import brrr\ndef brrr_later(f):\n    return f\ndef f(a):\n    return a + 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("changed_module")
    try:
        path.write_text("from brrr import brrr\ndef brrr_later(f):\n    return f\ndef f(a):\n    return a + 2  # longer\n")
        with pytest.raises(BrrrError) as caught:
            brrr(module.f)(1)
        one = the_one(caught)
        assert (one.code, one.slug) == ("BRRR004", "source-changed")
    finally:
        del sys.modules["changed_module"]


def test_a_change_of_comments_is_none(tmp_path, monkeypatch):
    path = tmp_path / "commented_module.py"
    path.write_text("def f(a):\n    return a + 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("commented_module")
    try:
        path.write_text("def f(a):\n    return a + 1  # one more\n")
        f = brrr(module.f)
        assert f(1) == 2 and f.stats()["compiled"] == 1
    finally:
        del sys.modules["commented_module"]


def test_too_large():
    text = f"@brrr\ndef f(a):\n    return ({'a, ' * 2100})\n"
    with pytest.raises(BrrrError) as caught:
        program.execute(text, program.filename("api"), brrr)
    one = the_one(caught)
    assert (one.code, one.slug) == ("BRRR005", "too-large")


def test_argument_type():
    @brrr
    def f(number, other):
        return number

    with pytest.raises(BrrrError) as caught:
        f(1, "text")
    one = the_one(caught)
    assert (one.code, one.slug) == ("BRRR701", "argument-type")
    assert "`other`" in one.message and "`str`" in one.message
    for word in ("int", "float", "bool"):
        assert word in one.help
    assert str(caught.value).count("other") >= 2


def test_backend(tmp_path):
    """Without its LLVM library brrr says so at the first call; decoration and the interpreter are not concerned."""
    script = tmp_path / "script.py"
    script.write_text(
        "import shutil, sys, pathlib, brrr\n"
        "copy = pathlib.Path(sys.argv[1]) / 'brrr'\n"
        "shutil.copytree(pathlib.Path(brrr.__file__).parent, copy, ignore=shutil.ignore_patterns('_llvm*', '__pycache__'))\n")
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=60)
    user = tmp_path / "user.py"
    user.write_text(
        "import sys\nsys.path.insert(0, sys.argv[1])\nimport brrr\nassert brrr.__file__.startswith(sys.argv[1]), brrr.__file__\n"
        "@brrr.brrr\ndef f(a):\n    return a + 1\n"
        "try:\n    f(1)\nexcept brrr.BrrrError as error:\n    print(error.diagnostics[0].code, error.diagnostics[0].message)\n"
        "@brrr.brrr(fallback=True)\ndef g(a):\n    return a + 1\nprint(g(1))\n")
    run = subprocess.run([sys.executable, user, tmp_path], capture_output=True, text=True, timeout=60)
    first, *rest = run.stdout.splitlines()
    assert first.startswith("BRRR901") and "_llvm" in first, run
    assert rest == ["2"] and "BrrrWarning" in run.stderr
