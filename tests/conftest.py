"""What every test may ask for."""

from __future__ import annotations

import pytest


@pytest.fixture
def decorator():
    """The decorator under test."""
    from brrr import brrr

    return brrr
