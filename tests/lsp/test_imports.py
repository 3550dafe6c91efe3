"""Functions of other files: open ones count with their unsaved text, others with what is on the disk."""

from __future__ import annotations

import time

import pytest

HEAD = "from brrr import brrr\n"
G = HEAD + "@brrr\ndef g(x: int):\n    return x / 2\n"
BAD = HEAD + "@brrr\ndef g(x: int):\n    return [x]\n"
CALLER = HEAD + "from lib import g\n\n@brrr\ndef f(x: int):\n    y = g(x)\n    return y\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


@pytest.fixture
def client(start, folder):
    client = start()
    client.initialize({"textDocument": {"publishDiagnostics": {"relatedInformation": True}}}, folders=[folder])
    return client


def uri(folder, name):
    return (folder / name).as_uri()


def opened(client, folder, name, text):
    return client.open(text, uri=uri(folder, name))


def hover(client, of, line, character):
    answer = client.ask("textDocument/hover", of, (line, character))
    return answer and answer["contents"]["value"]


def until(client, of, wanted):
    """The next diagnostics that are as wanted."""
    for _ in range(8):
        shown = client.diagnostics(of)
        if wanted(shown):
            return shown
    pytest.fail(f"never shown: {client.published(of)}")


def codes(shown):
    return [one["code"] for one in shown]


def changed_on_disk(client, folder, name):
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri(folder, name), "type": 2}]})


@pytest.mark.parametrize(
    "import_, call",
    [("from lib import g", "g"), ("from lib import g as h", "h"), ("import lib", "lib.g"), ("from . import lib", "lib.g"), ("from .lib import g", "g")],
)
def test_the_result_of_a_function_of_another_file_is_known(client, folder, import_, call):
    (folder / "lib.py").write_text(G)
    text = CALLER.replace("from lib import g", import_).replace("g(x)", f"{call}(x)")
    main = opened(client, folder, "main.py", text)
    assert client.diagnostics(main) == []
    assert "y: float" in hover(client, main, 5, 4)


def test_packages_and_what_they_pass_on(client, folder):
    (folder / "pkg").mkdir()
    (folder / "pkg" / "__init__.py").write_text("from .kernels import g\nSCALE = 2.5\n")
    (folder / "pkg" / "kernels.py").write_text(G)
    text = HEAD + "import pkg\nfrom pkg import SCALE\n\n@brrr\ndef f(x: int):\n    y = pkg.g(x) * SCALE\n    z = x * SCALE\n    return y + z\n"
    main = opened(client, folder, "main.py", text)
    assert client.diagnostics(main) == []
    assert "y: float" in hover(client, main, 6, 4) and "z: float" in hover(client, main, 7, 4)


def test_what_is_wrong_in_another_file_is_said_at_the_call(client, folder):
    (folder / "lib.py").write_text("# one line above\n" + BAD)
    main = opened(client, folder, "main.py", CALLER)
    (shown,) = client.diagnostics(main)
    assert shown["code"] == "BRRR301" and shown["range"]["start"] == {"line": 5, "character": 8}
    assert shown["message"].startswith("the call of `g` cannot be compiled: a list")
    places = [one["location"] for one in shown["relatedInformation"]]
    assert [one["uri"] for one in places] == [uri(folder, "lib.py")] and places[0]["range"]["start"]["line"] == 4


def test_the_way_through_several_files(client, folder):
    (folder / "deep.py").write_text(BAD)
    (folder / "lib.py").write_text(HEAD + "import deep\n@brrr\ndef g(x: int):\n    return deep.g(x)\n")
    main = opened(client, folder, "main.py", CALLER)
    (shown,) = client.diagnostics(main)
    places = [one["location"]["uri"] for one in shown["relatedInformation"]]
    assert places == [uri(folder, "lib.py"), uri(folder, "deep.py")]


def test_errors_that_the_types_of_a_call_bring(client, folder):
    (folder / "lib.py").write_text(HEAD + "@brrr\ndef g(x):\n    return x * 2\n")
    text = HEAD + 'from lib import g\n@brrr\ndef f(a: "float64[::1]"):\n    return g(a)\n'
    main = opened(client, folder, "main.py", text)
    (shown,) = client.diagnostics(main)
    assert shown["code"] == "BRRR301" and "whole array" in shown["message"]
    assert [one["location"]["uri"] for one in shown["relatedInformation"]][0] == uri(folder, "lib.py")


def test_unsaved_text_counts(client, folder):
    (folder / "lib.py").write_text(G)
    main = opened(client, folder, "main.py", CALLER)
    assert client.diagnostics(main) == []
    lib = opened(client, folder, "lib.py", BAD)
    assert codes(client.diagnostics(lib)) == ["BRRR220"]
    until(client, main, lambda shown: codes(shown) == ["BRRR301"])
    client.change(lib, G)
    until(client, main, lambda shown: shown == [])
    client.change(lib, G.replace("x / 2", "x // 2"))
    client.settle(2)
    assert "y: int" in hover(client, main, 5, 4)
    # What was not saved is forgotten with the document.
    client.close(lib)
    client.settle(2)
    assert "y: float" in hover(client, main, 5, 4)


def test_a_change_behind_another_file_is_heard(client, folder):
    (folder / "lib.py").write_text(HEAD + "from deep import g\n@brrr\ndef k(x: int):\n    return g(x)\n")
    (folder / "deep.py").write_text(G)
    main = opened(client, folder, "main.py", CALLER.replace("import g", "import k").replace("g(x)", "k(x)"))
    assert client.diagnostics(main) == []
    assert "y: float" in hover(client, main, 5, 4)
    deep = opened(client, folder, "deep.py", BAD)
    assert codes(client.diagnostics(deep)) == ["BRRR220"]
    until(client, main, lambda shown: codes(shown) == ["BRRR301"])


def test_files_that_change_on_the_disk(client, folder):
    main = opened(client, folder, "main.py", CALLER)
    assert "BRRR301" not in codes(client.diagnostics(main))
    (folder / "lib.py").write_text(BAD)
    time.sleep(2.1)
    changed_on_disk(client, folder, "lib.py")
    until(client, main, lambda shown: codes(shown) == ["BRRR301"])
    (folder / "lib.py").write_text(G + "\n# mended\n")
    changed_on_disk(client, folder, "lib.py")
    until(client, main, lambda shown: shown == [])
    (folder / "lib.py").unlink()
    changed_on_disk(client, folder, "lib.py")
    client.settle(1)
    assert client.ask("textDocument/hover", main, (4, 4)) is not None


def test_circles(client, folder):
    one = HEAD + "from two import g\n@brrr\ndef f(n: int):\n    return g(n - 1) if n > 0 else 1.5\n"
    two = HEAD + "from one import f\n@brrr\ndef g(n: int):\n    return f(n - 1) if n > 0 else 2.5\n"
    (folder / "one.py").write_text(one)
    (folder / "two.py").write_text(two)
    first, second = opened(client, folder, "one.py", one), opened(client, folder, "two.py", two)
    client.settle(4)
    for at in range(3):
        client.change(first, one + f"# {at}\n")
        client.change(second, two.replace("2.5", f"{at}.5"))
    client.settle(4)
    assert client.shown(first) == [] and client.shown(second) == []
    assert "float" in hover(client, first, 3, 4) and "float" in hover(client, second, 3, 4)
    reports = len(client.published(first))
    time.sleep(0.5)
    client.settle(1)
    assert len(client.published(first)) <= reports + 1, "it comes to rest"
    assert client.leave() == 0


def test_names_of_several_files_are_told_apart(client, folder):
    """A helper of another file has the name of one here."""
    (folder / "lib.py").write_text(HEAD + "@brrr\ndef help(x: int):\n    return x / 2\n\n@brrr\ndef g(x: int):\n    return help(x)\n")
    text = CALLER + "\n@brrr\ndef help(x: int):\n    return x\n\n@brrr\ndef k(x: int):\n    z = help(x)\n    return z\n"
    main = opened(client, folder, "main.py", text)
    assert client.diagnostics(main) == []
    assert "y: float" in hover(client, main, 5, 4) and "z: int" in hover(client, main, 14, 4)


def test_plain_functions_are_followed_into_other_files(client, folder):
    """A run compiles them with their callers; what is wrong in one is said at the call."""
    (folder / "lib.py").write_text("from deep import half\n\ndef g(x):\n    return half(x)\n")
    (folder / "deep.py").write_text("def half(x):\n    return x / 2\n")
    main = opened(client, folder, "main.py", CALLER)
    assert client.diagnostics(main) == []
    assert "y: float" in hover(client, main, 5, 4)
    shown = hover(client, main, 5, 8)
    assert "g(int) -> float" in shown and "a plain function, compiled with its callers, on line 3 of `lib.py`" in shown
    # Unsaved text counts, though nothing of brrr's is in it.
    deep = opened(client, folder, "deep.py", "def half(x):\n    return x // 2\n")
    client.settle(2)
    assert "y: int" in hover(client, main, 5, 4)
    client.change(deep, "def half(x):\n    print(x)\n    return x // 2\n")
    until(client, main, lambda shown: codes(shown) == ["BRRR301"])
    client.change(deep, "def half(x):\n    return x // 2\n")
    until(client, main, lambda shown: shown == [])
    assert client.published(deep) == [], "nothing is said in a file without brrr functions"


def test_plain_functions_of_the_same_file(client, folder):
    text = HEAD + "def half(x):\n    return x / 2\n\n@brrr\ndef f(x: int):\n    y = half(x)\n    return y\n"
    main = opened(client, folder, "main.py", text)
    assert client.diagnostics(main) == []
    assert "y: float" in hover(client, main, 6, 4) and "a plain function" in hover(client, main, 6, 9)
    assert hover(client, main, 1, 5) is None, "silent outside of brrr functions"
    client.change(main, text.replace("x / 2", "open(x)"))
    (said,) = client.diagnostics(main, version=2)
    assert said["code"] == "BRRR301" and said["range"]["start"] == {"line": 6, "character": 8}
    (related,) = said["relatedInformation"]
    assert related["location"] == {"uri": main, "range": {"start": {"line": 2, "character": 11}, "end": {"line": 2, "character": 18}}}
