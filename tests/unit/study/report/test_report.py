"""The report: its page, its figures, its words."""

from __future__ import annotations

import builtins
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest

from hpcd4p.errors import MissingPackage, RecordError, SettingsError
from hpcd4p.record.writer import RecordWriter
from hpcd4p.study.report.files import check_places, places_of, write_report
from hpcd4p.study.report.report import Wishes, make_report
from hpcd4p.study.results.reader import read_results
from hpcd4p.study.results.writer import write_results
from tests.unit.record.scalings import contended
from tests.unit.study.studies import attempts_of, process_time, results_of, usl

RANKS = {"ranks": [1, 2, 4, 8, 16, 32, 64]}
POLICIES = {**RANKS, "autoscale": ["none", "knee"]}
FEW = {"ranks": [2, 4]}
SVG = Wishes(kinds=("svg",))

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Tags must be closed in turn; keeps what the page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def report_of(tmp_path: Path, axes, wishes=SVG, other=None, **given):
    return make_report(results_of(tmp_path, axes, **given), other, wishes)


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("policies"), POLICIES)


def svg_text(data: bytes) -> str:
    ElementTree.fromstring(data)
    return data.decode()


# ---- the page


def test_the_page_needs_nothing_else_and_is_well_formed(policies):
    page = Page(policies.page)
    assert len(page.sources) == page.tags.count("img") >= 7
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.sources)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert not re.search(r"@import|@font-face|url\(", policies.page)


def test_what_comes_from_a_study_is_text_on_the_page(tmp_path):
    bad = "<script>alert(1)</script>"
    attempts = [replace(a, reason=bad, state="failed", host=bad) for a in attempts_of(FEW)]
    made = report_of(tmp_path, FEW, attempts=attempts, title=bad, workflow=bad)
    assert "<script>" not in made.page
    assert "&lt;script&gt;" in made.page
    Page(made.page)


def test_the_first_page_says_what_was_run_and_how_to_run_it_again(policies):
    text = policies.page
    for words in (
        "A study that was made up", "hpcd4p.workflows.wordcount", "none, knee",
        "42 at 14 points: 42 completed",
        "2026-01-02 03:04 to 2026-01-02 03:05 UTC", "python -m hpcd4p sweep configs/made-up.toml",
        "python -m hpcd4p report ", "0123abcd", "numpy 2.0.0", "3.11.9",
    ):  # fmt: skip
        assert words in text
    assert text.index("What it says") < text.index("<figure")


def test_the_same_results_give_the_same_report(tmp_path):
    results = results_of(tmp_path, FEW)
    one, two = (make_report(results, None, Wishes()) for _ in range(2))
    assert one.page == two.page
    assert one.files == two.files


def test_what_all_runs_have_in_common_is_told(tmp_path):
    text = report_of(
        tmp_path, FEW, scaling="weak", grows=["galaxies"], settings={"task_s": 0.01}, options={"heavy": True}
    ).page
    assert "<dt>fixed</dt><dd>task_s = 0.01, heavy = true</dd>" in text
    assert "<dt>grows with the ranks</dt><dd>galaxies</dd>" in text


def test_the_environment_is_that_of_a_run_where_its_record_can_be_read(tmp_path):
    summary = contended()[0]
    summary.provenance = {
        "packages": {"mpi4py": "4.0.0"}, "git_commit": "feedbeef", "git_dirty": True,
        "slurm": {"SLURM_JOB_PARTITION": "long"},
    }  # fmt: skip
    RecordWriter(tmp_path / "r.h5").close(summary)
    text = report_of(tmp_path, FEW, attempts=attempts_of(FEW, record=tmp_path / "r.h5")).page
    assert "<dd>mpi4py 4.0.0</dd>" in text
    assert "feedbeef, with changes that were not committed" in text
    assert "<dt>Slurm partition</dt><dd>long</dd>" in text


# ---- what it says


def test_it_says_the_best_run_time_the_efficiency_the_knee_and_the_best_policy(policies):
    said = " ".join(policies.says)
    assert re.search(r"shortest run time is 3\.\d\d s, median of 3 \(ranks = 64, autoscale = knee\)", said)
    assert re.search(r"At 64 ranks, the most, the parallel efficiency is 0\.2\d", said)
    knee = re.search(r"puts the knee.* at ([\d.]+) ranks \(95% interval ([\d.]+) to ([\d.]+)\)", said)
    assert 45 < float(knee[1]) < 55  # √(0.98 / 0.0004) = 49.5
    assert float(knee[2]) <= float(knee[1]) <= float(knee[3])
    assert re.search(
        r"autoscale = knee takes 0\.9\d \[.*\] of the run time and 0\.6\d \[.*\] of the process", said
    )


def test_laws_count_ranks_without_the_head_where_that_is_nearer(tmp_path):
    def headless(axes, ranks):
        return usl(max(1, ranks - 1))

    made = report_of(
        tmp_path, RANKS, attempts=attempts_of({"ranks": [2, 3, 5, 9, 17, 33, 65]}, 3, 0.0, headless)
    )
    assert re.search(r"knee, .* at 50\.5 ranks", " ".join(made.says))
    assert "ranks without the head" in made.files["laws.md"].decode()


def test_a_law_that_does_not_fit_is_not_printed_and_the_report_says_so(tmp_path):
    made = report_of(
        tmp_path, RANKS,
        attempts=attempts_of({"ranks": [2, 3, 4]}, 3, 0.0, lambda axes, n: {2: 1.9, 3: 2.0, 4: 2.2}[n]),
    )  # fmt: skip
    (row,) = (line for line in made.files["laws.md"].decode().splitlines() if "Amdahl" in line)
    assert "the law does not fit: σ would be 2.08" in row
    assert row.count("2.08") == 1
    drawn = svg_text(made.files["laws.svg"])
    assert ">no law fits<" in drawn
    assert ">Amdahl<" not in drawn
    assert "Not drawn, for it does not fit the run times: Amdahl." in made.page


def test_a_study_that_failed_altogether_has_a_report_that_says_so(tmp_path):
    attempts = [replace(a, state="timed out", status=3, reason="a|b") for a in attempts_of(FEW)]
    made = report_of(tmp_path, FEW, attempts=attempts)
    assert "None of the 6 attempts completed" in made.page
    assert not [name for name in made.files if name.endswith(".svg")]
    failures = made.files["failures.md"].decode()
    assert failures.count("timed out") == 6
    assert "a\\|b" in failures
    Page(made.page)


def test_a_results_file_without_rows_has_a_report_that_says_so(tmp_path):
    made = report_of(tmp_path, FEW, attempts=[])
    assert "has no runs" in made.page
    Page(made.page)


def test_failures_are_listed_with_point_state_and_reason(tmp_path):
    attempts = attempts_of(FEW, 3)
    attempts[0] = replace(attempts[0], state="failed", status=2, reason="no such module")
    again = replace(attempts[0], state="completed", attempt=2, elapsed_s=31.0)
    made = report_of(tmp_path, FEW, attempts=[*attempts, again])
    line = next(row for row in made.files["failures.md"].decode().splitlines() if "no such module" in row)
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "ranks=2,repeat=1", "1", "failed", "2", "no such module", "yes",
    ]  # fmt: skip
    assert "1 of 7 attempts did not complete" in " ".join(made.says)


# ---- figures


def test_every_figure_names_its_axes_and_its_repeats(policies):
    for name, label in (
        ("run-time", "run time (s)"), ("speed-up", "speed-up (ratio)"), ("process-time", "process time (s)"),
        ("efficiency", "parallel efficiency (ratio)"), ("throughput", "throughput (tuples/s)"),
        ("ratios-autoscale", "run time (ratio to none)"),
    ):  # fmt: skip
        text = svg_text(policies.files[f"{name}.svg"])
        assert f">{label}<" in text
        assert ">number of ranks<" in text
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", policies.page)
    assert len(captions) == 7
    assert all("n = 3 of each point" in caption for caption in captions)


def test_png_svg_and_pdf_are_made_when_asked_for(tmp_path):
    made = report_of(tmp_path, FEW, Wishes(kinds=("pdf",)))
    assert made.files["run-time.pdf"].startswith(b"%PDF")
    assert "run-time.svg" not in made.files
    assert "data:image/svg+xml" in made.page  # a page cannot hold a PDF
    made = report_of(tmp_path, FEW, Wishes(kinds=("png",)))
    assert made.files["run-time.png"].startswith(b"\x89PNG")
    assert "data:image/png" in made.page


def test_a_point_that_failed_is_marked_and_told(tmp_path, policies):
    attempts = [replace(a, state="failed") if a.axes["ranks"] == 4 else a for a in attempts_of(RANKS)]
    made = report_of(tmp_path, RANKS, attempts=attempts)
    assert ">none completed<" in svg_text(made.files["run-time.svg"])
    assert "×: no run of this point completed." in made.page
    assert ">none completed<" not in svg_text(policies.files["run-time.svg"])


def test_weak_scaling_has_figures_of_its_own_and_no_amdahl(tmp_path):
    made = report_of(
        tmp_path, RANKS, scaling="weak", attempts=attempts_of(RANKS, time_of=lambda a, n: 20 + 0.02 * n)
    )
    assert ">weak-scaling efficiency (ratio)<" in svg_text(made.files["efficiency.svg"])
    assert ">scaled speed-up (ratio)<" in svg_text(made.files["speed-up.svg"])
    assert "laws.svg" not in made.files
    laws = made.files["laws.md"].decode()
    assert "Gustafson" in laws
    assert "Amdahl" not in laws
    assert "By Gustafson's law the serial part" in " ".join(made.says)


@pytest.mark.parametrize(
    ("axes", "label"),
    [
        ({"ranks": [8], "task_s": [0.01, 0.1, 1.0]}, "task (s)"),
        ({"ranks": [8], "mapping": ["dynamic", "static"]}, "mapping"),
        ({"ranks": [8]}, "number of ranks"),
    ],
)
def test_studies_with_one_number_of_ranks_have_figures(tmp_path, axes, label):
    made = report_of(tmp_path, axes)
    assert f">{label}<" in svg_text(made.files["run-time.svg"])
    assert "speed-up.svg" not in made.files


def test_many_panels_make_several_figures(tmp_path):
    axes = {"ranks": [2, 4], "mapping": ["dynamic", "static"], "task_s": [i / 100 for i in range(1, 15)]}
    made = report_of(tmp_path, axes, attempts=attempts_of(axes, 1))
    assert "run-time-2.svg" in made.files


def test_without_three_repeats_no_interval_is_given_and_that_is_said(tmp_path):
    made = report_of(tmp_path, POLICIES, attempts=attempts_of(POLICIES, 2))
    table = made.files["ratios-autoscale.md"].decode()
    assert "[" not in table
    assert "Without an interval: fewer than 3 repeats." in table
    assert "fewer than 3 repeats" in made.page
    assert "n = 2 of each point" in made.page


# ---- ratios


def test_the_table_of_ratios_is_that_of_the_paper(tmp_path):
    axes = {"ranks": [4, 8], "autoscale": ["none", "knee"]}
    made = report_of(tmp_path, axes, attempts=attempts_of(axes, 3, noise=0.0))
    assert made.files["ratios-autoscale.md"].decode() == (
        """**Run time and process time relative to autoscale = none**

| autoscale | ranks |   n | run time (s) | none (s) |       run time ratio |   process time ratio |
| --------- | ----: | --: | -----------: | -------: | -------------------: | -------------------: |
| knee      |     4 |   3 |         15.2 |     16.0 | 0.950 [0.950, 0.950] | 0.665 [0.665, 0.665] |
| knee      |     8 |   3 |         8.28 |     8.72 | 0.950 [0.950, 0.950] | 0.665 [0.665, 0.665] |
| knee      |   all |   3 |              |          | 0.950 [0.950, 0.950] | 0.665 [0.665, 0.665] |

Ratios of medians over n repeats; all: geometric mean. In brackets: 95% bootstrap intervals.
"""
    )
    assert process_time({"autoscale": "knee"}, 1, 0.95) == pytest.approx(0.665)


def test_ratios_far_apart_are_on_a_logarithmic_scale_and_all_in_sight(tmp_path):
    axes = {"ranks": [2, 4, 8], "autoscale": ["none", "knee"], "mapping": ["dynamic", "static"]}

    def times(point, ranks):
        return (40.0 if point["autoscale"] == "knee" and point["mapping"] == "static" else 1.0) / ranks

    made = report_of(tmp_path, axes, attempts=attempts_of(axes, 3, 0.0, times))
    text = svg_text(made.files["ratios-autoscale.svg"])
    for tick in ("1", "10", "20"):
        assert f">{tick}<" in text


def test_a_study_of_which_only_the_records_are_left_has_a_report(tmp_path):
    attempts = attempts_of(POLICIES)
    path = tmp_path / "made-up.h5"
    write_results(path, {"name": "made-up"}, attempts, {})
    made = make_report(read_results(path), None, SVG)
    assert "<h1>made-up</h1>" in made.page
    assert "python -m hpcd4p sweep configs/made-up.toml" in made.page
    assert "relative to autoscale = none" in made.files["ratios-autoscale.md"].decode()


def test_names_of_any_kind_are_drawn_as_they_are(tmp_path):
    axes = {"ranks": [2, 4], "_x$a^": ["_one", "$two$", "a/b"]}
    made = report_of(tmp_path, axes, attempts=attempts_of(axes, 1))
    text = svg_text(made.files["run-time.svg"])
    for word in ("_x$a^", "_one", "$two$", "a/b"):
        assert word in text
    assert "ratios-_x_a_.svg" in made.files
    assert all("/" not in name for name in made.files)


def test_another_baseline_can_be_asked_for(tmp_path):
    made = report_of(
        tmp_path, POLICIES, Wishes({"autoscale": "knee"}, ("svg",)), baseline={"autoscale": "none"}
    )
    assert "relative to autoscale = knee" in made.files["ratios-autoscale.md"].decode()


def test_two_files_side_by_side(tmp_path):
    (tmp_path / "before").mkdir()
    slower = attempts_of({"ranks": [2, 4, 8]}, 3, time_of=lambda a, n: 2 * usl(n), noise=0.0)
    other = results_of(tmp_path / "before", RANKS, attempts=slower)
    results = results_of(tmp_path, FEW, attempts=attempts_of(FEW, 3, noise=0.0))
    made = make_report(results, other, SVG)
    table = made.files["ratios-file.md"].decode()
    assert table.count("0.500 [0.500, 0.500]") == 6  # two points and their mean, in run time and process time
    assert "compared with" in made.page
    assert any("ranks = 8" in what for what in made.left_out)
    assert "ratios-file.svg" in made.files


def test_a_file_is_not_compared_with_itself(tmp_path):
    results = results_of(tmp_path, FEW)
    with pytest.raises(SettingsError, match="the file of the report itself"):
        make_report(results, results, SVG)


# ---- timelines


def recorded(tmp_path: Path) -> list:
    whole, broken = tmp_path / "whole.h5", tmp_path / "broken.h5"
    RecordWriter(whole).close(contended()[0])
    broken.write_bytes(whole.read_bytes()[:5000])
    return [replace(a, record=broken if a.axes["ranks"] == 2 else whole) for a in attempts_of(FEW, 2)]


def test_runs_of_the_most_ranks_get_a_timeline(tmp_path):
    made = report_of(tmp_path, FEW, attempts=recorded(tmp_path))
    assert "policy knee" in svg_text(made.files["timeline-1.svg"])
    assert "Rank timeline of one run, ranks=4,repeat=" in made.page
    assert made.left_out == []


def test_records_that_are_in_the_results_file_make_timelines(tmp_path):
    attempts = [a for a in recorded(tmp_path) if a.axes["ranks"] == 4]
    path = tmp_path / "made-up.h5"
    write_results(path, {"name": "made-up"}, attempts, {}, merge=True)
    (tmp_path / "whole.h5").unlink()
    assert "timeline-1.svg" in make_report(read_results(path), None, SVG).files


def test_a_truncated_record_is_left_out_and_told(tmp_path):
    made = report_of(tmp_path, FEW, attempts=recorded(tmp_path), timelines=["ranks=*,repeat=1"])
    assert "timeline-2.svg" in made.files
    assert "timeline-1.svg" not in made.files
    assert len(made.left_out) == 1
    assert "truncated" in made.left_out[0]
    assert "Left out" in made.page


def test_a_timeline_without_a_run_is_said(tmp_path):
    attempts = recorded(tmp_path)
    made = report_of(tmp_path, FEW, attempts=attempts, timelines=["ranks=9*"])
    assert made.left_out == ["the timeline of ranks=9*: no run with such a key has a record"]
    with pytest.raises(SettingsError, match="--timeline ranks=9"):
        report_of(tmp_path, FEW, Wishes(kinds=("svg",), timelines=("ranks=9*",)), attempts=attempts)


# ---- files


def test_the_report_goes_beside_the_results_or_where_it_is_asked(tmp_path):
    results = tmp_path / "x.h5"
    assert places_of(results, "x", None).page == tmp_path / "x-report" / "report.html"
    assert places_of(results, "x", str(tmp_path / "out")).page == tmp_path / "out" / "report.html"
    places = places_of(results, "x", str(tmp_path / "a.html"))
    assert (places.page, places.folder, places.files) == (
        tmp_path / "a.html",
        tmp_path / "a-files",
        "a-files/",
    )


def test_a_report_is_written_anew_over_an_old_one(tmp_path):
    places = places_of(tmp_path / "x.h5", "x", None)
    write_report(places, "one", {"a.svg": b"1"})
    write_report(places, "two", {"a.svg": b"2"})
    assert {p.name: p.read_text() for p in places.folder.iterdir()} == {"report.html": "two", "a.svg": "2"}


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    places = places_of(tmp_path / "x.h5", "x", str(tmp_path / "deep" / "x.html"))
    real = Path.write_bytes

    def full(self, data):
        real(self, data[:1])
        if "b.svg" in self.name:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RecordError, match="No space left"):
        write_report(places, "page", {"a.svg": b"aa", "b.svg": b"bb"})
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_no_folder_is_refused_before_anything_is_drawn(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match=r"file is no folder.*-o"):
        check_places(places_of(tmp_path / "x.h5", "x", str(tmp_path / "file" / "out")))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *given: False)
    with pytest.raises(RecordError, match="may not be written; choose another place"):
        check_places(places_of(tmp_path / "x.h5", "x", None))


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    real = builtins.__import__

    def lacks(name, *rest, **more):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return real(name, *rest, **more)

    results = results_of(tmp_path, FEW)
    monkeypatch.setattr(builtins, "__import__", lacks)
    with pytest.raises(MissingPackage, match=r"hpcd4p\[plot\]"):
        make_report(results, None, SVG)


def test_a_png_has_the_width_of_a_column(tmp_path):
    from matplotlib.image import imread

    made = report_of(tmp_path, FEW, Wishes(kinds=("png",)))
    assert imread(BytesIO(made.files["run-time.png"])).shape[1] == 700
