"""What has changed since a run began is told in words; what has not, is not."""

from __future__ import annotations

import json
import os

import pytest

from hpcd4p.checkpoint import identity
from hpcd4p.checkpoint.identity import differences, identify


@pytest.fixture
def place(tmp_path):
    """A workflow file, an input, a folder of inputs."""
    (tmp_path / "words.py").write_text("graph = 1\n")
    (tmp_path / "in.txt").write_text("one two\n")
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "a.txt").write_text("a")
    return tmp_path


def of(place, **changes):
    given = {
        "workflow": "words",
        "sources": [place / "words.py"],
        "options": {"--task-ms": 4, "-f": str(place / "in.txt"), "--books": str(place / "books")},
        "mapping": "hybrid",
        "elements": [("read", 1), ("count", 8)],
        **changes,
    }
    return identify(**given)


def change(place, **changes):
    """The differences to what `place` is now, through JSON."""
    return differences(json.loads(json.dumps(of(place))), of(place, **changes))


def since(place, happens):
    before = of(place)
    happens()
    return differences(json.loads(json.dumps(before)), of(place))


def test_nothing_has_changed(place):
    assert change(place) == []


def test_it_can_be_read_by_people(place):
    text = json.dumps(of(place))
    for word in ("words.py", "in.txt", "--task-ms", "hybrid", "count"):
        assert word in text


def test_a_workflow_file_that_has_changed_is_named(place):
    file = place / "words.py"
    assert since(place, lambda: file.write_text("graph = 2\n")) == [
        f"the workflow file {file} has changed since"
    ]


def test_a_workflow_file_that_was_only_written_again_is_the_same(place):
    assert since(place, lambda: os.utime(place / "words.py", (1, 1))) == []


def test_a_workflow_that_was_moved_is_the_same(place):
    (place / "moved.py").write_text((place / "words.py").read_text())
    assert change(place, sources=[place / "moved.py"]) == []


def test_files_that_have_come_and_gone_are_named(place):
    (place / "more.py").write_text("x = 1")
    both = [place / "words.py", place / "more.py"]
    assert change(place, sources=both) == [f"the workflow file {place / 'more.py'} was not part of it"]
    assert differences(of(place, sources=both), of(place)) == [
        f"the workflow file {place / 'more.py'} is not part of it any more"
    ]


def test_an_option_says_what_it_was_and_is(place):
    options = {"-f": str(place / "in.txt"), "--books": str(place / "books"), "--new": True}
    assert change(place, options={**options, "--task-ms": 5}) == [
        "--task-ms was 4 and is 5",
        "--new was not given and is true",
    ]
    assert change(place, options=options) == [
        "--task-ms was 4 and is not given",
        "--new was not given and is true",
    ]


def test_long_values_are_kept_short_and_told_short(place):
    old, new = (of(place, options={"-d": [n] * 10_000}) for n in (1, 2))
    assert len(json.dumps(old)) < 2000
    assert differences(old, new) == ["-d has changed since"]
    middle = of(place, options={"-d": "x" * 500})
    assert len(differences(middle, of(place, options={"-d": "y" * 500}))[0]) < 200


def test_what_is_not_json_is_compared_by_type(place):
    old = of(place, options={"inputs": object()})
    assert differences(old, of(place, options={"inputs": object()})) == []
    (line,) = differences(old, of(place, options={"inputs": {1, 2}}))
    assert "builtins.object" in line
    assert "builtins.set" in line


def test_what_json_changes_is_no_difference(place):
    assert (
        differences(
            json.loads(json.dumps(of(place, options={"-d": (1, 2)}))), of(place, options={"-d": [1, 2]})
        )
        == []
    )


def test_an_input_that_has_grown_says_so(place):
    assert since(place, lambda: (place / "in.txt").write_text("one two three\n")) == [
        f"the input {place / 'in.txt'} has changed since: it had 8 bytes and has 14"
    ]


def test_an_input_of_the_same_size_with_other_content_is_told(place):
    assert since(place, lambda: (place / "in.txt").write_text("two one\n")) == [
        f"the input {place / 'in.txt'} has changed since: its content is another"
    ]


def test_a_small_input_that_was_only_written_again_is_the_same(place):
    assert since(place, lambda: os.utime(place / "in.txt", (1, 1))) == []


def test_of_a_large_input_the_ends_and_the_time_count(place, monkeypatch):
    monkeypatch.setattr(identity, "ENDS_BYTES", 2)
    file = place / "in.txt"
    os.utime(file, (1, 1))

    def change_middle(at: int) -> None:
        data = bytearray(file.read_bytes())
        data[3] = ord("X")
        file.write_bytes(data)
        os.utime(file, (at, at))

    assert since(place, lambda: change_middle(1)) == []  # what cannot be seen at this price
    (line,) = since(place, lambda: change_middle(100_000))
    assert "in.txt has changed since: it was written at 1970-01-0" in line


def test_an_input_that_is_gone_is_told(place):
    assert since(place, (place / "in.txt").unlink) == [f"the input {place / 'in.txt'} is gone"]


def test_an_input_that_another_option_has_replaced_is_not(place):
    (place / "other.txt").write_text("x")
    given = {"--task-ms": 4, "-f": str(place / "other.txt"), "--books": str(place / "books")}
    (line,) = change(place, options=given)
    assert line.startswith("-f was ")


def test_a_file_that_was_not_there_is_no_difference(place):
    options = {"--out": str(place / "out.csv")}
    before = of(place, options=options)
    (place / "out.csv").write_text("what the run has written")
    assert differences(before, of(place, options=options)) == []


def test_files_named_deep_in_values_are_inputs(place):
    file = str(place / "in.txt")
    deep = {"read": [{"input": file}]}
    for value in (deep, json.dumps(deep), [file], place / "in.txt"):
        assert file in of(place, options={"-d": value})["inputs"]


def test_a_folder_whose_files_are_others_is_told(place):
    books = place / "books"
    assert since(place, lambda: (books / "b.txt").write_text("b")) == [
        f"the input {books} has changed since: it had 1 files and has 2"
    ]
    assert since(place, lambda: (books / "b.txt").rename(books / "c.txt")) == [
        f"the input {books} has changed since: names, sizes or times of its files are others"
    ]


def test_a_huge_folder_costs_no_more_than_so_many_files(place, monkeypatch):
    monkeypatch.setattr(identity, "MOST_FILES", 3)
    for number in range(10):
        (place / "books" / f"{number}").write_text("")
    assert of(place)["inputs"][str(place / "books")]["files"] == 3


def test_a_pipe_is_not_read(place):
    (place / "in.txt").unlink()
    os.mkfifo(place / "in.txt")
    assert of(place)["inputs"][str(place / "in.txt")] == {"kind": "neither file nor folder"}


def test_a_source_that_cannot_be_read_is_told(place):
    assert since(place, (place / "words.py").unlink) == [
        f"the workflow file {place / 'words.py'} has changed since"
    ]


def test_mapping_workflow_and_versions_are_told(place):
    old = of(place) | {"hpcd4p": "0.0.9", "python": "3.10"}
    found = differences(old, of(place, workflow="letters", mapping="static"))
    assert found[0].startswith("hpcd4p was 0.0.9 and is ")
    assert found[1].startswith("Python was 3.10 and is 3.")
    assert found[2:] == ["the workflow was words and is letters", "the mapping was hybrid and is static"]


def test_mappings_with_the_same_partitions_are_no_difference(place):
    for old, new in (("hybrid", "simple"), ("simple", "dynamic"), ("static", "static")):
        assert differences(of(place, mapping=old), of(place, mapping=new)) == []
    for old, new in (("static", "simple"), ("hybrid", "static")):
        assert len(differences(of(place, mapping=old), of(place, mapping=new))) == 1


def test_elements_are_told(place):
    assert change(place, elements=[("read", 1), ("count", 16)]) == [
        "the element count had 8 partitions and has 16"
    ]
    assert change(place, elements=[("read", 1), ("sum", 8)]) == [
        "the element count is not there any more",
        "the element sum was not there",
    ]
    assert change(place, elements=[("count", 8), ("read", 1)]) == ["the elements are in another order"]
