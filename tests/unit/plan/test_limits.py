from __future__ import annotations

import pytest

from hpcd4p.errors import SettingsError
from hpcd4p.plan.limits import LIMITS, engine_settings
from hpcd4p.plan.settings import EngineSettings


def test_every_number_has_limits_and_its_default_is_within():
    defaults = {n: v for n, v in EngineSettings()._asdict().items() if not isinstance(v, str | bool)}
    assert LIMITS.keys() == defaults.keys()
    assert engine_settings(defaults) == EngineSettings()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"windwo": 3}, r"(?s)unknown setting 'windwo'; did you mean window\?.*window \(4\)"),
        ({"window": 0}, "window must be from 1 to 1,024, not 0"),
        ({"window": 1.5}, "window must be a whole number, not 1.5"),
        ({"window": True}, "window must be a whole number, not True"),
        ({"ordered_outputs": "yes"}, "ordered_outputs must be True or False, not 'yes'"),
        ({"task_s": "long"}, "task_s must be a number, not 'long'"),
        ({"task_s": float("nan")}, "task_s must be from 1e-05 to 60, not nan"),
    ],
)
def test_a_wrong_setting_says_what_it_may_be(given, message):
    with pytest.raises(SettingsError, match=message):
        engine_settings(given)
