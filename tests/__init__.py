"""Tests of brrr. What they compile is neither taken from the disk nor kept there."""

import os

os.environ["BRRR_CACHE_DIR"] = ""
