from __future__ import annotations

from tests.settings_table import README, with_tables


def test_the_readme_has_the_settings_as_they_are():
    readme = README.read_text(encoding="utf-8")
    assert with_tables(readme) == readme, "python -m tests.settings_table writes them"
