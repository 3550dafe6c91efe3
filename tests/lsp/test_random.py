"""Ten thousand random edits, with malformed messages between them: the server lives, and knows what a fresh one knows."""

from __future__ import annotations

import random

from .test_answers import TEXT as ANSWERED
from .test_answers import WHOLE
from .test_inner import AROUND
from .test_inner import TEXT as WITHIN
from .test_protocol import place, random_edit

EDITS = 10_000
TEXT = ANSWERED + WITHIN + AROUND
COMPARED_EVERY = 37
PIECES = [
    "\n", "\r\n", " ", "🙂", "宽", "x", "0.5", "    ", "@brrr\n", "def f(a, b):\n", "    return a\n", "'", '"""', "#", "()", "[", "]",
    "SCALE", "SCALE = 4.5\n", "import brrr as b\n", "from brrr import brrr as jit\n", "f(2.5, 1)\n", "class A:\n", "for i in range(n):\n",
    "lambda k: k + 1", "    def helper(x):\n", "    return helper(n)\n",
    "# brrr: ignore[BRRR205]", "**", "\\\n", "np.zeros(3)", "helper(",
]  # fmt: skip
MALFORMED = [
    b"Content-Length: 5\r\n\r\n{nope",
    b"Content-Length: 2\r\n\r\n[]",
    b"noise without a header\n",
    b"Content-Length: -7\r\n\r\n",
    b'Content-Length: 48\r\n\r\n{"jsonrpc":"2.0","id":1e9,"method":"brrr/nothing"',
]
WRONG = [
    ("textDocument/didChange", {"textDocument": {"uri": "file:///a.py"}}),
    ("textDocument/didOpen", {"textDocument": 7}),
    ("textDocument/didChange", {"textDocument": {"uri": "file:///nowhere.py", "version": 9}, "contentChanges": [{"text": "x"}]}),
    ("textDocument/didClose", {"textDocument": {"uri": "not a uri"}}),
    ("$/cancelRequest", {"id": 123456}),
    ("workspace/didChangeConfiguration", {"settings": [{"brrr": {}}]}),
    ("notebookDocument/didChange", {"nothing": []}),
]


def known(client, uri, version, positions):
    """Everything that an editor can show."""
    client.settle(documents=2)
    hovers = [client.ask("textDocument/hover", uri, position) for position in positions]
    hints = client.ask("textDocument/inlayHint", uri, range=WHOLE)
    for hint in hints:
        hint.pop("data")
    lenses = client.ask("textDocument/codeLens", uri)
    for lens in lenses:
        lens["command"]["arguments"][0].pop("uri")
    actions = client.ask("textDocument/codeAction", uri, range=WHOLE, context={"diagnostics": []})
    edits = [[action["title"], *action["edit"]["changes"].values()] for action in actions]
    return [client.shown(uri), hovers, hints, lenses, edits]


def test_ten_thousand_random_edits(client):
    randomness = random.Random(11)
    uri = client.open(TEXT)
    text = TEXT
    said = 0
    for number in range(EDITS):
        if number % 12 == 11 or len(text) > 2 * len(TEXT):
            text = TEXT
            client.change(uri, text)
        text, edit = random_edit(randomness, text, randomness.choice(PIECES), client.edit)
        client.change(uri, edit)
        chance = randomness.random()
        if chance < 0.01:
            client.send_bytes(randomness.choice(MALFORMED))
        elif chance < 0.03:
            client.notify(*randomness.choice(WRONG))
        elif chance < 0.05:
            # Requests that nobody waits for, at places that need not exist.
            position = {"line": randomness.randrange(60), "character": randomness.randrange(90)}
            client.begin("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
        if number % COMPARED_EVERY == 0:
            positions = [place(text, randomness.randrange(len(text) + 1)) for _ in range(5)]
            fresh = client.open(text, uri=f"file:///fresh{number}.py")
            edited, opened = known(client, uri, None, positions), known(client, fresh, None, positions)
            assert edited == opened, text
            said += len(opened[0]) + len(opened[2])
            client.close(fresh)
    assert said > 500, "the texts have something to be shown"
    assert client.process.poll() is None
    assert client.leave() == 0
