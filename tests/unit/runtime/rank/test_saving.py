"""What is in line at a cut is in line again, whatever it is: all of it is counted."""

from __future__ import annotations

from io import BytesIO

import pytest

from hpcd4p.runtime.commit.in_line import InLine
from hpcd4p.runtime.rank.image_file import held_in
from hpcd4p.runtime.rank.imaging import Image, line_of
from hpcd4p.runtime.rank.saving import Saving, here, save
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import MARK, Arrival, Segment
from hpcd4p.wire.resumption import Restored
from hpcd4p.workflow.identity import file_dumper

KEY = (0, 3)

HOW = Saving(file_dumper(by_value=False), str, here)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(("port", "values"), [("input", [1, 2]), (MARK, [(5, 1)])])
def test_tuples_and_marks_are_in_line_again(port, values, sealed):
    segment = Segment(*KEY, port, values)
    segments = [] if sealed else [segment]
    messages = [Arrival(5, 1, Codec(b"").pack([segment], ""))] if sealed else []
    file = BytesIO()
    save(Image([], InLine(segments, messages)), {}, HOW, file)
    held = held_in([BytesIO(file.getvalue())], lambda key: True)
    assert line_of(Restored(held, frozenset(), 1), KEY) == [(segment, None)]


def test_what_was_all_unpicklable_is_not():
    file = BytesIO()
    save(Image([], InLine([Segment(*KEY, "input", [])])), {}, HOW, file)
    assert held_in([BytesIO(file.getvalue())], lambda key: True) == {}
