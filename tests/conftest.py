"""What every test may ask for."""

from __future__ import annotations

import signal

import pytest

# Whoever starts the tests in the background of a shell has them ignore it, and the processes that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def decorator():
    """The decorator under test."""
    from brrr import brrr

    return brrr
