"""How long the user waits: printed and asserted only far above what is seen."""

from __future__ import annotations

import statistics
import time

import pytest

FUNCTION = """\
@brrr
def f{number}(n: int, x: float) -> float:
    total = 0.0
    i = 0
    while i < n:
        if i % 3 == 0 and x > 0.5:
            total += i * x
        elif i % 5 == 0:
            total -= x / (i + 1)
        else:
            total = total * 0.5 + i // 7
        i += 1
    return total


"""
MISTAKE = "[x for x in n]"


def file_of(lines: int) -> str:
    head = "from brrr import brrr\n\n"
    count = (lines - head.count("\n")) // FUNCTION.count("\n")
    return head + "".join(FUNCTION.replace("{number}", str(number)) for number in range(count))


@pytest.mark.parametrize("lines", [100, 1000, 5000])
def test_keystroke_to_diagnostics(client, capsys, lines):
    text = file_of(lines)
    begin = time.monotonic()
    uri = client.open(text + MISTAKE)
    assert client.diagnostics(uri, 1) == []
    opened = time.monotonic() - begin
    line = 2 + FUNCTION.count("\n") * (text.count("@brrr") // 2) + 2
    assert text.splitlines()[line] == "    total = 0.0"
    times = []
    for turn in range(20):
        begin = time.monotonic()
        mistaken = turn % 2 == 0
        before, after = ("0.0", MISTAKE) if mistaken else (MISTAKE, "0.0")
        version = client.change(uri, client.edit((line, 12), (line, 12 + len(before)), after))
        reported = client.diagnostics(uri, version)
        times.append(time.monotonic() - begin)
        assert [one["range"]["start"]["line"] for one in reported] == ([line] if mistaken else [])
    times.sort()
    with capsys.disabled():
        print(
            f"\n{text.count('@brrr')} functions, {text.count(chr(10))} lines: opened {1000 * opened:.1f} ms, "
            f"keystroke p50 {1000 * statistics.median(times):.1f} ms, p95 {1000 * times[18]:.1f} ms"
        )
    assert times[0] < 5
