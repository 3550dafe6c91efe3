"""Neovim with the configuration that `editors/neovim` has."""

import pytest


@pytest.fixture
def said(debian):
    if not debian.has("nvim"):
        pytest.skip("Neovim is not in this Debian")
    ran = debian.run("nvim", "--headless", "-u", "NONE", "-l", f"{debian.home}/neovim.lua", debian.home)
    text = (ran.stdout + ran.stderr).replace("\r\n", "\n")
    assert ran.returncode == 0 and "done" in text.splitlines(), text
    return text.splitlines()


def test_a_day_in_neovim(said):
    # Behind an emoji, where columns of bytes, of UTF-16 and of characters differ.
    assert "diagnostic BRRR305: sqrt" in said
    assert "diagnostic BRRR223: [i for i in range(n) if i % 2 == 0]" in said
    assert "hint 11: i64" in said and "hint 25: f64" in said and "hints shown: true" in said
    assert "typed: fn squares(n: i64) -> i64" in said and "filetype: brrr, modifiable: false" in said
    assert "marked: result += i * i & 255" in said
    view = next(line for line in said if line.startswith("marked in the view: "))
    assert "& 255" in view and "result: i64 = 0" not in view
    assert "marked from the view: result = 0" in said
    assert "edited" in said
    assert any(line.startswith("llvm-opt: define") and line.endswith("@brrr_entry") for line in said), said
    assert "signatures: (int) -> int" in said
    assert "lenses: (int) -> int, IR, asm, run benchmark" in said
