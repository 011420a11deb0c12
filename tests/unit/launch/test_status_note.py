"""The note that rank 0 leaves: whoever reads it while it is written sees a whole word."""

from __future__ import annotations

import threading

import pytest

from hpcd4p.launch.status_note import INTERRUPTED, STATUS_VARIABLE, StatusNote, leave_interrupted, leave_note


@pytest.mark.parametrize("several_nodes", [False, True])
def test_a_reader_never_sees_a_note_between_two_words(several_nodes, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with StatusNote(several_nodes) as note:
        monkeypatch.setenv(STATUS_VARIABLE, note.path)
        words = {"begun 12345", "2"}
        leave_note("2")
        done = threading.Event()

        def write() -> None:
            while not done.is_set():
                for word in words:
                    leave_note(word)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            seen = {note.word() for _ in range(5000)}
        finally:
            done.set()
            writer.join(10)
        assert seen == words
    assert not list(tmp_path.iterdir())


def test_the_last_word_is_read_as_what_it_means(monkeypatch):
    with StatusNote(False) as note:
        monkeypatch.setenv(STATUS_VARIABLE, note.path)
        assert (note.status(), note.head()) == (None, None)
        leave_note("begun 4711")
        assert (note.status(), note.head()) == (None, 4711)
        leave_note("3")
        assert (note.status(), note.head()) == (3, None)


@pytest.mark.parametrize(("word", "left"), [("", True), ("met", True), ("begun 12345", False)])
def test_an_interruption_is_left_to_the_launcher_until_the_run_has_begun(word, left, monkeypatch):
    with StatusNote(False) as note:
        monkeypatch.setenv(STATUS_VARIABLE, note.path)
        if word:
            leave_note(word)
        assert leave_interrupted() == left
        assert note.word() == (INTERRUPTED if left else word)


@pytest.mark.parametrize("path", [None, "/nowhere/note"])
def test_where_nobody_looks_for_a_note_an_interruption_is_not_left(path, monkeypatch):
    monkeypatch.delenv(STATUS_VARIABLE, raising=False)
    if path:
        monkeypatch.setenv(STATUS_VARIABLE, path)
    assert not leave_interrupted()
