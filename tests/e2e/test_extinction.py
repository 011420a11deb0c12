"""The extinction workflow on real ranks: the rows of one process, whatever fails, and what is lacking."""

from __future__ import annotations

import pytest

from hpcd4p.workflows.extinction.synthetic import votable_of
from tests.e2e.answers import missing_and_extra
from tests.e2e.test_missing_packages import told_once

WORKFLOW = "hpcd4p.workflows.extinction"


def told_by_the_workflow(ended) -> list[str]:
    """What it has printed before the summary."""
    return ended.out.partition("\n\n")[0].splitlines()


def test_four_ranks_give_the_rows_and_the_table_of_one(runs):
    one, four = (runs.run(WORKFLOW, n, "--time-scale", "0.01") for n in (1, 4))
    assert (one.status, four.status) == (0, 0), one.err + four.err
    assert one.outputs.total() == 100
    assert missing_and_extra(one.outputs, four.outputs) == ""
    assert told_by_the_workflow(one) == told_by_the_workflow(four)
    assert any(line.split()[:2] == ["Sc", "6"] for line in told_by_the_workflow(one))
    assert four.leftovers == []


def test_galaxies_that_fail_are_dead_letters_of_a_run_that_goes_on(runs, tmp_path):
    tables = tmp_path / "tables"
    tables.mkdir()
    lines = [f"{n},{n}" for n in range(1, 31)]
    lines[9] = "M31"
    for n in range(1, 31):
        (tables / f"{n}.xml").write_bytes(votable_of(1, n, n, n))
    (tables / "20.xml").write_bytes(votable_of(1, 20, 20, 20)[:500])
    (tables / "25.xml").unlink()
    (tmp_path / "c.txt").write_text("\n".join(lines))
    words = ("--input", str(tmp_path / "c.txt"), "--votables", str(tables))
    ended = runs.run(WORKFLOW, 4, *words)
    assert ended.status == 1, ended.err
    assert ended.summary.state == "failed tuples"
    assert ended.outputs.total() == 27
    said = sorted(letter.error for letter in ended.letters)
    assert len(said) == 3
    assert said[0].startswith("ArchiveError: galaxy 25 (RA 25.00000, Dec +25.00000): neither 25.xml nor")
    assert said[1].startswith("CoordinateError: line 10: expected right ascension and declination")
    assert said[2].startswith("VOTableError: galaxy 20 (RA 20.00000, Dec +20.00000): no VOTable")


@pytest.mark.parametrize("n", [1, 4])
def test_without_astropy_the_extra_is_named_before_the_run(runs, n):
    ended = runs.run(WORKFLOW, n, variables={"E2E_LACKS": "astropy"})
    told_once(ended, "it needs astropy", "pip install 'hpcd4p[extinction]'")
    assert ended.status == 2
