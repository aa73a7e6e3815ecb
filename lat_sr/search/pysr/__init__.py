"""The search by PySR, in Julia."""
