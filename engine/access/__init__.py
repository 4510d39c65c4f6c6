"""Who may let work in: the PIN and its lock."""
