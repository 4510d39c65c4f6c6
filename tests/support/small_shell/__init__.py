"""A small shell without processes, for the sandbox that tests have in memory."""
