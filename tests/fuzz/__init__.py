"""Programs from the table of operators, CPython as the oracle."""
