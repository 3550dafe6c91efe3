"""A few seconds of mutated files; `BRRR_CLI_FUZZ_SECONDS` for longer ones, as in continuous integration."""

import os
import tempfile

from tests.cli import fuzz


def test_no_file_makes_it_panic(program_path):
    seconds = float(os.environ.get("BRRR_CLI_FUZZ_SECONDS", "5"))
    assert fuzz.run(seconds, int(os.environ.get("BRRR_CLI_FUZZ_SEED", "1")), program_path) >= fuzz.BATCH


def test_a_panic_would_be_found(tmp_path, monkeypatch):
    """A program that panics on one kind of file is caught, with the file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    fake = tmp_path / "brrr"
    # A pipe among the files would let `grep` wait for ever.
    fake.write_text("#!/bin/sh\nif grep -q decimal f[0-9]*.py; then echo 'thread panicked' >&2; exit 101; fi\n")
    fake.chmod(0o755)
    try:
        fuzz.run(20, 1, fake)
    except AssertionError as error:
        assert "exit code 101" in str(error) and "the file is kept" in str(error)
    else:
        raise AssertionError("it was not found")
