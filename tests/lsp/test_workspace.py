"""Several folders, what the client watches, and what never happens: a crash of the server, a run of the user's code."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest

from .test_answers import WHOLE, labels
from .test_ir import TEXT, ir

ONE = "from brrr import brrr\n\n@brrr\ndef f(**x):\n    return 1\n"


def two_folders(tmp_path):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        (folder / "m.py").write_text(ONE)
    (folders[0] / "pyproject.toml").write_text("[tool.brrr]\nignore = ['BRRR205']\n")
    return folders


def codes(shown):
    return [one["code"] for one in shown]


def test_each_folder_has_its_own_configuration(start, tmp_path):
    first, second = two_folders(tmp_path)
    client = start()
    client.initialize(folders=[first, second])
    uris = [client.open(ONE, uri=(folder / "a.py").as_uri()) for folder in (first, second)]
    client.settle(documents=2)
    assert [codes(client.shown(uri)) for uri in uris] == [[], ["BRRR205"]]
    result = client.request("workspace/executeCommand", {"command": "brrr.checkWorkspace", "arguments": []})["result"]
    assert result == {"files": 2, "diagnostics": 1}, "both folders are checked, each as its own file says"


def test_folders_come_and_go(start, tmp_path):
    first, second = two_folders(tmp_path)
    client = start()
    client.initialize(folders=[first])

    def change(added=(), removed=()):
        def of(folders):
            return [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]

        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": of(added), "removed": of(removed)}})
        return client.request("workspace/executeCommand", {"command": "brrr.checkWorkspace", "arguments": []})["result"]

    assert change(added=[second]) == {"files": 2, "diagnostics": 1}
    assert change(removed=[first]) == {"files": 1, "diagnostics": 1}
    assert change(removed=[second]) == {"files": 0, "diagnostics": 0}


def test_calls_in_another_folder_do_not_tell(start, tmp_path):
    """Modules of one name in two folders are two modules."""
    first, second = two_folders(tmp_path)
    kernel = "from brrr import brrr\n\n@brrr\ndef k(a):\n    return a\n"
    (first / "main.py").write_text("from kernels import k\nk(2.5)\n")
    (second / "main.py").write_text("from kernels import k\nk(True)\n")
    client = start()
    client.initialize({"workspace": {"inlayHint": {"refreshSupport": True}}}, folders=[first, second])
    uris = [client.open(kernel, uri=(folder / "kernels.py").as_uri()) for folder in (first, second)]
    end = time.monotonic() + 20
    while time.monotonic() < end and ((3, ": f64") not in labels(client, uris[0]) or (3, ": bool") not in labels(client, uris[1])):
        time.sleep(0.02)
    assert (3, ": f64") in labels(client, uris[0]) and (3, ": bool") in labels(client, uris[1])


def test_the_client_is_asked_to_watch_files(start):
    client = start()
    client.initialize({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}})
    asked = client.wait(lambda message: message.get("method") == "client/registerCapability")
    (one,) = asked["params"]["registrations"]
    assert one["method"] == "workspace/didChangeWatchedFiles"
    assert [each["globPattern"] for each in one["registerOptions"]["watchers"]] == ["**/*.py", "**/.brrr/types.json", "**/pyproject.toml"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("abort();", "LLVM crashed on this function"),
        ("*(volatile int *) 8 = 0;", "LLVM crashed on this function"),
        ("exit(0);", "LLVM crashed on this function"),
        ("for (;;) pause();", "LLVM took longer than 0.5 s for this function"),
    ],
)
def test_what_llvm_does_is_said_at_the_function(start, server_path, tmp_path, body, said):
    """A library that ends the process that opens it, or never comes back."""
    shutil.copy(server_path, tmp_path / "brrr-lsp")
    includes = "#include <stdlib.h>\n#include <unistd.h>\n"
    source = f"{includes}__attribute__((constructor)) static void begin(void) {{ {body} }}\n"
    library = tmp_path / "_llvm.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", library, "-"], input=source, text=True, check=True)
    client = start(program=tmp_path / "brrr-lsp")
    client.initialize(options={"ir": {"timeLimit": 0.5}})
    uri = client.open(TEXT)
    client.diagnostics(uri)
    for _ in range(2):
        params = {"textDocument": {"uri": uri}, "position": {"line": 8, "character": 4}, "stage": "llvm"}
        assert said in client.request("brrr/ir", params)["error"]["message"]
    shown = [one for one in client.shown(uri) if one["code"] == "BRRR901"]
    assert [one["range"]["start"]["line"] for one in shown] == [6] and said in shown[0]["message"]
    assert client.ask("textDocument/hover", uri, (15, 11)), "the server goes on"
    assert client.leave() == 0


def test_no_code_of_the_user_runs(start, tmp_path):
    """Whatever is asked: nothing in the workspace is imported, executed or called."""
    trap = tmp_path / "ran"
    line = f"open({str(trap)!r}, 'w')\n"
    text = "from brrr import brrr\nfrom helper import k, N\n\n@brrr\ndef f(n: int):\n    return k(n) + N\n\n" + line
    (tmp_path / "helper.py").write_text("from brrr import brrr\nN = 3\n@brrr\ndef k(a):\n    return a\n" + line)
    for name in ("brrr.py", "numpy.py", "sitecustomize.py", "conftest.py", "main.py"):
        (tmp_path / name).write_text(text if name == "main.py" else line)
    client = start(env={"PYTHONPATH": str(tmp_path)})
    client.initialize(folders=[tmp_path], options={"remarks": {"enable": True}, "commands": ["brrr.runBenchmark"]})
    uri = client.open(text, uri=(tmp_path / "main.py").as_uri())
    for stage in ("typed", "llvm", "llvm-opt", "asm"):
        assert ir(client, uri, 4, stage)["text"]
    assert client.ask("textDocument/hover", uri, (3, 2)) and labels(client, uri)
    client.ask("textDocument/codeAction", uri, range=WHOLE, context={"diagnostics": []})
    client.request("workspace/executeCommand", {"command": "brrr.checkWorkspace", "arguments": []})
    assert client.leave() == 0
    assert not trap.exists()
