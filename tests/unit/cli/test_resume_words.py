"""Options of ``hpcd4p resume`` count more than those with which the run was started."""

from __future__ import annotations

from hpcd4p.cli import run
from hpcd4p.cli.resume import _overridden


def test_what_is_said_now_counts_more():
    words = _overridden(
        ["--mapping", "simple", "w.py", "--", "--length", "3"], ["-n", "4", "--mapping", "hybrid"]
    )
    assert words[-4:] == ["w.py", "--", "--length", "3"]
    options = run.parser(explain=False).parse(words[:-4])
    assert (options.mapping, options.ranks) == ("hybrid", "4")


def test_a_run_of_the_default_workflow_has_no_words_of_its_own():
    assert _overridden(["-i", "3"], []) == ["-i", "3"]
