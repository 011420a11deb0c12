"""The words of a step: what is seldom said costs nothing where it is not said."""

from __future__ import annotations

from hpcd4p.transport.step_words import STRETCH, StepWords, stretches
from hpcd4p.wire.ask import NOTHING_ASKED, Ask, Availability
from hpcd4p.wire.block import Block
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit, Entry, Publication

LOW = 16, 1 << 40


def words_of(commit=None, ask=NOTHING_ASKED, entry=None):
    return StepWords(3, [0, 1], LOW, False).of(commit or Commit(), ask, entry)


def test_a_look_says_who_looks_and_for_what():
    rank, _, tx, *rest = words_of(ask=Ask(take=[1, 0]))
    assert (rank, tx, rest) == (3, "", [1, 0])


def test_a_commit_says_counts_and_tasks():
    commit = Commit(7, {0: -2, 4: 3})
    commit.publish = [Publication(1, 3, b"pay\nload"), Publication(1, 1, b"", 2), Publication(0, 1, b"x")]
    _, _, tx, *rest = words_of(commit)
    assert tx == 7
    assert rest == [0, -2, 4, 3, 1, 2, b"1 3 0\npay\nload", b"1 1 2\n", 0, 1, b"0 1 0\nx"]


def test_on_several_nodes_tasks_that_lie_on_one_come_last():
    near = Codec(b"key").seal_frames([b"pickle", b"b" * 100], block=Block(0, 1, 1, 1, False))
    commit = Commit(7)
    commit.publish = [Publication(1, 1, near), Publication(1, 1, b"x"), Publication(0, 1, near)]
    far = [1, 1, b"1 1 0\nx"]
    said = StepWords(3, [0, 1], LOW, False, (0, 0, 0, 1)).of(commit, NOTHING_ASKED, None)
    assert said[3:] == [*far, 1, 1, b"1 1 0\n" + near, 0, 1, b"0 1 0\n" + near]
    alone = StepWords(3, [0, 1], LOW, False).of(commit, NOTHING_ASKED, None)
    assert alone[3:] == [1, 2, b"1 1 0\n" + near, b"1 1 0\nx", 0, 1, b"0 1 0\n" + near]


def test_many_tasks_go_in_stretches_that_lua_can_take():
    tasks = [Publication(1, 1, b"xy")] * (2 * STRETCH + 1)
    count, size, words = stretches(tasks)
    assert (count, size) == (3, 2 * len(tasks))
    assert len(words) == len(tasks) + 2 * count
    at, taken = 0, 0
    while at < len(words):
        assert words[at] == 1
        assert 0 < words[at + 1] <= STRETCH
        taken += words[at + 1]
        at += 2 + words[at + 1]
    assert taken == len(tasks)


def test_the_rest_comes_as_a_whole():
    plain = words_of()
    rung = words_of(ask=Ask(ring=[5, 6]))
    assert len(plain) == 3
    assert rung[3:] == [b"", 0, 0, 2, 5, 6, 0, 0, 0, 0, 0, 0]
    assert words_of(entry=Entry(b"sealed", 2))[3:] == [b"sealed", 2, 0, *[0] * 7]


def test_progress_of_a_task_that_is_done_is_not_said():
    words = StepWords(3, [0, 1], LOW, False)
    names = [(0, words.held.take(0)), (0, words.held.take(0))]
    commit = Commit(1)
    commit.progress = [(*names[0], (1, 2)), (*names[1], (3, 4))]
    commit.done = [names[0]]
    assert words.of(commit, NOTHING_ASKED, None)[3:] == [b"", 0, 2, 0, 0, 0, 0, 1, 0, "3 4", 0, 0]


def test_of_many_elements_spans_are_said():
    words = StepWords(3, range(100), LOW, False)
    ask = Ask(take=range(50), availability=Availability.IN_CALL)
    assert words.of(Commit(), ask, None)[3:] == [0, 49]
