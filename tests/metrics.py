"""Reads metrics as those do who collect them: strictly, and as Prometheus text, as node_exporter does."""

from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

Labels = frozenset[tuple[str, str]]


def numbers_of(text: str) -> dict[str, dict[Labels, float]]:
    """The samples by name and labels, of text that both readers take alike."""
    found: dict[str, dict[Labels, float]] = {}
    for family in openmetrics(text):
        # node_exporter refuses a file with another type, or with a time stamp
        assert family.type in ("gauge", "counter"), family
        assert family.documentation, family
        for sample in family.samples:
            assert sample.timestamp is None, sample
            labels = frozenset(sample.labels.items())
            assert labels not in found.setdefault(sample.name, {}), sample
            found[sample.name][labels] = sample.value
    plain = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in prometheus(text)
        for sample in family.samples
    }
    assert plain == {(name, labels): n for name, by in found.items() for labels, n in by.items()}
    return found


def only(samples: dict[Labels, float], **labels: str) -> float:
    """The one sample that has these labels."""
    (value,) = [value for known, value in samples.items() if set(labels.items()) <= known]
    return value
