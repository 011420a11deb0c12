from __future__ import annotations

import pytest

from hpcd4p.bench.paper import sentiment
from hpcd4p.bench.paper.rounds import Attempts, in_turns
from hpcd4p.bench.stamps import STAMPS, active_s, stamp, texts
from hpcd4p.bench.trial import TrialError


def test_a_peer_that_fails_is_told_and_does_not_stop_the_others() -> None:
    def hang() -> int:
        raise TrialError("no end after 240 s: python -c x\nTraceback")

    mine, theirs = in_turns({1: lambda: 5}, {"multi": lambda: 7, "redis": hang}, 2)
    assert mine == {1: [5, 5]}
    assert theirs["multi"] == Attempts([7, 7], [0, 1])
    assert theirs["multi"].trouble == ""
    assert theirs["redis"].trouble == "2 of 2 runs failed: no end after 240 s"


def test_what_is_compared_with_a_peer_is_of_the_same_rounds() -> None:
    answers = iter([None, 7])

    def now_and_then() -> int:
        found = next(answers)
        if found is None:
            raise TrialError("status 1: x")
        return found

    rounds = iter([5, 6])
    mine, theirs = in_turns({1: lambda: next(rounds)}, {"multi": now_and_then}, 2)
    assert theirs["multi"].runs == [7]
    assert theirs["multi"].beside(mine[1]) == [6]


def test_a_failure_of_ours_ends_the_figure() -> None:
    def fail() -> int:
        raise TrialError("status 1")

    with pytest.raises(TrialError):
        in_turns({1: fail}, {}, 1)


def test_stamps_keep_moments_and_texts(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(STAMPS, str(tmp_path / "stamps"))
    with pytest.raises(ValueError, match="have not said"):
        active_s(str(tmp_path / "stamps"))
    for text in ("", "New York\t3\t-5\tAFINN"):
        stamp(text)
    assert texts(str(tmp_path / "stamps")) == ["New York\t3\t-5\tAFINN"]
    assert 0 <= active_s(str(tmp_path / "stamps")) < 60


def test_lost_articles_and_wrong_sums_are_seen() -> None:
    notes = ["Utah\t1\t-5\tAFINN", "Utah\t2\t3\tAFINN", "Ohio\t1\t7\tAFINN", "Utah\t1\t9\tVADER"]
    found = sentiment.states_noted(notes)
    assert found == {("AFINN", "Utah"): (2, 3), ("AFINN", "Ohio"): (1, 7), ("VADER", "Utah"): (1, 9)}
    right = {("AFINN", "Utah"): (2, 3), ("AFINN", "Ohio"): (4, 8), ("VADER", "Utah"): (1, 10)}
    assert sentiment.counted(found) == 4
    assert sentiment.counted(sentiment.common(found, right)) == 2


def test_the_articles_of_the_file_are_those_of_the_corpus(tmp_path) -> None:
    from hpcd4p.workflows.sentiment.article import check
    from hpcd4p.workflows.sentiment.corpus import Corpus
    from hpcd4p.workflows.sentiment.newspaper import find_columns, read_rows

    path = str(tmp_path / "articles.csv")
    sentiment.write_articles(path, 3)
    found = [check(row) for row in read_rows(path, find_columns(path))]
    corpus = Corpus(seed=1)
    assert [a[1:] for a in found] == [check(corpus.row(n))[1:] for n in (1, 2, 3)]
