"""The rows of the one table of what a person can do (`orion_tui/actions.py`), by where they belong."""
