"""What the editor shows: the right words at the right place, gone when the reason is gone, and silence everywhere else."""

from __future__ import annotations

import pytest

HEAD = "from brrr import brrr\n\n@brrr\n"
GOOD = HEAD + "def f(n: int) -> int:\n    return n + 1\n"
BAD = HEAD + "def f(n):\n    xs = [i for i in range(n)]\n    return n\n"
COMPREHENSION = "[i for i in range(n)]"


def codes(diagnostics):
    return [one["code"] for one in diagnostics]


def selected(text: str, place: dict, encoding: str = "utf-16") -> str:
    """The part of one line that a range selects, as a client that counts in `encoding` sees it."""
    start, end = place["start"], place["end"]
    assert start["line"] == end["line"]
    line = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[start["line"]]
    codec, width = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
    units = line.encode(codec)
    assert end["character"] * width <= len(units)
    return units[start["character"] * width : end["character"] * width].decode(codec)


def test_an_error_is_shown_whole(client):
    uri = client.open(BAD)
    (one,) = client.diagnostics(uri, version=1)
    assert one["source"] == "brrr"
    assert one["code"] == "BRRR223"
    assert one["severity"] == 1
    assert selected(BAD, one["range"]) == COMPREHENSION
    assert one["message"].splitlines()[0]
    assert not one["message"].splitlines()[0].endswith(".")


def test_a_warning_is_a_warning(client):
    text = HEAD + "def f(a: float):\n    return a << 1\n"
    (one,) = client.diagnostics(client.open(text))
    assert (one["code"], one["severity"]) == ("BRRR101", 2)
    assert selected(text, one["range"]) == "a << 1"


def test_help_is_part_of_the_message(client):
    (one,) = client.diagnostics(client.open(BAD))
    assert any(line.startswith("help: ") for line in one["message"].splitlines()), one["message"]


def test_an_edit_that_mends_clears(client):
    uri = client.open(BAD)
    assert codes(client.diagnostics(uri)) == ["BRRR223"]
    version = client.change(uri, client.edit((4, 9), (4, 9 + len(COMPREHENSION)), "n"))
    assert client.diagnostics(uri, version) == []
    version = client.change(uri, client.edit((4, 9), (4, 10), COMPREHENSION))
    assert codes(client.diagnostics(uri, version)) == ["BRRR223"]
    version = client.change(uri, GOOD)
    assert client.diagnostics(uri, version) == []


def test_closing_clears(client):
    uri = client.open(BAD)
    assert client.diagnostics(uri)
    client.close(uri)
    assert client.diagnostics(uri) == []
    client.settle()
    assert client.published(uri) == [(1, ["BRRR223"]), (None, [])]


def test_a_function_that_is_deleted_clears(client):
    uri = client.open(BAD)
    assert client.diagnostics(uri)
    version = client.change(uri, "x = 1\n")
    assert client.diagnostics(uri, version) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("def f(n):\n    return [i for i in range(n)]\n", id="plain function"),
        pytest.param("def f(:\n", id="syntax error elsewhere"),
        pytest.param("import numba\n\n@numba.njit\ndef f(**n):\n    return 1\n", id="another decorator"),
        pytest.param("from cold import brrr\n\n@brrr\ndef f(**n):\n    return 1\n", id="another brrr"),
        pytest.param("brrr = 1  # brrr\nx = '@brrr'\n", id="only the word"),
        pytest.param("\ufeff\0\x0c", id="odd characters"),
    ],
)
def test_a_file_without_brrr_functions_is_silent(client, text):
    uri = client.open(text)
    client.settle()
    assert client.published(uri) == []


def test_a_file_in_another_language_is_silent(client):
    uri = client.open(BAD, uri="file:///a.md", language="markdown")
    client.change(uri, BAD + "\n")
    client.settle()
    assert client.published(uri) == []


def test_only_brrr_functions_are_spoken_about(client):
    text = "def plain(**xs):\n    return [x for x in xs]\n\n" + BAD
    (one,) = client.diagnostics(client.open(text))
    assert one["range"]["start"]["line"] == 7


@pytest.mark.parametrize(
    "head",
    [
        "import brrr\n\n@brrr.brrr\n",
        "import brrr\n\n@brrr.brrr(overflow='wrap')\n",
        "import brrr as b\n\n@b.brrr\n",
        "from brrr import brrr as jit\n\n@jit\n",
        "from brrr import brrr as jit, BrrrError\n\n@jit(fallback=True)\n",
        "from brrr import *\n\n@brrr\n",
        "try:\n    from brrr import brrr\nexcept ImportError:\n    raise\n\n@brrr\n",
    ],
)
def test_every_spelling_of_the_import(client, head):
    text = head + "def f(n):\n    return [i for i in range(n)]\n"
    (one,) = client.diagnostics(client.open(text))
    assert one["code"] == "BRRR223"
    assert selected(text, one["range"]) == COMPREHENSION


def test_nested_and_class_functions(client):
    text = (
        "from brrr import brrr\n\n"
        "class A:\n    @staticmethod\n    @brrr\n    def f(n):\n        return [i for i in range(n)]\n\n"
        "def outer():\n    @brrr\n    def g(n):\n        return [i for i in range(n)]\n    return g\n"
    )
    reported = client.diagnostics(client.open(text))
    assert [(one["code"], one["range"]["start"]["line"]) for one in reported] == [("BRRR223", 6), ("BRRR223", 11)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("before", ["", "é", "宽字", "🙂", "👩‍👩‍👧 e\u0301 宽 é"], ids=ascii)
def test_columns_count_what_was_agreed(start, encoding, before):
    client = start()
    said = client.initialize({"general": {"positionEncodings": [encoding]}})
    assert said["capabilities"]["positionEncoding"] == encoding
    text = HEAD + f"def f(n):\n    '{before}'; xs = {COMPREHENSION}  # {before}\n    return n\n"
    (one,) = client.diagnostics(client.open(text))
    assert selected(text, one["range"], encoding) == COMPREHENSION


def test_utf16_is_the_default(start):
    client = start()
    assert client.initialize()["capabilities"]["positionEncoding"] == "utf-16"
    client = start()
    said = client.initialize({"general": {"positionEncodings": ["utf-7"]}})
    assert said["capabilities"]["positionEncoding"] == "utf-16"


def test_edits_behind_wide_characters(client):
    uri = client.open(HEAD + "def f(n):\n    '🙂宽'; xs = n\n    return n\n")
    # The quotes stand in columns 4 and 8: the emoji is two units, the wide character one.
    version = client.change(uri, client.edit((4, 16), (4, 17), COMPREHENSION))
    (one,) = client.diagnostics(uri, version)
    place = {"line": 4, "character": 16}, {"line": 4, "character": 16 + len(COMPREHENSION)}
    assert (one["range"]["start"], one["range"]["end"]) == place


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
def test_line_breaks(client, line_break):
    text = ("\n\n# '🙂'\n" + BAD).replace("\n", line_break)
    uri = client.open(text)
    (one,) = client.diagnostics(uri)
    assert one["range"]["start"]["line"] == 7
    assert selected(text, one["range"]) == COMPREHENSION
    # Behind the last character of a line is before its break, whatever the column.
    version = client.change(uri, client.edit((7, 9), (7, 99), "n"))
    assert client.diagnostics(uri, version) == []


def test_a_syntax_error_costs_one_function(client):
    broken = "@brrr\ndef g(n):\n    return n +\n\n"
    text = "from brrr import brrr\n\n" + broken + BAD.removeprefix("from brrr import brrr\n\n")
    uri = client.open(text)
    reported = client.diagnostics(uri)
    assert sorted(codes(reported)) == ["BRRR001", "BRRR223"]
    assert {one["code"]: one["range"]["start"]["line"] for one in reported} == {"BRRR001": 4, "BRRR223": 8}
    assert {one["code"]: selected(text, one["range"]) for one in reported} == {"BRRR001": "+", "BRRR223": COMPREHENSION}
    version = client.change(uri, client.edit((4, 12), (4, 14), "* 2"))
    assert codes(client.diagnostics(uri, version)) == ["BRRR223"]


def test_a_syntax_error_outside_is_left_to_others(client):
    uri = client.open("def broken(:\n    pass\n\n" + BAD)
    assert codes(client.diagnostics(uri)) == ["BRRR223"]


def test_half_typed_code(client):
    """Every prefix of a file is a file that the server has seen."""
    uri = client.open("")
    for line, text in enumerate(BAD.splitlines(keepends=True)):
        for column, character in enumerate(text):
            client.change(uri, client.edit((line, column), (line, column), character))
    assert codes(client.diagnostics(uri, client.versions[uri])) == ["BRRR223"]


def test_two_documents_do_not_mix(client):
    first, second = client.open(BAD, uri="file:///one%20%F0%9F%99%82.py"), client.open(GOOD, uri="untitled:Untitled-1")
    assert codes(client.diagnostics(first)) == ["BRRR223"]
    version = client.change(second, BAD.replace("range(n)]", "range(n) if i]"))
    assert codes(client.diagnostics(second, version)) == ["BRRR223"]
    client.close(first)
    assert client.diagnostics(first) == []
    version = client.change(second, GOOD)
    assert client.diagnostics(second, version) == []


@pytest.mark.parametrize(("tag_support", "tags"), [({"valueSet": [1, 2]}, [1]), ({"valueSet": [2]}, None), (None, None)])
def test_what_is_not_needed_is_tagged_for_clients_that_know_tags(start, tag_support, tags):
    """An unused comment is `unnecessary`, which editors draw faded; what is wrong is not."""
    client = start()
    capabilities = {} if tag_support is None else {"tagSupport": tag_support}
    client.initialize({"textDocument": {"publishDiagnostics": capabilities}})
    uri = client.open("from brrr import brrr\n\n@brrr\ndef f(a: int, **x):\n    return a  # brrr: ignore[BRRR208]\n")
    shown = {one["code"]: one.get("tags") for one in client.diagnostics(uri)}
    assert shown == {"BRRR205": None, "BRRR801": tags}
