"""User code, and what becomes of it: instances, their loops and watches, failures, sources."""
