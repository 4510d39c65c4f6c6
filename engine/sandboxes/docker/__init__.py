"""A Docker engine as a sandbox: one warm, hardened container for a session, another for its checks."""
