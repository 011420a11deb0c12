from __future__ import annotations

import pytest

from hpcd4p.cli import explain
from hpcd4p.errors import LiveError


def test_of_a_run_that_left_checkpoints_only_it_says_how_it_goes_on(tmp_path):
    kept = tmp_path / "a.checkpoints"
    kept.mkdir()
    with pytest.raises(LiveError, match=r"a has not finished.*hpcd4p resume") as told:
        explain.command(["a", "--results", str(tmp_path)], ranks=None)
    assert str(kept) in str(told.value)
