"""What tools read."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import BAD, FIXABLE, HEAD, WARNS

SCHEMA = Path(__file__).with_name("sarif-schema-2.1.0.json")


@pytest.fixture
def several(brrr):
    """A folder with files of all kinds, among them one with a strange name."""
    brrr.write("bad.py", BAD)
    brrr.write("a b, é%:.py", WARNS)
    brrr.write("fixable.py", FIXABLE)
    brrr.write("two.py", HEAD + "def f(a: float):\n    x = a\n    if a > 1:\n        x = (1, 2)\n    return x << 1\n")
    return brrr


def test_json(several):
    found = several("check", "--output-format", "json").json()
    assert {"BRRR208", "BRRR401", "BRRR801"} <= {one["code"] for one in found}
    for one in found:
        names = ["code", "slug", "severity", "message", "path", "start", "end", "help"]
        assert list(one)[:8] == names
        assert re.fullmatch(r"BRRR\d{3}", one["code"]) and one["severity"] in ("error", "warning", "hint")
        assert one["help"] is None or isinstance(one["help"], str)
        assert list(one["start"]) == ["line", "column"] and one["start"]["line"] >= 1 and one["start"]["column"] >= 1
        assert (one["end"]["line"], one["end"]["column"]) >= (one["start"]["line"], one["start"]["column"])
        assert one["labels"][0]["start"] == one["start"]
    assert several("check", "--output-format", "json", "--select", "BRRR9").out == "[]\n"


def test_fixes_in_json_can_be_applied(several):
    text = (several.folder / "fixable.py").read_text()
    one, = several("check", "--output-format", "json", "fixable.py").json()
    edit, = one["fixes"][0]["edits"]
    lines = text.splitlines(keepends=True)

    def offset(place):
        return sum(map(len, lines[: place["line"] - 1])) + place["column"] - 1

    fixed = text[: offset(edit["start"])] + edit["replacement"] + text[offset(edit["end"]) :]
    several.write("fixed.py", fixed)
    assert several("check", "fixed.py").out == "Nothing found in 1 file.\n"


def test_concise(several):
    out = several("check", "--output-format", "concise").out
    *lines, summary = out.splitlines()
    assert all(re.fullmatch(r".+\.py:\d+:\d+: (error|warning)\[BRRR\d{3}\]: .+", line) for line in lines), out
    assert summary.startswith("Found ")


def test_github(several):
    out = several("check", "--output-format", "github").out
    for line in out.splitlines():
        assert re.fullmatch(r"::(error|warning) title=[^,:]+,file=[^,:]+,line=\d+,endLine=\d+(,col=\d+,endColumn=\d+)?::.+", line), line
    assert "file=a b%2C é%25%3A.py," in out


def test_sarif_is_valid(several):
    import jsonschema

    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    for arguments in ((), ("--select", "BRRR9"), ("--hints",)):
        log = several("check", "--output-format", "sarif", *arguments).json()
        assert [error.message for error in validator.iter_errors(log)] == []
    log["runs"][0]["results"] = [{"level": "grave"}]
    assert list(validator.iter_errors(log)), "the schema finds mistakes"


def test_sarif_says_what_json_says(several):
    log = several("check", "--output-format", "sarif").json()
    run, = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    said = []
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        region = result["locations"][0]["physicalLocation"]["region"]
        said.append((result["ruleId"], region["startLine"], region["startColumn"], region["endLine"], region["endColumn"]))
    found = several("check", "--output-format", "json").json()
    assert said == [(one["code"], *one["start"].values(), *one["end"].values()) for one in found]
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    assert "a%20b%2C%20%C3%A9%25%3A.py" in uris


def test_machines_get_nothing_else_on_standard_output(several):
    several.write("broken.toml", "[tool.brrr]\nnonsense = 1\n")
    assert several("check", "--output-format", "json", "nowhere.py").out == "[]\n"
    assert several("check", "--output-format", "json", "--config", "broken.toml").out == ""
