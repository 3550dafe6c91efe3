"""Helix with the configuration that `editors/helix` has."""

import pytest


def test_a_day_in_helix(debian, terminal):
    if not debian.has("hx"):
        pytest.skip("Helix is not in this Debian")
    configuration = debian.folder / debian.home[1:] / ".config" / "helix"
    configuration.mkdir(parents=True)
    for name in ("config.toml", "languages.toml"):
        text = (debian.folder / debian.home[1:] / "editors" / "helix" / name).read_text()
        # The other servers are not installed there; Helix says so of each.
        (configuration / name).write_text(text.replace('["basedpyright", "ruff", "brrr"]', '["brrr"]'))
    helix = terminal("hx", "kernels.py")
    helix.until(r"def squares\(n: i64\) -> i64:", r"result: i64 = 0", r"'🙂'; +square: f64 = x \* x")
    # Space I begins the command that prints the IR.
    helix.keys("Space")
    helix.keys("I")
    helix.until(r":sh brrr ir")
    helix.text("kernels.py::squares")
    helix.keys("Enter")
    helix.until(r"fn squares\(n: i64\) -> i64", r"header of loop 0")
    helix.keys("Escape")
    helix.text(":open mistakes.py")
    helix.keys("Enter")
    helix.until(r"def evens", r"'🙂'; +square: f64 = x \* x")
    helix.text(" d")
    helix.until(r"BRRR223 a list comprehension cannot be compiled|a list comprehension cannot be compiled")
    helix.keys("Escape")
    helix.text(":q!")
    helix.keys("Enter")
