"""Reports travel sealed."""

from __future__ import annotations

from array import array

import pytest

from hpcd4p.errors import ForeignBytesError
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.reports import Bins, Claimed, Doubted, Failed, Figures, Judged, Reason, Usage, seal, unseal

REPORTS = [
    Claimed(1, 2, "self.count"),
    Doubted(1, 2, "self.count"),
    Judged(3, 2, guilty=True),
    Figures(
        1,
        Usage(1, tasks=3),
        Bins(1e9, 0.5, array("f", [0.25]), array("f"), array("f")),
        [Doubted(1, 2, "self.count")],
    ),
    Failed(4, Reason.ELEMENT, "it has ended its process"),
]


@pytest.mark.parametrize("report", REPORTS, ids=[type(each).__name__ for each in REPORTS])
def test_a_report_comes_as_it_was_sealed(report):
    read = unseal(Codec(b"secret"), seal(Codec(b"secret", rank=1), report))
    assert read == report


def test_a_report_of_another_run_is_refused():
    with pytest.raises(ForeignBytesError):
        unseal(Codec(b"secret"), seal(Codec(b"another", rank=1), REPORTS[0]))


def test_reports_differ_by_type():
    assert Claimed(1, 2, "self.count") != Doubted(1, 2, "self.count")
