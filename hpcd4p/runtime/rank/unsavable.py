"""What is raised of something that no checkpoint can hold."""

from __future__ import annotations


class Unsavable(Exception):
    """Something that a rank holds cannot be saved; its text says what and why."""
