"""Role files: read, checked, found in three places, and tried out."""
