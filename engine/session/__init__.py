"""A session's journey: the runner, the task loop, parking, budgets, recovery."""
