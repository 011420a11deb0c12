"""What several ranks had in line for a partition that moved is in line again, in the order of its way."""

from __future__ import annotations

from io import BytesIO

import pytest

from hpcd4p.runtime.commit.gates import Gates
from hpcd4p.runtime.commit.in_line import InLine
from hpcd4p.runtime.rank.image_file import held_in
from hpcd4p.runtime.rank.imaging import Image, line_of
from hpcd4p.runtime.rank.saving import Saving, here, save
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import MARK, PASSED, STATE, Arrival, Segment
from hpcd4p.wire.resumption import Restored
from hpcd4p.workflow.identity import file_dumper

KEY = (0, 0)
FIRST, SECOND, THIRD, SENDER = 9, 4, 6, 5
"""Three owners, one after the other, and who sends."""

HOW = Saving(file_dumper(by_value=False), str, here)


def tuples(*values):
    return Segment(*KEY, "input", list(values))


def arrival(source, *segments, place=""):
    return Arrival(source, 1, Codec(b"").pack(list(segments), place))


def gates(former):
    made = Gates({KEY[0]})
    made.admit(former, Segment(*KEY, STATE, [(b"", 1)]))
    return made


def saved(lined, gone=None):
    file = BytesIO()
    save(Image([], lined, {} if gone is None else {KEY: gone}), {}, HOW, file)
    return held_in([BytesIO(file.getvalue())], lambda key: True)[KEY]


def restored(*held):
    first, *others = held
    for each in others:
        first = first.joined(each)
    return line_of(Restored({KEY: first}, frozenset(), 1), KEY)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_what_was_sent_on_first_goes_first_and_what_came_directly_after_it(order):
    ways = gates(FIRST)
    second = InLine([tuples("b")], [arrival(SENDER, tuples("d"))], gates=ways)
    third = InLine([tuples("a")], [arrival(SENDER, tuples("e"))], gates=gates(SECOND))
    parts = [saved(InLine([tuples("c")]), gone=1), saved(second, gone=2), saved(third)]
    line = restored(*(parts[i] for i in order))
    assert [segment.values for segment, _ in line] == [["a"], ["b"], ["c"], ["d"], ["e"]]


def test_messages_go_through_the_gates_as_they_would_have():
    mark = Segment(*KEY, MARK, [(SENDER, 1)])
    lined = InLine([], [arrival(SENDER, tuples(2)), arrival(FIRST, tuples(1), mark)], gates=gates(FIRST))
    assert [segment.values for segment, _ in restored(saved(lined))] == [[1], [(SENDER, 1)], [2]]


def test_what_waits_for_its_origin_waits_for_its_turn():
    ways = gates(FIRST)
    sealed = arrival(SENDER, tuples(2), place="7:g0102")
    assert not ways.admit(SENDER, tuples(1), (7, "g0101"))
    line = restored(saved(InLine([], [sealed], [((7, "g02"), (3, tuples(3), None))], ways)))
    assert sorted(line, key=lambda each: each[1][1]) == [
        (tuples(1), (7, "g0101")),
        (tuples(2), (7, "g0102")),
        (tuples(3), (7, "g02")),
    ]


def test_marks_are_in_line_as_well_for_they_are_counted():
    lined = InLine([Segment(*KEY, MARK, [(SENDER, 1)]), Segment(*KEY, PASSED, [7])])
    assert [segment.port for segment, _ in restored(saved(lined))] == [MARK, PASSED]
