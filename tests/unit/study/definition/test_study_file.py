"""The file of a study: what stands in it, and what it must not say."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hpcd4p.cli.known_settings import all_settings
from hpcd4p.errors import SettingsError
from hpcd4p.study.definition.study_file import KEYS, TABLES, parse_study, read_study, seconds_of

CONFIGS = Path(__file__).parents[4] / "configs"
SETTINGS = frozenset(all_settings())
REFERENCE = CONFIGS / "study-reference.toml"

STUDIES = sorted(p for p in CONFIGS.glob("*.toml") if "[study]" in p.read_text())

SMALL = {"study": {"workflow": "flow.py"}, "axes": {"ranks": [2, 4]}}


def changed(**tables):
    made = {name: dict(table) for name, table in SMALL.items()}
    for name, table in tables.items():
        made[name] = {**made.get(name, {}), **table}
    return made


def refused(**tables) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_study(changed(**tables), "s.toml", SETTINGS)
    return str(caught.value)


def test_the_reference_has_every_key():
    tables = tomllib.loads(REFERENCE.read_text())
    assert set(tables) == set(TABLES)
    for name, keys in KEYS.items():
        assert set(tables[name]) == set(keys), name


def test_every_key_of_the_reference_has_its_comment():
    for line in REFERENCE.read_text().splitlines():
        name = line.partition("=")[0].strip()
        if any(name in keys for keys in KEYS.values()) and name not in ("account", "qos", "constraint"):
            assert "#" in line, line


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_every_shipped_study_is_valid(path):
    study = read_study(path, SETTINGS)
    assert study.name == path.stem
    assert study.time_s > 0


def test_there_are_the_studies_that_the_readme_promises():
    assert {p.stem for p in STUDIES} >= {
        "strong_scaling", "weak_scaling", "policies", "mappings", "applications", "demo",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"stdy": {}}, "unknown table in s.toml: stdy; did you mean study?"),
        ({"study": {"repeat": 3}}, "unknown key in [study] of s.toml: repeat; did you mean repeats?"),
        ({"launch": {"partitoin": "x"}}, "did you mean partition?"),
        ({"axes": {"autoscal": ["knee"]}}, "unknown axis autoscal of s.toml; did you mean autoscale?"),
        ({"axes": {"repeats": [1]}}, "repeats is a key of [study]"),
        ({"axes": {"results": ["a"]}}, "a study sets that itself"),
        ({"axes": {"host": ["a"]}}, "a column of the results file has this name"),
        ({"axes": {"ranks": []}}, "has no values"),
        ({"settings": {"tsk_s": 1}}, "did you mean task_s?"),
        ({"settings": {"task_s": [1]}}, "must be one value"),
        ({"axes": {"task_s": [0.1]}, "settings": {"task_s": 1}}, "task_s is an axis and in [settings]"),
        ({"study": {"repeats": 0}}, "repeats in s.toml must be at least 1"),
        ({"study": {"repeats": True}}, "must be a whole number"),
        ({"study": {"name": "a/b"}}, "names files"),
        ({"study": {"scaling": "both"}}, "must be one of strong, weak"),
        ({"study": {"scaling": "weak"}}, "needs grows"),
        ({"study": {"grows": ["x"]}}, "grows is for scaling = 'weak'"),
        ({"study": {"scaling": "weak", "grows": ["x"]}}, "must be a number"),
        ({"study": {"time": "soon"}}, "time in s.toml must be a limit"),
        ({"points": {"combine": "sum"}}, "must be one of product, zip"),
        ({"points": {"exclude": [{"ranks": 3}]}}, "axis ranks has no value 3"),
        ({"points": {"exclude": [{"rank": 2}]}}, "did you mean ranks?"),
        ({"launch": {"cluster": "pbs"}}, "must be one of auto, slurm, local, debug"),
        ({"launch": {"at_once": 0}}, "at least 1"),
        ({"launch": {"setup": "module load x"}}, "must be a list"),
        ({"report": {"baseline": {"ranks": 3}}}, "axis ranks has no value 3"),
        ({"report": {"baseline": {"x": 3}}}, "unknown axis in baseline"),
    ],
)
def test_what_is_wrong_is_told_in_one_message(tables, told):
    assert told in refused(**tables)


def test_a_study_needs_a_workflow():
    with pytest.raises(SettingsError, match="has no workflow"):
        parse_study({"study": {}, "axes": {}}, "s.toml", SETTINGS)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1:30", 90), ("1:00:00", 3600), ("2-01:00:00", 176_400)]
)
def test_limits_are_written_as_for_sbatch(text, seconds):
    assert seconds_of(text, "s.toml") == seconds


@pytest.mark.parametrize(("content", "told"), [(b"[study", "is no TOML"), (b"\xff", "it is not UTF-8 text")])
def test_a_file_that_is_no_toml_is_told(tmp_path, content, told):
    path = tmp_path / "s.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=told):
        read_study(path, SETTINGS)


def test_a_file_that_is_not_there_is_told_with_where_examples_are(tmp_path):
    with pytest.raises(SettingsError, match=r"study-reference\.toml"):
        read_study(tmp_path / "s.toml", SETTINGS)
