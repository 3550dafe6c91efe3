"""How long an editor waits for brrr-lsp, beside ruff's and basedpyright's servers, in one run.

    python benchmarks/measure_editor.py [--server PATH] [--alone] [--turns N]

A file of 10 000 lines with 345 brrr functions is edited one keystroke at a time. Printed are: from a keystroke to the diagnostics for
that version, from a request to its answer for hovers and hints, from the start of the process to the first diagnostics of a file
of 1 000 lines, and the memory in use at the end. The others are installed from PyPI into build/editor-servers; they know nothing of
brrr, and are there to tell what editors are used to. `--alone` leaves them out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty, Queue

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "build" / "editor-servers"
LINES, FUNCTIONS = 10_000, 345

FUNCTION = '''\
@brrr
def kernel{number}(n: int, x: float, a: "float64[::1]") -> float:
    """Sums and products over a range and an array."""
    total = 0.0
    count = 0
    scale = x * 0.5
    for i in range(n):
        if i % 3 == 0 and x > 0.5:
            total += i * scale
        elif i % 5 == 0:
            total -= x / (i + 1)
        else:
            total = total * 0.5 + i // 7
        count += 1
    for i in range(len(a)):
        total += a[i] * scale
        a[i] = total
    while count > 1:
        count //= 2
        total += count
    low = count & 255
    high = (count >> 8) % 127
    if low > high:
        total += low
    else:
        total -= high
    return total


'''


def source(lines: int, functions: int) -> str:
    text = "from brrr import brrr\n\n\n" + "".join(FUNCTION.replace("{number}", str(number)) for number in range(functions))
    missing = lines - text.count("\n")
    return text + "".join(f"value_{number} = {number}\n" for number in range(missing))


class Server:
    """A server and the conversation with it."""

    def __init__(self, command: list[str]) -> None:
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.heard: Queue[tuple[float, dict]] = Queue()
        self.number = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        out = self.process.stdout
        while line := out.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                line = out.readline()
            body = out.read(length)
            message = json.loads(body)
            at = time.perf_counter()
            if "id" in message and "method" in message:
                # Requests of the server: settings are empty, the rest is fine.
                result = [{}] * len(message["params"]["items"]) if message["method"] == "workspace/configuration" else None
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
            else:
                self.heard.put((at, message))

    def send(self, message: dict) -> None:
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def notify(self, method: str, params: dict) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def wait(self, wanted, patience: float = 60.0) -> tuple[float, dict]:
        end = time.perf_counter() + patience
        while True:
            try:
                at, message = self.heard.get(timeout=max(0.01, end - time.perf_counter()))
            except Empty:
                raise SystemExit(f"{self.process.args[0]} did not answer in {patience} s") from None
            if wanted(message):
                return at, message

    def request(self, method: str, params: dict) -> tuple[float, dict]:
        """The time that an answer takes, and the answer."""
        self.number += 1
        number = self.number
        begun = time.perf_counter()
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        at, message = self.wait(lambda message: message.get("id") == number)
        return at - begun, message

    def initialize(self, folder: Path) -> None:
        capabilities = {
            "textDocument": {"publishDiagnostics": {"versionSupport": True, "relatedInformation": True}, "inlayHint": {}},
            "workspace": {"configuration": True, "workspaceFolders": True},
        }
        folders = [{"uri": folder.as_uri(), "name": "w"}]
        params = {"processId": os.getpid(), "rootUri": folder.as_uri(), "workspaceFolders": folders, "capabilities": capabilities}
        self.request("initialize", params)
        self.notify("initialized", {})

    def open(self, uri: str, text: str) -> None:
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}})

    def diagnosed(self, uri: str, version: int) -> float:
        def wanted(message: dict) -> bool:
            params = message.get("params", {})
            is_for = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
            return is_for and params.get("version", version) == version

        return self.wait(wanted)[0]

    def memory(self) -> float:
        """Megabytes of the process and its children."""
        pages, waiting = 0, [self.process.pid]
        while waiting:
            process = waiting.pop()
            try:
                pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
                waiting += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
            except OSError:
                continue
        return pages * os.sysconf("SC_PAGESIZE") / 2**20

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def percentiles(times: list[float]) -> str:
    times = sorted(1000 * one for one in times)
    return f"{statistics.median(times):8.2f} {times[int(0.95 * (len(times) - 1))]:8.2f}"


def measure(name: str, command: list[str], folder: Path, turns: int, answers: bool) -> None:
    big, small = source(LINES, FUNCTIONS), source(1_000, 34)
    starts = []
    for number in range(5):
        path = folder / f"small{number}.py"
        path.write_text(small)
        server = Server(command)
        server.initialize(folder)
        server.open(path.as_uri(), small + "\n@brrr\ndef wrong(n):\n    return [i for i in (undefined]\n")
        starts.append(server.diagnosed(path.as_uri(), 1) - server.begun)
        server.end()
    server = Server(command)
    server.initialize(folder)
    path = folder / "big.py"
    path.write_text(big)
    uri = path.as_uri()
    server.open(uri, big)
    server.diagnosed(uri, 1)
    rows = big.split("\n")
    line = next(at for at in range(len(rows) // 2, len(rows)) if rows[at] == "    total = 0.0")
    column = len(rows[line])
    keys, hovers, hints = [], [], []
    for turn in range(turns):
        version = turn + 2
        typed = turn % 2 == 0
        place = {"line": line, "character": column}
        range_ = {"start": place, "end": place if typed else {"line": line, "character": column + 1}}
        change = {"range": range_, "text": "5" if typed else ""}
        begun = time.perf_counter()
        server.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]})
        keys.append(server.diagnosed(uri, version) - begun)
        if answers:
            document = {"textDocument": {"uri": uri}}
            position = {"line": line + 2, "character": 6}
            took, answer = server.request("textDocument/hover", {**document, "position": position})
            assert answer["result"], answer
            hovers.append(took)
            visible = {"start": {"line": line - 20, "character": 0}, "end": {"line": line + 40, "character": 0}}
            took, answer = server.request("textDocument/inlayHint", {**document, "range": visible})
            hints.append(took)
    print(f"{name:14} {percentiles(keys)}   {1000 * statistics.median(starts):8.1f}   {server.memory():7.1f}", end="")
    print(f"   {percentiles(hovers)}   {percentiles(hints)}" if answers else "", flush=True)
    server.end()


def peers() -> list[tuple[str, list[str]]]:
    python = PEERS / "bin" / "python"
    if not (PEERS / "bin" / "basedpyright-langserver").exists() or not (PEERS / "bin" / "ruff").exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "ruff", "basedpyright"], check=True)
    based = str(PEERS / "bin" / "basedpyright-langserver")
    return [("ruff", [str(PEERS / "bin" / "ruff"), "server"]), ("basedpyright", [based, "--stdio"])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--server", default=shutil.which("brrr-lsp", path=str(ROOT / ".venv" / "bin")) or "brrr-lsp")
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--alone", action="store_true", help="without the others")
    options = parser.parse_args()
    folder = ROOT / "build" / "editor-files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = source(LINES, FUNCTIONS)
    print(f"{text.count(chr(10))} lines, {text.count('@brrr')} brrr functions; milliseconds, p50 and p95; megabytes")
    print(f"{'':14} {'keystroke to diagnostics':^17}   {'start':>8}   {'memory':>7}   {'hover':^17}   {'hints':^17}")
    measure("brrr-lsp", [options.server], folder, options.turns, True)
    if not options.alone:
        for name, command in peers():
            measure(name, command, folder, min(options.turns, 60), False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
