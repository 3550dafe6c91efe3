"""The conversation: order, versions, garbage, and the end."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time

import pytest

IMPORT = "from brrr import brrr\n"
HEAD = IMPORT + "\n@brrr\n"
GOOD = HEAD + "def f(n: int) -> int:\n    return n + 1\n"
BAD = HEAD + "def f(n):\n    xs = [i for i in range(n)]\n    return n\n"


def test_what_the_server_says_about_itself(start, server_path):
    said = start().initialize()
    capabilities = said["capabilities"]
    assert capabilities["textDocumentSync"] == {"openClose": True, "change": 2}
    others = {
        "completionProvider", "definitionProvider", "renameProvider", "documentSymbolProvider", "referencesProvider",
        "declarationProvider", "typeDefinitionProvider", "workspaceSymbolProvider", "documentFormattingProvider",
    }
    assert not others & set(capabilities), "other Python servers do these"
    version = subprocess.run([server_path, "--version"], capture_output=True, text=True, check=True).stdout
    assert version == f"{said['serverInfo']['name']} {said['serverInfo']['version']}\n"


def test_command_line(server_path):
    helped = subprocess.run([server_path, "--help"], capture_output=True, text=True, check=True)
    assert "--stdio" in helped.stdout and helped.stderr == ""
    wrong = subprocess.run([server_path, "--port", "1"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--port" in wrong.stderr and "Usage" in wrong.stderr


@pytest.mark.parametrize("last", [GOOD, BAD], ids=["good", "bad"])
@pytest.mark.parametrize("attempt", range(5))
def test_a_burst_ends_in_the_last_state(client, last, attempt):
    """Fifty versions in one write: what is shown in the end is about the last."""
    uri = client.open(GOOD)
    burst = [client.changed(uri, BAD if version % 2 else GOOD) for version in range(49)]
    burst.append(client.changed(uri, last))
    client.send_bytes(b"".join(map(client.frame, burst)))
    expected = ["BRRR223"] if last == BAD else []
    assert [one["code"] for one in client.diagnostics(uri, 51)] == expected
    client.settle()
    published = client.published(uri)
    assert published[-1] == (51, expected)
    versions = [version for version, _ in published]
    assert versions == sorted(set(versions)), "results never go back"


def test_random_edits_leave_the_text_that_the_client_has(client):
    """What is shown after many edits is what a fresh document of the same text gets."""
    randomness = random.Random(7)
    pieces = ["\n", "\r\n", "\r", " ", "🙂", "宽", "e\u0301", "x", "[i for i in n]", "    ", "@brrr\n", "def f(a, b):\n"]
    pieces += ["    return print(a)\n", "'", "#", "\t", "()"]
    compared = 0
    for document in range(20):
        text = BAD + "".join(BAD[len(IMPORT) :].replace("f(", f"f{number}(") for number in range(20))
        uri = client.open(text, uri=f"file:///edited{document}.py")
        for _ in range(randomness.randrange(1, 30)):
            text, edit = random_edit(randomness, text, randomness.choice(pieces), client.edit)
            client.change(uri, edit)
        fresh = client.open(text, uri=f"file:///fresh{document}.py")
        client.settle(documents=2)
        assert client.shown(uri) == client.shown(fresh), text
        compared += len(client.shown(fresh))
    assert compared > 100, "the texts have something to be shown"


def random_edit(randomness, text, new, edit):
    """Replaces nothing or a part of `text` by `new`; returns the text and the edit that tells the server."""
    start = randomness.randrange(len(text) + 1)
    end = min(start + randomness.choice([0, 0, 1, 5, 40]), len(text))
    # A place within a line break is none.
    start, end = (at - 1 if text[at - 1 : at + 1] == "\r\n" else at for at in (start, end))
    return text[:start] + new + text[end:], edit(place(text, start), place(text, end), new)


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column in UTF-16 units, counted with no regard to how the server does it."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(before) - 1, sum(1 + (character > "\uffff") for character in before[-1])


def test_outdated_and_foreign_edits_are_ignored(client):
    uri = client.open(BAD)
    assert client.diagnostics(uri)
    client.versions[uri] = 5
    client.change(uri, GOOD)
    assert client.diagnostics(uri, 6) == []
    client.versions[uri] = 2
    client.change(uri, BAD)
    logged = client.wait(lambda message: message.get("method") == "window/logMessage")
    assert "version 3" in logged["params"]["message"]
    client.versions["file:///never.py"] = 1
    client.change("file:///never.py", BAD)
    client.close("file:///never.py")
    client.settle()
    assert client.published(uri)[-1] == (6, [])
    assert client.published("file:///never.py") == []


def test_edits_outside_the_text_are_clamped(client):
    uri = client.open(GOOD)
    version = client.change(uri, client.edit((999, 999), (1000, 0), "\n" + BAD))
    assert [one["code"] for one in client.diagnostics(uri, version)] == ["BRRR223"]


GARBAGE = {
    "noise": b"\xff\x00\x81 noise\r\nmore noise\r\n",
    "no JSON": b"Content-Length: 9\r\n\r\n{not json",
    "no UTF-8": b"Content-Length: 2\r\n\r\n\xff\xfe",
    "no request": b"Content-Length: 2\r\n\r\n{}",
    "a batch": b"Content-Length: 2\r\n\r\n[]",
    "no number": b"Content-Length: many\r\n\r\n",
    "a negative number": b"Content-Length: -5\r\n\r\n",
    "a huge number": b"Content-Length: 999999999999\r\n\r\n",
    "deep": b"Content-Length: 100000\r\n\r\n" + b"[" * 100000,
    "old JSON-RPC": b'Content-Length: 33\r\n\r\n{"jsonrpc":"1.0","method":"exit"}\n',
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_answered_and_does_no_harm(client, name):
    uri = client.open(BAD)
    assert client.diagnostics(uri)
    client.send_bytes(GARBAGE[name])
    version = client.change(uri, GOOD)
    error = client.wait(lambda message: "error" in message)
    assert (error["id"], error["error"]["code"] in (-32700, -32600)) == (None, True)
    assert client.diagnostics(uri, version) == []
    assert client.leave() == 0
    client.end()
    assert b"not a message" in client.stderr


def test_unknown_requests_are_answered_and_unknown_notifications_are_not(client):
    assert client.request("textDocument/completion", {})["error"]["code"] in (-32601, -32602)
    assert client.request("no/such", {})["error"]["code"] == -32601
    client.notify("no/such", {})
    client.notify("$/setTrace", {"value": "verbose"})
    client.notify("workspace/didChangeConfiguration", {"settings": {}})
    client.notify("textDocument/didOpen", {"wrong": 1})
    client.notify("textDocument/didChange", None)
    uri = client.open(BAD)
    assert client.diagnostics(uri)


def test_a_request_before_hello_is_refused(start):
    client = start()
    assert client.request("shutdown")["error"]["code"] == -32002
    client.initialize()
    assert client.leave() == 0


def test_hello_twice_is_refused(client):
    assert client.request("initialize", {"capabilities": {}})["error"]["code"] == -32600


def test_messages_in_small_pieces(client):
    uri = "file:///a.py"
    client.versions[uri] = 1
    document = {"uri": uri, "languageId": "python", "version": 1, "text": BAD.replace("n", "宽")}
    data = client.frame(client.notification("textDocument/didOpen", {"textDocument": document}))
    for at in range(0, len(data), 7):
        client.send_bytes(data[at : at + 7])
    assert client.diagnostics(uri)


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_the_end_comes_soon_while_the_input_stays_open(start, busy):
    """50 ms are asked for; the process may take some more to be seen as ended on a machine that is busy."""
    times = []
    for _ in range(5):
        client = start()
        client.initialize()
        if busy:
            client.open(GOOD.replace("n + 1", " + ".join(["n"] * 2000)))
        assert client.request("shutdown")["result"] is None
        begin = time.monotonic()
        client.notify("exit")
        assert client.process.wait(5) == 0
        times.append(time.monotonic() - begin)
    print(f"exit to end: {', '.join(f'{1000 * one:.1f}' for one in times)} ms")
    assert min(times) < 0.05


def test_the_answer_to_shutdown_is_written_before_the_end(start):
    client = start()
    client.initialize()
    farewell = [{"jsonrpc": "2.0", "id": "last", "method": "shutdown"}, client.notification("exit")]
    client.send_bytes(b"".join(map(client.frame, farewell)))
    assert client.wait(lambda message: message.get("id") == "last")["result"] is None
    assert client.process.wait(5) == 0


def test_nothing_but_the_end_is_heard_after_shutdown(client):
    assert client.request("shutdown")["result"] is None
    assert client.request("shutdown")["error"]["code"] == -32600
    client.notify("exit")
    assert client.process.wait(5) == 0


def test_leaving_without_goodbye_is_an_error(start):
    client = start()
    client.initialize()
    client.notify("exit")
    assert client.process.wait(5) == 1
    client = start()
    client.initialize()
    client.process.stdin.close()
    assert client.process.wait(5) == 1


def test_the_server_does_not_outlive_its_client(start):
    """Its input stays open here, as it does when another process holds the pipe."""
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    client = start()
    client.initialize(process=editor.pid)
    uri = client.open(BAD)
    assert client.diagnostics(uri)
    assert client.process.poll() is None
    editor.communicate(b"\n")
    assert client.process.wait(5) == 1


def test_a_process_that_was_never_there_is_not_missed(start):
    """An editor outside a container has a number that means nothing inside."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    client = start()
    client.initialize(process=gone.pid)
    time.sleep(1)
    assert client.diagnostics(client.open(BAD))


def test_a_client_that_does_not_read_is_left(server_path):
    reader, writer = os.pipe()
    server = subprocess.Popen([server_path], stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.DEVNULL)
    os.close(writer)
    os.close(reader)
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}
    body = json.dumps(hello).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    server.stdin.flush()
    assert server.wait(5) == 1
    server.stdin.close()


def test_standard_error_need_not_be_heard(server_path):
    reader, writer = os.pipe()
    os.close(reader)
    server = subprocess.Popen([server_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writer)
    os.close(writer)
    out, _ = server.communicate(GARBAGE["no JSON"] + b'Content-Length: 33\r\n\r\n{"jsonrpc":"2.0","method":"exit"}', 5)
    assert server.returncode == 1, "left without goodbye, but not in a panic"
    assert b"-32700" in out


def test_source_that_is_hard_on_a_parser(client):
    """Whatever the checker makes of it, the server lives and the next document is served."""
    hostile = {
        "parentheses": "(" * 20_000 + "n" + ")" * 20_000,
        "a long sum": " + ".join(["n"] * 20_000),
        "minus signs": "-" * 50_000 + "n",
        "nested conditions": "1 if n else " * 5_000 + "2",
        "a long number": "9" * 100_000,
        "a null byte": "'\0'",
    }
    for at, expression in enumerate(hostile.values()):
        client.open(HEAD + f"def f(n):\n    return {expression}\n", uri=f"file:///hostile{at}.py")
        client.settle()
    blocks = "".join("    " * (depth + 1) + "if n:\n" for depth in range(200)) + "    " * 201 + "pass\n"
    client.open(HEAD + "def f(n):\n" + blocks, uri="file:///blocks.py")
    client.settle()
    assert client.process.poll() is None
    failures = [one for one in client.transcript if one.get("method") == "window/logMessage"]
    assert failures == []
