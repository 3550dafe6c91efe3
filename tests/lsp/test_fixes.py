"""Quick fixes: for every code of the table that has one, the editor offers what the command line knows of."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT
from .test_answers import WHOLE

PAGES = sorted((ROOT / "docs" / "codes").glob("BRRR*.md"))
# Forms with a fix that the pages do not show.
MORE = [
    "def f(x: complex):\n    return x.rael\n",
    "def f(n: int):\n    return n.bit_lengt()\n",
    "def f(width: int):\n    return widht\n",
    "def f(x: int):\n    print(x)\n    return x\n",
    "def f(x: float):\n    import math\n    return math.sqrt(x)\n",
    "def f(n: int):\n    return n  # brrr: ignore[BRRR101]\n",
    "import numpy as np\n\n@brrr\ndef g(n: float):\n    return np.sqrtt(n)\n",
]
# The codes of which some form has a fix: one that is missing here, or has none any more, is found.
FIXED = {
    "BRRR006", "BRRR210", "BRRR217", "BRRR220", "BRRR223", "BRRR224", "BRRR228", "BRRR304", "BRRR305", "BRRR307", "BRRR314", "BRRR402", "BRRR801",
}  # fmt: skip


def failing(page: Path) -> list[str]:
    """The programs of a page that do not pass."""
    part = page.read_text().partition("## Fails")[2].partition("## Works")[0]
    return re.findall(r"```python\n(.*?)```", part, re.DOTALL)


@pytest.fixture(scope="session")
def known(server_path, tmp_path_factory) -> dict[str, list[dict]]:
    """What the command finds in each program, by the program's text."""
    folder = tmp_path_factory.mktemp("fixes")
    head = "from brrr import brrr\n\n@brrr\n"
    programs = [program for page in PAGES for program in failing(page)] + [(head if one.startswith("def") else "from brrr import brrr\n") + one for one in MORE]
    programs = list(dict.fromkeys(programs))
    for number, program in enumerate(programs):
        (folder / f"p{number}.py").write_text(program)
    brrr = server_path.with_name("brrr")
    ran = subprocess.run([brrr, "check", "--hints", "--output-format", "json", folder], capture_output=True, text=True, timeout=120)
    found: dict[str, list[dict]] = {program: [] for program in programs}
    for one in json.loads(ran.stdout):
        number = int(Path(one["path"]).stem[1:])
        found[programs[number]].append(one)
    return found


def places(edits):
    """Edits of either kind, with lines and columns from 0."""
    def at(place):
        return (place["line"], place["character"]) if "character" in place else (place["line"] - 1, place["column"] - 1)

    ranges = [one.get("range", one) for one in edits]
    texts = [one["newText"] if "newText" in one else one["replacement"] for one in edits]
    return [(at(one["start"]), at(one["end"]), text) for one, text in zip(ranges, texts)]


def test_every_fix_that_is_known_is_offered(start, known):
    client = start()
    client.initialize(options={"remarks": {"enable": True}})
    fixed = set()
    for number, (text, found) in enumerate(known.items()):
        uri = client.open(text, uri=f"file:///p{number}.py")
        client.diagnostics(uri)
        actions = client.ask("textDocument/codeAction", uri, range=WHOLE, context={"diagnostics": [], "only": ["quickfix"]})
        offered = [
            (action["diagnostics"][0]["code"], action["title"], action["isPreferred"], places(action["edit"]["changes"][uri]))
            for action in actions
        ]
        wanted = [
            (one["code"], fix["message"], fix["applicability"] == "machine-applicable", places(fix["edits"]))
            for one in found
            for fix in one["fixes"]
        ]
        assert sorted(offered) == sorted(wanted), text
        fixed |= {code for code, *_ in offered}
        client.close(uri)
    assert fixed == FIXED, " ".join(sorted(fixed))
    assert client.leave() == 0


def test_what_is_fixed_is_found_no_more(start, known):
    """Each fix, applied as an editor applies it, mends what it is for."""
    client = start()
    client.initialize(options={"remarks": {"enable": True}})
    for number, (text, found) in enumerate(known.items()):
        for at, (code, fix) in enumerate((one["code"], fix) for one in found for fix in one["fixes"]):
            uri = client.open(text, uri=f"file:///p{number}_{at}.py")
            before = [one["code"] for one in client.diagnostics(uri)]
            edits = [client.edit(first, last, replacement) for first, last, replacement in places(fix["edits"])]
            version = client.change(uri, *reversed(edits))
            after = [one["code"] for one in client.diagnostics(uri, version)]
            assert after.count(code) < before.count(code), (text, fix)
            client.close(uri)
