"""The sentiment workflow on real ranks, with its own options and a file of articles."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcd4p.workflows.sentiment.corpus import Corpus
from tests.e2e.answers import missing_and_extra

WORKFLOW = "hpcd4p.workflows.sentiment"
CONFIG = Path(__file__).parents[2] / "configs" / "sentiment.toml"

pytest.importorskip("afinn", reason="extra `sentiment` is not installed")
pytest.importorskip("vaderSentiment", reason="extra `sentiment` is not installed")


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Forty articles; lines 3 and 43 are none."""
    corpus = Corpus(4)
    lines = [f'"{row.location}","{row.text}"' for row in map(corpus.row, range(1, 41))]
    lines.insert(1, "Ohio")
    path = tmp_path / "articles.csv"
    path.write_text("\n".join(["location,text", *lines, "Iowa,", ""]), encoding="utf-8")
    return path


def test_four_ranks_give_the_rows_and_the_dead_letters_of_one(runs, articles):
    one, four = (runs.run(WORKFLOW, n, "--input", str(articles)) for n in (1, 4))
    assert missing_and_extra(one.outputs, four.outputs) == ""
    assert four.outputs.total() > 10
    for ended in (one, four):
        assert ended.status == 1, ended.err
        assert ended.leftovers == []
        told = sorted(letter.error for letter in ended.letters)
        assert ["line 3: nothing" in told[0], "line 43: nothing" in told[1]] == [True, True], told
    shown = [ended.out.split("\n\nsentiment: ")[0] for ended in (one, four)]
    assert shown[0] == shown[1]
    assert "Happiest by VADER" in shown[0]


def test_the_configuration_runs_it(hpcd4p):
    ended = hpcd4p("run", "--config", str(CONFIG), WORKFLOW, "--articles", "5")
    assert ended.status == 0, ended.err
    assert "5 articles (generated, seed 1)" in ended.out


def test_a_file_without_the_columns_is_refused_before_the_ranks_begin(runs, tmp_path):
    path = tmp_path / "poems.csv"
    path.write_text("title,verse\n")
    ended = runs.run(WORKFLOW, 4, "--input", str(path))
    assert ended.status == 2
    assert ended.err.count("hpcd4p: ") == 1, ended.err
    assert f"{path} has no column 'text', 'location'; its first line names 'title', 'verse'" in ended.err
    assert ended.leftovers == []


def test_a_missing_package_is_told_once_with_its_extra(runs):
    ended = runs.run(WORKFLOW, 4, variables={"E2E_LACKS": "afinn"})
    assert ended.status == 2
    assert ended.err.count("hpcd4p: ") == 1, ended.err
    assert "it needs afinn, not installed here. The extra 'sentiment' brings it" in ended.err
    assert "Traceback" not in ended.err
    assert ended.leftovers == []
