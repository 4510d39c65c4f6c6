"""What answers a prompt: recordings now, endpoints behind the same port."""
