"""A client for the real server: frames on its pipes, what it says in a queue.

Enters: messages and documents. Leaves: answers and diagnostics. A test that waits in vain fails after `PATIENCE` seconds
and shows what the server said instead.
"""

from __future__ import annotations

import functools
import json
import os
import queue
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0

Message = dict[str, Any]


@functools.cache
def build_server() -> Path:
    """`BRRR_LSP` if it is set, else what cargo builds from this tree."""
    if given := os.environ.get("BRRR_LSP"):
        return Path(given)
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.fail("no server to test: install Rust, or set BRRR_LSP to the path of brrr-lsp")
    command = [cargo, "build", "--quiet", "--package", "brrr-lsp", "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    for line in built.stdout.splitlines():
        artifact = json.loads(line)
        if artifact.get("executable") and artifact["target"]["name"] == "brrr-lsp":
            return Path(artifact["executable"])
    pytest.fail("cargo built no brrr-lsp")


@pytest.fixture(scope="session")
def server_path() -> Path:
    return build_server()


class Client:
    """One server process and the conversation with it."""

    def __init__(self, path: Path, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [path, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )
        self.heard: queue.Queue[Message] = queue.Queue()
        self.transcript: list[Message] = []
        self.stderr = b""
        self.stray = b""
        self.ids = 0
        self.versions: dict[str, int] = {}
        self.listeners = [threading.Thread(target=self._listen), threading.Thread(target=self._listen_to_errors)]
        for listener in self.listeners:
            listener.start()

    def _listen(self) -> None:
        out = self.process.stdout
        while line := out.readline():
            name, _, value = line.partition(b":")
            if name.lower() != b"content-length":
                self.stray += line
                continue
            while out.readline().strip():
                pass
            self.heard.put(json.loads(out.read(int(value))))

    def _listen_to_errors(self) -> None:
        self.stderr = self.process.stderr.read()

    def send_bytes(self, data: bytes) -> None:
        self.process.stdin.write(data)
        self.process.stdin.flush()

    @staticmethod
    def frame(message: Any) -> bytes:
        body = json.dumps(message, ensure_ascii=False).encode()
        return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)

    def notify(self, method: str, params: Any = None) -> None:
        self.send_bytes(self.frame(self.notification(method, params)))

    @staticmethod
    def notification(method: str, params: Any = None) -> Message:
        message = {"jsonrpc": "2.0", "method": method}
        return message if params is None else {**message, "params": params}

    def request(self, method: str, params: Any = None) -> Message:
        """Sends a request; returns the whole response."""
        self.ids += 1
        self.send_bytes(self.frame({**self.notification(method, params), "id": self.ids}))
        return self.wait(lambda message: message.get("id") == self.ids and "method" not in message)

    def begin(self, method: str, params: Any = None) -> int:
        """Sends a request and does not wait; returns its number."""
        self.ids += 1
        self.send_bytes(self.frame({**self.notification(method, params), "id": self.ids}))
        return self.ids

    def ask(self, method: str, uri: str, position: tuple[int, int] | None = None, **params: Any) -> Any:
        """The result of a request about a document."""
        params = {"textDocument": {"uri": uri}, **params}
        if position is not None:
            params["position"] = {"line": position[0], "character": position[1]}
        answer = self.request(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    def wait(self, wanted: Callable[[Message], bool], patience: float = PATIENCE) -> Message:
        """The next message that is wanted; the others are passed over, but stay in the transcript."""
        end = time.monotonic() + patience
        while True:
            try:
                message = self.heard.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"waited in vain; the server said {self.transcript[-5:]}, {self.stderr!r}", pytrace=True)
            self.transcript.append(message)
            if wanted(message):
                return message

    def settle(self, documents: int = 1) -> None:
        """Returns when everything sent so far about so many documents has been analysed and answered.

        One thread analyses, always the document that was edited last, and takes the next one before new edits are seen.
        So once a first fence has been reported, a document that waited behind it is under way, and is reported before
        a second one.
        """
        uri = "file:///fence.py"
        for _ in range(documents + 1):
            self.open(FENCE, uri=uri)
            assert self.diagnostics(uri)
            self.close(uri)
            assert self.diagnostics(uri) == []

    def initialize(
        self,
        capabilities: Message | None = None,
        process: int | None = None,
        folders: list[Path] | None = None,
        options: Message | None = None,
    ) -> Message:
        """Says hello; returns what the server says about itself."""
        params = {"processId": process, "rootUri": None, "capabilities": capabilities or {}}
        if folders is not None:
            params["workspaceFolders"] = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        if options is not None:
            params["initializationOptions"] = options
        result = self.request("initialize", params)["result"]
        self.notify("initialized", {})
        return result

    def open(self, text: str, uri: str = "file:///a.py", language: str = "python") -> str:
        self.versions[uri] = 1
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def change(self, uri: str, *edits: Message | str) -> int:
        """Sends edits as one new version, whole texts or `edit(..)`; returns the version."""
        self.send_bytes(self.frame(self.changed(uri, *edits)))
        return self.versions[uri]

    def changed(self, uri: str, *edits: Message | str) -> Message:
        """The notification of edits, to be sent by the caller."""
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        changes = [{"text": edit} if isinstance(edit, str) else edit for edit in edits]
        return self.notification("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    @staticmethod
    def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> Message:
        places = [dict(zip(("line", "character"), place)) for place in (start, end)]
        return {"range": dict(zip(("start", "end"), places)), "text": text}

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def diagnostics(self, uri: str, version: int | None = None) -> list[Message]:
        """The next diagnostics for a document, or those for a version of it."""

        def wanted(message: Message) -> bool:
            params = message.get("params", {})
            is_for = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
            return is_for and version in (None, params.get("version"))

        return self.wait(wanted)["params"]["diagnostics"]

    def published(self, uri: str) -> list[tuple[int | None, list[str]]]:
        """Version and codes of everything that was published for a document so far."""
        reports = [one["params"] for one in self.transcript if one.get("method") == "textDocument/publishDiagnostics"]
        return [
            (one.get("version"), [diagnostic["code"] for diagnostic in one["diagnostics"]])
            for one in reports
            if one["uri"] == uri
        ]

    def shown(self, uri: str) -> list[Message]:
        """What an editor shows for a document now, given everything that was heard."""
        shown: list[Message] = []
        for message in self.transcript:
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                shown = message["params"]["diagnostics"]
        return shown

    def leave(self) -> int:
        """Says goodbye in order; returns the exit code."""
        assert self.request("shutdown")["result"] is None
        self.notify("exit")
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for listener in self.listeners:
            listener.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        assert self.stray == b"", "nothing but protocol goes to standard output"


FENCE = "from brrr import brrr\n\n@brrr\ndef f(**fence):\n    return 0\n"


@pytest.fixture
def start(server_path: Path):
    """Starts servers that have not been spoken to; ends them after the test."""
    clients = []

    def start(env: dict[str, str] | None = None, program: Path = server_path) -> Client:
        clients.append(Client(program, env))
        return clients[-1]

    yield start
    for client in clients:
        client.end()


@pytest.fixture
def client(start) -> Client:
    """A server that has been told hello by a client that knows nothing but the basics: columns in UTF-16."""
    client = start()
    client.initialize()
    return client
