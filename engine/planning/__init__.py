"""From a goal or a playbook to a checked plan."""
