"""Git: the session's own repository, and the user's."""
