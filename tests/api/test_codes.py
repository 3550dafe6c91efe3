"""The diagnostics that only a running program can get."""

import importlib
import io
import linecache
import pickle
import re
import subprocess
import sys
import traceback
from pathlib import Path

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


PAGES = Path(__file__).parent.parent.parent / "crates" / "core" / "src" / "diagnostic" / "pages"
MARKED = {page.stem: re.findall("^```python run\n(.*?)^```$", page.read_text(encoding="utf-8"), re.S | re.M) for page in sorted(PAGES.glob("*.md"))}
# Of hints only the first one is marked, for LLVM has to look at it: `tests/cli/test_hints.py` tries them.
PROGRAMS = [(slug, *blocks) for slug, blocks in MARKED.items() if len(blocks) == 2]
HINTS = [slug for slug, blocks in MARKED.items() if len(blocks) == 1]


def run(text, name):
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), {"__name__": "page"})


@pytest.mark.parametrize("slug, fails, works", PROGRAMS, ids=[slug for slug, *_ in PROGRAMS])
def test_programs_of_pages(slug, fails, works):
    with pytest.raises(BrrrError) as caught:
        run(fails, f"<page {slug} fails>")
    assert the_one(caught).slug == slug
    run(works, f"<page {slug} works>")


def test_programs_are_found():
    assert len(PROGRAMS) >= 4
    assert HINTS == ["checked-turns", "inlined-call", "loop-formula", "vectorised"]


def refused():
    text = "@brrr\ndef f(n):\n    xs = [i * 0.5 for i in range(n)]\n    return xs[0]\n"
    with pytest.raises(BrrrError) as caught:
        program.execute(text, program.filename("api"), brrr)
    return caught.value


def test_diagnostics_are_data():
    error = refused()
    (one,) = error.diagnostics
    (label,) = one.labels
    assert (label.path, label.start, label.end) == (one.path, one.start, one.end) and label.message == "makes a list"
    assert one.notes == []
    fix = one.fixes[0]
    assert (fix.message, fix.applicability) == ("fill an array in a loop", "maybe-incorrect")
    assert fix.edits[-1].replacement.startswith("xs = np.empty(n)\n    for i in range(n):\n        xs[i] = i * 0.5")
    assert tuple(fix.edits[-1].start) == (3, 5)
    again = pickle.loads(pickle.dumps(error)).diagnostics[0]
    assert [edit.replacement for edit in again.fixes[0].edits] == [edit.replacement for edit in fix.edits]


def test_clashing_types_name_their_origins():
    text = "@brrr\ndef f(a, n):\n    half = a / 2\n    for i in range(n):\n        pass\n    return range\n"
    with pytest.raises(BrrrError) as caught:
        program.execute(text, program.filename("api"), brrr)
    assert the_one(caught).slug == "function-value"

    @brrr
    def whole(a):
        b = a[1:]
        return b + 1.0

    numpy = pytest.importorskip("numpy")
    with pytest.raises(BrrrError) as caught:
        whole(numpy.zeros(3))
    one = the_one(caught)
    assert one.slug == "whole-array" and "because of this part" in one.labels[1].message


def test_notes_say_where_to_read_on():
    error = refused()
    assert any("brrr explain BRRR223" in note for note in error.__notes__)
    file = io.StringIO()
    traceback.print_exception(error, file=file)
    text = file.getvalue()
    assert "brrr explain BRRR223" in text and text.count("File ") <= 6


def test_in_notebooks():
    error = refused()
    lines = error._render_traceback_()
    assert any("\x1b[31m" in line for line in lines), "in colours"
    assert lines[0].startswith("BrrrError in ") and "line" in lines[0]
    html = error._repr_html_()
    assert html.startswith("<pre") and "\x1b" not in html and "BRRR223" in html and '<span style="color: #d03030">' in html
    assert "&lt;api" in html


@pytest.mark.parametrize("value, word", [([1], "np.array"), ({}, "numbers"), ("x", "an int"), (range(3), "its ends")])
def test_arguments_say_what_to_pass(value, word):
    @brrr
    def f(a):
        return a

    with pytest.raises(BrrrError) as caught:
        f(value)
    assert word in the_one(caught).help


def test_a_callee_shows_the_chain(tmp_path, monkeypatch):
    (tmp_path / "chain_library.py").write_text("\n" * 7 + "def g(y):\n    return [y]\n")
    monkeypatch.syspath_prepend(tmp_path)
    library = importlib.import_module("chain_library")
    text = "@brrr\ndef f(x):\n    return g(x)\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    namespace["g"] = library.g
    with pytest.raises(BrrrError) as caught:
        namespace["f"](1)
    one = the_one(caught)
    assert one.slug == "unsupported-call" and "a list cannot be compiled" in one.message
    first, second = one.labels
    assert first.path == one.path and first.start.line == 3
    assert second.path.endswith("chain_library.py") and second.start.line == 9
    assert "chain_library.py:9:12" in str(caught.value)


def test_the_kind_of_a_dtype_is_found_by_comparing_the_dtype(decorator):
    def kind(a):
        return a.dtype.type

    with pytest.raises(BrrrError) as caught:
        decorator(kind)
    assert the_one(caught).help == "compare the dtype itself: `a.dtype == np.float64`"
