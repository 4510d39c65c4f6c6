"""One file per screen; each draws what the bridge folded and submits what a person decided."""
