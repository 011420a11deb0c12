"""What a run in one process goes on from is done in the order in which it was written."""

from __future__ import annotations

from hpcd4p.runtime.sequential_rest import Rest
from hpcd4p.wire.messages import Publication, Segment
from hpcd4p.wire.place import Place


def test_the_rest_of_a_call_comes_behind_what_it_has_sent():
    sent = Segment(2, 0, "input", [1, 2])
    begun = Publication(1, 1, b"", progress=(0, 2, 0, 2), place=Place(0, 0, 1, "0000"))
    behind = Segment(2, 0, "input", [4])
    rest = Rest([begun], [(behind, (0, "0100")), (sent, (0, "0001"))])
    assert [rest.next() for _ in range(4)] == [sent, begun, behind, None]
