"""Orion's engine: everything between a goal and a promoted commit, with no screen in it."""

__version__ = "0.1.0"
