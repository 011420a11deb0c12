"""The page of a run under way, or dead, from its status."""

from __future__ import annotations

from pathlib import Path

from hpcd4p.live.document import Checkpoints, Failure
from hpcd4p.live.found import FoundRun, Life
from hpcd4p.live.page import live_page
from tests.unit.live.documents import document, element, identity
from tests.unit.record.page.drawn import Page, asks_nobody

EVIL = "</title><script>alert(1)</script>"


def found(life=Life.UNDER_WAY, **given) -> FoundRun:
    return FoundRun(Path("/r/factors-1.live"), document(**given), life, 1.0)


def refreshes(text: str) -> list[str | None]:
    return [m["content"] for m in Page(text).all_of("meta") if m.get("http-equiv") == "refresh"]


def test_a_run_under_way_is_loaded_again_and_again():
    text = live_page(found(elements=[element("a0", role="source", into=["b1"]), element("b1")]), 2.0)
    assert refreshes(text) == ["2"]
    page = Page(text)
    assert "under way" in page.words
    assert {"a0", "b1"} <= set(page.words)
    assert len([each for each in page.all_of("path") if each.get("class") == "edge"]) == 1


def test_the_speed_of_an_edge_is_told_where_it_is_known():
    split = element("split0", into=["a1", "b2"], rate=30.0)
    one, other = element("a1", into=["join3"], rate=20.0), element("b2", into=["join3"], rate=10.0)
    join = element("join3", rate=29.0)
    page = Page(live_page(found(elements=[split, one, other, join]), 2.0))
    # of what two write for one, each writes 1,100 for 1,200 that it takes
    assert [words for words in page.words if words.endswith("/s")] == ["20/s", "10/s", "18.3/s", "9.17/s"]


def test_a_dead_run_is_not_and_says_how_to_go_on():
    kept = Checkpoints(3, 0, 1.0, 100, 0.1, 0.1, 0.01, 0, "")
    dead = found(Life.DEAD, run=identity(checkpoints="/r/factors-1.checkpoints"), checkpoints=kept)
    text = live_page(dead, None)
    assert refreshes(text) == []
    assert "hpcd4p resume /r/factors-1.checkpoints" in Page(text).text
    assert "dead" in Page(text).words


def test_names_and_errors_of_users_are_text():
    text = live_page(
        found(
            run=identity(workflow=EVIL, host=EVIL, job=EVIL),
            elements=[element(EVIL, role="source", into=[EVIL])],
            failures=[Failure(EVIL, EVIL, EVIL, 3, EVIL)],
            doubts=[EVIL],
        ),
        2.0,
    )
    assert asks_nobody(text)
    assert EVIL in Page(text).text


def test_elements_that_are_left_out_are_counted_and_no_edge_leads_to_them():
    text = live_page(
        found(elements=[element("a0", into=["b1", "c2"]), element("c2")], elements_left_out=7), 2.0
    )
    assert "7 elements more" in Page(text).text
    assert text.count('class="edge"') == 1
