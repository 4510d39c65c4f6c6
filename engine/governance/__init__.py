"""AEGIS, pure: what an agent may do, decided on actions and on effects."""
