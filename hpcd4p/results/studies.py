"""The results of a study for your own analysis: as a pandas DataFrame, or as plain rows.

Pandas is not needed for anything else, and only imported here when it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpcd4p.study.results.reader import Results


def rows(path: str | Path) -> list[dict[str, Any]]:
    """Give the rows of the results file `path`, one for each attempt; what is missing is None.

    ``hpcd4p/study/SCHEMA.md`` says what the columns are; times are in seconds.

    Raises
    ------
    hpcd4p.errors.RecordError
        There is no such file, or it is no results file, truncated, or of another version of the schema.

    Examples
    --------
    >>> for row in rows("results/strong.h5"):  # doctest: +SKIP
    ...     print(row["ranks"], row["elapsed_s"])
    """
    return _read(path).rows


def load(path: str | Path) -> Any:
    """Give the results file `path` as a `pandas.DataFrame`, one row for each attempt.

    Whole numbers are ``int64``, or ``Int64`` where some are missing; other numbers ``float64`` with NaN;
    missing text is None. ``frame.attrs`` has the `units` of the columns, the `axes`, and the name of
    the `study`.

    Raises
    ------
    hpcd4p.errors.MissingPackage
        There is no pandas (``pip install pandas``); `rows` needs none.
    hpcd4p.errors.RecordError
        As `rows`.

    Examples
    --------
    >>> frame = load("results/strong.h5")  # doctest: +SKIP
    >>> frame.groupby("ranks")["elapsed_s"].median()  # doctest: +SKIP
    """
    results = _read(path)
    pandas = _load_pandas()
    columns = {name: _series(pandas, results, name) for name in results.columns}
    frame = pandas.DataFrame(columns, columns=results.columns)
    frame.attrs = {"study": results.name, "axes": results.axes, "units": results.units}
    return frame


def _series(pandas: Any, results: Results, name: str) -> Any:
    from hpcd4p.study.schema import ColumnKind

    values = [row[name] for row in results.rows]
    kind = results.kinds[name]
    if kind is ColumnKind.WHOLE:
        return pandas.Series(values, dtype="Int64" if None in values else "int64")
    return pandas.Series(values, dtype="float64" if kind is ColumnKind.NUMBER else "object")


def _load_pandas() -> Any:
    from hpcd4p.packages import lack_of

    try:
        import pandas
    except Exception as error:  # built for another numpy, it raises anything
        raise lack_of("pandas", error) from error
    return pandas


def _read(path: str | Path) -> Results:
    from hpcd4p.study.results.reader import read_results

    return read_results(Path(path))
