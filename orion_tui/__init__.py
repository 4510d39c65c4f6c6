"""Orion's faces: the full-screen app and the command line, over the engine's facade."""
