"""The nouns that every other part of Orion speaks in. Standard library only; nothing here does work."""
