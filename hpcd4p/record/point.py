"""The point of a study that a run is, as its environment says."""

from __future__ import annotations

POINT_VARIABLE = "HPCD4P_POINT"
"""Variable that a study sets for each of its runs: a JSON object with study, key, attempt, repeat and axes,
kept as ``point``, so that the results of the study can be rebuilt from the records alone."""
