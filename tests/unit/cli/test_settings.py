from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hpcd4p.cli.known_settings import all_settings
from hpcd4p.cli.options import engine_help
from hpcd4p.cli.prepare import words_of
from hpcd4p.cli.settings import Resolved, resolve
from hpcd4p.cli.show_config import show_config
from hpcd4p.errors import SettingsError
from hpcd4p.plan.settings import EngineSettings


def resolved(tmp_path: Path, toml: str = "", flags=None, environ=None) -> Resolved:
    config = None
    if toml:
        (tmp_path / "own.toml").write_text(toml)
        config = str(tmp_path / "own.toml")
    return resolve(flags or {}, environ or {}, config, folder=tmp_path)


def test_without_anything_said_the_engine_has_its_defaults(tmp_path):
    assert resolved(tmp_path).engine() == EngineSettings()


def test_a_flag_comes_before_a_variable_before_toml_before_the_default(tmp_path):
    toml = "[engine]\nwindow = 2\ntask_s = 0.5\nslice_s = 0.5\n"
    found = resolved(
        tmp_path, toml, {"window": "9"}, {"HPCD4P_WINDOW": "7", "HPCD4P_TASK_S": "0.25"}
    )  # fmt: skip
    assert (found.values["window"], found.sources["window"]) == (9, "--window")
    assert (found.values["task_s"], found.sources["task_s"]) == (0.25, "HPCD4P_TASK_S")
    assert (found.values["slice_s"], found.sources["slice_s"]) == (0.5, str(tmp_path / "own.toml"))
    assert (found.values["partitions"], found.sources["partitions"]) == (0, "default")


def test_a_toml_in_the_working_folder_is_found(tmp_path):
    (tmp_path / "hpcd4p.toml").write_text('[run]\nresults = "elsewhere"\n')
    found = resolved(tmp_path)
    assert (found.values["results"], found.sources["results"]) == ("elsewhere", "hpcd4p.toml")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[engine]\nwindwo = 2\n", "unknown key in [engine]"),
        ("[engine]\nwindwo = 2\n", "did you mean window?"),
        ("[engine]\nwindwo = 2\n", "default 32768"),
        ("[engin]\nwindow = 2\n", "the tables are [engine], [run] and [options]"),
        ("window = 2\n", "unknown table or key 'window'"),
        ("[engine]\nwindow = 'two'\n", "must be a whole number, not 'two'"),
        ("[engine]\nwindow = true\n", "must be a whole number, not True"),
        ("[engine]\nwindow = 1.5\n", "must be a whole number, not 1.5"),
        ("[engine]\nwindow = 0\n", "must be from 1 to 1,024, not 0"),
        ("[engine]\ntask_s = nan\n", "must be from 1e-05 to 60, not nan"),
        ("[run]\nresults = 4\n", "must be text, not 4"),
        ("[engine]\nordered_outputs = 2\n", "must be true or false, not 2"),
        ("[run\n", "is no TOML"),
    ],
)
def test_a_wrong_toml_says_what_is_wrong_and_where(tmp_path, toml, message):
    with pytest.raises(SettingsError) as caught:
        resolved(tmp_path, toml)
    assert message in str(caught.value)
    assert "own.toml" in str(caught.value)


def test_a_config_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match=r"cannot read the configuration .*none\.toml: No such file"):
        resolve({}, {}, str(tmp_path / "none.toml"), tmp_path)


def test_an_unknown_variable_lists_the_valid_ones(tmp_path):
    with pytest.raises(SettingsError, match="did you mean HPCD4P_WINDOW") as caught:
        resolved(tmp_path, environ={"HPCD4P_WINDWO": "3"})
    assert "HPCD4P_TASK_S" in str(caught.value)


@pytest.mark.parametrize("variable", ["HPCD4P_POINT", "HPCD4P_STATUS_FILE"])
def test_what_the_parts_of_the_program_tell_each_other_is_no_setting(tmp_path, variable):
    flags = {"checkpoint": "auto"}
    assert resolve(flags, {variable: "{}"}, folder=tmp_path) == resolve(flags, {}, folder=tmp_path)


@pytest.mark.parametrize(
    ("flags", "environ", "checkpoint", "source"),
    [
        ({}, {}, "auto", "default"),
        ({"record": False}, {}, "off", "--no-record"),
        ({"record": False, "checkpoint_dir": "kept"}, {}, "auto", "default"),
        ({"record": False, "checkpoint": "auto"}, {}, "auto", "--checkpoint"),
        ({}, {"HPCD4P_POINT": "{}"}, "off", "a study"),
        ({"checkpoint": "60"}, {"HPCD4P_POINT": "{}"}, "60", "--checkpoint"),
        ({}, {"HPCD4P_POINT": "{}", "HPCD4P_CHECKPOINT": "auto"}, "auto", "HPCD4P_CHECKPOINT"),
    ],
)
def test_a_run_makes_checkpoints_unless_it_keeps_nothing_or_is_measured(
    tmp_path, flags, environ, checkpoint, source
):
    found = resolve(flags, environ, folder=tmp_path)
    assert (found.values["checkpoint"], found.sources["checkpoint"]) == (checkpoint, source)


def test_a_variable_out_of_range_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"^HPCD4P_WINDOW must be from 1 to 1,024, not -1"):
        resolved(tmp_path, environ={"HPCD4P_WINDOW": "-1"})


@pytest.mark.parametrize(
    ("flags", "environ", "toml", "source"),
    [
        ({"log_level": "loud"}, {}, "", "--log-level"),
        ({}, {"HPCD4P_LOG_LEVEL": "loud"}, "", "HPCD4P_LOG_LEVEL"),
        ({}, {}, '[run]\nlog_level = "loud"\n', "log_level in"),
    ],
)
def test_a_level_that_there_is_not_lists_those_there_are(tmp_path, flags, environ, toml, source):
    with pytest.raises(
        SettingsError, match="must be one of debug, info, warning, error; not 'loud'"
    ) as caught:
        resolved(tmp_path, toml, flags, environ)
    assert str(caught.value).startswith(source)


def test_every_engine_setting_has_its_help():
    engine = {s.name for s in all_settings().values() if s.section == "engine"}
    assert engine_help().keys() == engine


def test_show_config_is_toml_that_says_the_same(tmp_path):
    text = show_config(resolved(tmp_path, flags={"window": "9"}))
    tables = tomllib.loads(text)
    assert tables["engine"]["window"] == 9
    assert "# --window" in text
    assert EngineSettings(**tables["engine"]).window == 9


def test_show_config_hides_the_password_of_redis(tmp_path):
    found = resolved(tmp_path, environ={"HPCD4P_REDIS_URL": "redis://me:se@cret@host:1/0"})
    assert "cret" not in show_config(found)
    assert found.shown()["redis_url"] == "redis://me:***@host:1/0"
    assert found.values["redis_url"] == "redis://me:se@cret@host:1/0"


def test_options_of_the_workflow_come_from_their_own_table(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('[run]\nresults = "here"\n[options]\ntop = 5\nheavy = true\nplot = false\nname = "a b"\n')
    found = resolve({}, environ={}, config=str(file), folder=tmp_path)
    assert found.options == {"top": 5, "heavy": True, "plot": False, "name": "a b"}
    assert words_of(found.options) == ["--top=5", "--heavy", "--name=a b"]
    assert "top = 5" in show_config(found)


@pytest.mark.parametrize("text", ["options = 3", "[options]\nlist = [1, 2]"])
def test_an_options_table_of_another_form_is_refused(tmp_path, text):
    file = tmp_path / "c.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match="options"):
        resolve({}, environ={}, config=str(file), folder=tmp_path)


@pytest.mark.parametrize(
    ("toml", "flags", "environ", "value", "source"),
    [
        ("", {}, {}, False, "default"),
        ("", {"ordered_outputs": True}, {}, True, "--ordered-outputs"),
        ("true", {"ordered_outputs": False}, {}, False, "--no-ordered-outputs"),
        ("", {}, {"HPCD4P_ORDERED_OUTPUTS": "yes"}, True, "HPCD4P_ORDERED_OUTPUTS"),
        ("true", {}, {"HPCD4P_ORDERED_OUTPUTS": "0"}, False, "HPCD4P_ORDERED_OUTPUTS"),
    ],
)
def test_a_setting_of_the_engine_may_be_a_switch(tmp_path, toml, flags, environ, value, source):
    found = resolved(tmp_path, toml and f"[engine]\nordered_outputs = {toml}\n", flags, environ)
    assert (found.engine().ordered_outputs, found.sources["ordered_outputs"]) == (value, source)
