"""Tests of brrr. What they compile is neither taken from the disk nor kept there, and is of the full tier, where they do not say otherwise."""

import os

os.environ["BRRR_CACHE_DIR"] = ""
os.environ.setdefault("BRRR_TIER", "full")
