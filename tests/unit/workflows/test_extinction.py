"""The extinction workflow: its numbers, its draws, its service, and what it says to bad input."""

from __future__ import annotations

import argparse
import doctest
import io
import os
import signal
import subprocess
import sys
import threading
import tomllib
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from statistics import fmean, quantiles
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from hpcd4p import WorkflowError
from hpcd4p.cli.prepare import words_of
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.workflows import extinction
from hpcd4p.workflows.extinction import (
    archives,
    catalogue,
    draws,
    elements,
    formula,
    service,
    summary,
    synthetic,
    votables,
)
from hpcd4p.workflows.extinction.catalogue import generated_lines, lines_of, position_of

COLUMNS = ("MType", "logR25")


def options_of(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    extinction.add_options(parser)
    return parser.parse_args([str(word) for word in words])


def run(*words):
    """Run in one process, without waiting unless `words` say so."""
    options = options_of("--time-scale", 0, *words)
    settings = EngineSettings()
    plan, pes = make_plan(extinction.build(options), 1, settings)
    sink = MemorySink()
    ended = sequential.run(RunSpec(plan, pes, resolve_inputs(plan, pes), settings), sink)
    return ended, sink, options


def output(sink, name):
    return next((values for key, values in sink.results.items() if key.endswith("." + name)), [])


# ---- the formula


def independent(t, logr25):
    """The formula of LEDA in decimal arithmetic with 28 digits, written from its description."""
    bulge_to_disk = min(Decimal("0.754") * Decimal(10) ** (Decimal(-2 * t) / 10), Decimal(1))
    slope = Decimal("0.094") if t >= 0 else Decimal("0.12") - Decimal("0.007") * t
    axis_ratio = Decimal(10) ** Decimal(str(logr25))
    power = 2 * Decimal("0.04") * (1 + Decimal("0.2") / slope) - 1
    light = bulge_to_disk + (1 - bulge_to_disk) * axis_ratio**power
    return float(Decimal("-2.5") * light.log10())


@pytest.mark.parametrize("t", list(formula.CLASSES))
@pytest.mark.parametrize("logr25", [0, 0.01, 0.2, 0.56, 1.0, 1.3])
def test_formula_agrees_with_an_independent_computation(t, logr25):
    assert formula.internal_extinction(t, logr25) == pytest.approx(independent(t, logr25), abs=1e-12)


@pytest.mark.parametrize(
    ("t", "logr25", "mag"),
    [
        # by hand; R^-0.74979 for T >= 0, k in the comment
        (0, 0.5, 0.16658),  # 0.754: 0.754 + 0.246 * 0.42180 = 0.85776
        (1, 0.3, 0.25859),  # 0.47574: 0.47574 + 0.52426 * 0.59575 = 0.78807
        (4, 0.2, 0.32266),  # 0.11950: 0.11950 + 0.88050 * 0.70802 = 0.74291
        (6, 0.5, 0.86864),  # 0.04757: 0.04757 + 0.95243 * 0.42180 = 0.44931
        (10, 1.0, 1.83729),  # 0.00754: 0.00754 + 0.99246 * 0.17792 = 0.18411
    ],
)
def test_formula_gives_known_values(t, logr25, mag):
    assert formula.internal_extinction(t, logr25) == pytest.approx(mag, abs=1e-5)


def test_early_types_and_galaxies_seen_face_on_have_none():
    for t in (-5, -3, -2):
        assert str(formula.internal_extinction(t, 0.7)) == "0.0"
    for t in formula.CLASSES:
        assert str(formula.internal_extinction(t, 0.0)) == "0.0"


def test_extinction_grows_with_inclination_and_towards_late_types():
    for t in (0, 3, 6):
        assert all(
            formula.internal_extinction(t, a) < formula.internal_extinction(t, b)
            for a, b in pairwise([0, 0.1, 0.5, 1])
        )
    assert all(
        formula.internal_extinction(a, 0.5) < formula.internal_extinction(b, 0.5)
        for a, b in pairwise([0, 1, 4, 9])
    )


@pytest.mark.parametrize("logr25", [-0.01, 2.1, float("nan"), float("inf")])
def test_formula_refuses_an_axis_ratio_that_no_galaxy_has(logr25):
    with pytest.raises(ValueError, match="expected logR25 from 0 to 2"):
        formula.internal_extinction(6, logr25)


# the table of dispel4py's workflow
DISPEL4PY = {
    "E": -5, "E-S0": -3, "S0": -2, "S0a": 0, "Sa": 1, "Sab": 2, "Sb": 3, "Sbc": 4, "Sc": 6, "Scd": 7, "Sd": 8,
    "Sm": 9, "SBa": 1, "SBab": 2, "SBb": 3, "SBbc": 4, "SBc": 6, "SBcd": 7, "SBd": 8, "SBm": 9,
}  # fmt: skip


def test_types_have_the_codes_of_leda():
    assert formula.TYPES.items() >= DISPEL4PY.items()
    assert [formula.type_code(m) for m in ("S0-a", "S0/a", "SABbc", " Sc ", "Irr")] == [0, 0, 4, 6, 10]
    assert [formula.type_code(m) for m in ("", "S?", "E?", "S", "sb", "Sx")] == [None] * 6


# ---- draws


def test_latency_has_the_published_mean_percentile_and_maximum():
    knots = draws.LATENCY_S
    exact = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(knots))
    assert exact == pytest.approx(0.35, abs=0.001)
    drawn = [draws.latency_of(1, item) for item in range(1, 20_001)]
    assert fmean(drawn) == pytest.approx(0.35, abs=0.005)
    assert quantiles(drawn, n=100)[94] == pytest.approx(0.49, abs=0.01)
    assert 1.1 < max(drawn) <= 1.18
    assert min(drawn) >= 0.226


def test_heavy_delays_are_beta_2_5():
    drawn = [draws.heavy_delays_of(3, item) for item in range(1, 20_001)]
    for delays, scale in zip(zip(*drawn, strict=True), (2, 1), strict=True):
        unit = [delay / scale for delay in delays]
        assert fmean(unit) == pytest.approx(2 / 7, abs=0.005)
        assert fmean(u * u for u in unit) - fmean(unit) ** 2 == pytest.approx(10 / 392, abs=0.001)
        assert fmean(u < 0.5 for u in unit) == pytest.approx(57 / 64, abs=0.01)  # F(x) = 1 - (1-x)^5 (1+5x)


def test_draws_depend_on_seed_item_and_name_alone():
    assert draws.uniforms(1, 2, "a", 3) == draws.uniforms(1, 2, "a", 3)
    others = [draws.uniforms(*given) for given in ((1, 2, "a"), (2, 2, "a"), (1, 3, "a"), (1, 2, "b"))]
    assert len({value for (value,) in others}) == 4
    assert draws.uniforms(1, 2, "a") == [pytest.approx(0.5, abs=0.5)]
    assert draws.latency_of(1, 1) == FIRST_LATENCY_S


FIRST_LATENCY_S = 0.3572011362264008
"""Fixed: a change of the draws would change the work of every measurement made with them."""


# ---- positions


def test_generated_positions_are_on_the_sky_of_the_catalogue_and_repeat():
    lines = list(generated_lines(1, 500))
    assert lines == list(generated_lines(1, 500))
    assert lines[:10] == list(generated_lines(1, 10))
    assert lines != list(generated_lines(2, 500))
    positions = [position_of(*line) for line in lines]
    assert all(-3 <= dec <= 90 for _, dec in positions)
    assert fmean(ra for ra, _ in positions) == pytest.approx(180, abs=15)
    # half of a cap of the sphere lies above the mean of the sines
    assert fmean(dec > 28.3 for _, dec in positions) == pytest.approx(0.5, abs=0.1)


def test_a_file_is_read_by_line_number_without_comments_and_empty_lines(tmp_path):
    file = tmp_path / "c.txt"
    file.write_bytes(b"\xef\xbb\xbf# ra,dec\n\n1,2\r\n  3,4\nno\xff\n5,6")
    assert list(lines_of(file)) == [(3, "1,2"), (4, "3,4"), (5, "no\ufffd"), (6, "5,6")]
    assert list(lines_of(file, 2)) == [(3, "1,2"), (4, "3,4")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1", "line 7: expected right ascension and declination in degrees"),
        ("1,2,3", "line 7: expected right ascension"),
        ("ra,dec", "found 'ra,dec'"),
        ("00h42m44s,+41d16m", "found '00h42m44s"),
        ("360.1,2", "line 7: right ascension must be from 0 to 360"),
        ("nan,2", "line 7: right ascension must be"),
        ("-1,2", "line 7: right ascension must be"),
        ("1,90.5", "line 7: declination must be from -90 to 90"),
        ("1,-inf", "line 7: declination must be"),
        ("x" * 5000, r"found 'x{60}\.\.\.'"),
    ],
)
def test_a_wrong_line_says_its_number_and_what_is_expected(text, said):
    with pytest.raises(ValueError, match=said):
        position_of(7, text)


# ---- generated galaxies and their VOTables


def test_votables_come_back_through_astropy_as_they_were_generated():
    for item in range(1, 60):
        entry = synthetic.entry_of(5, item)
        xml = synthetic.votable_of(5, item, 10.68458, -1.5)
        assert votables.first_row(xml, COLUMNS) == [entry.mtype, entry.logr25]
        other = ("PGC", "RAJ2000", "DEJ2000", "logD25", "PA", "OType")
        assert votables.first_row(xml, other) == [item, 10.68458, -1.5, entry.logd25, entry.angle_deg, "G"]


def test_generated_votables_are_valid():
    from astropy.io.votable import parse

    parse(io.BytesIO(synthetic.votable_of(1, 1, 10.0, 20.0)), verify="exception")


def test_a_votable_written_by_astropy_is_read():
    import numpy as np
    from astropy.table import MaskedColumn, Table

    for mtype, logr25, expected in (
        ("SBbc", np.float32(0.21), ["SBbc", 0.21]),
        ("", np.float64(0.123456789), [None, 0.123456789]),
        ("Sc", np.ma.masked, ["Sc", None]),
    ):
        made = Table({"logR25": MaskedColumn([0.5], dtype=getattr(logr25, "dtype", "f4")), "MType": [mtype]})
        made["logR25"][0] = logr25
        for form in ("tabledata", "binary", "binary2"):
            file = io.BytesIO()
            made.write(file, format="votable", tabledata_format=form)
            assert votables.first_row(file.getvalue(), COLUMNS) == expected


def test_generated_galaxies_have_the_shares_of_the_isolated_ones():
    entries = [synthetic.entry_of(1, item) for item in range(1, 4001)]
    assert entries == [synthetic.entry_of(1, item) for item in range(1, 4001)]
    codes = Counter(formula.type_code(e.mtype or "") for e in entries)
    typed = len(entries) - codes.pop(None)
    assert 0.02 < 1 - typed / len(entries) < 0.06
    assert sum(n for t, n in codes.items() if t <= 0) / typed == pytest.approx(0.14, abs=0.02)
    assert sum(n for t, n in codes.items() if 1 <= t <= 8) / typed == pytest.approx(0.82, abs=0.02)
    assert sum(n for t, n in codes.items() if 3 <= t <= 6) / typed == pytest.approx(0.63, abs=0.03)
    assert all(e.logr25 is None or 0 <= e.logr25 <= 0.85 for e in entries)
    assert {e.mtype for e in entries} >= {None, "S?", "SBc", "Sc", "Irr"}


def edited(old, new, count=-1):
    whole = synthetic.votable_of(1, 7, 1.0, 2.0)
    assert old in whole
    return whole.replace(old, new, count)


GOOD = synthetic.votable_of(1, 7, 1.0, 2.0)
ROW = GOOD[GOOD.index(b"<TR>") : GOOD.index(b"</TR>") + 5]
SAYS_NO = (
    b'<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
    b'<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">out of order</INFO></RESOURCE>'
    b"</VOTABLE>"
)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (b"", "no VOTable that can be read .*no element"),
        (
            b"<html><body>504 Gateway</body></html>",
            "no VOTable that can be read .*not appear to be a VOTABLE",
        ),
        (b"\x00\x01PNG", "no VOTable that can be read"),
        (GOOD[: len(GOOD) // 2], "no VOTable that can be read"),
        (GOOD[:-5], "no VOTable that can be read"),
        (edited(b'"logR25"', b'"axes"'), "the VOTable has no column logR25; it has PGC, .*MType, .*axes"),
        (edited(b'"MType"', b'"mtype"'), "the VOTable has no column MType"),
        (GOOD.replace(ROW, b""), "has no row: there is no such galaxy"),
        (SAYS_NO, "has no table; the service says: out of order"),
    ],
)
def test_a_votable_that_is_not_as_expected_says_what_is_wrong(xml, said):
    with pytest.raises(votables.VOTableError, match=said):
        votables.first_row(xml, COLUMNS)


def test_only_the_first_row_counts():
    xml = GOOD.replace(ROW, ROW + ROW.replace(b"SBc", b"E"))
    assert votables.first_row(xml, COLUMNS) == votables.first_row(GOOD, COLUMNS)


# ---- the service and the other archives


def test_the_service_answers_with_the_table_of_the_galaxy_asked_for():
    url = service.address_of(9, 0.0)
    assert service.address_of(9, 0.0) == url
    assert service.address_of(8, 0.0) != url
    archive = archives.GeneratedArchive(9, 0.0, 10.0)
    assert archive.votable(3, 10.0, 20.0) == synthetic.votable_of(9, 3, 10.0, 20.0)


def test_the_service_waits_for_as_long_as_was_drawn(monkeypatch):
    slept = []
    monkeypatch.setattr(service.time, "sleep", slept.append)
    archives.GeneratedArchive(4, 0.5, 10.0).votable(11, 1.0, 2.0)
    assert slept == [0.5 * draws.latency_of(4, 11)]


@pytest.mark.parametrize("query", ["", "ID=1&RA=1", "ID=x&RA=1&DEC=1", "ID=1&RA=400&DEC=1"])
def test_the_service_refuses_a_request_that_makes_no_sense(query):
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{service.address_of(9, 0.0)}?{query}", timeout=120)
    assert caught.value.code == 400
    caught.value.close()


def test_the_service_is_not_asked_through_a_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert archives.GeneratedArchive(9, 0.0, 10.0).votable(3, 10.0, 20.0)


def test_the_service_goes_with_its_process_even_when_that_is_killed():
    program = (
        "from hpcd4p.workflows.extinction.service import address_of; import time\n"
        "print(address_of(1, 0.0), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        urlopen(address + "?ID=1&RA=1&DEC=1", timeout=120).close()
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        with pytest.raises(URLError, match="refused"):
            urlopen(address + "?ID=1&RA=1&DEC=1", timeout=120)


def test_a_process_ends_although_its_service_runs():
    program = (
        "from hpcd4p.workflows.extinction.archives import GeneratedArchive\n"
        "GeneratedArchive(1, 0.0, 9.0).votable(1, 1, 1)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


@contextmanager
def serving(answer):
    """A web service whose handler calls ``answer(handler)``; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda request, address: None  # clients that went away
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/search"
    finally:
        server.shutdown()
        server.server_close()


def sends(body, promised=None):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) if promised is None else promised))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("end", "path"), [("", "/search?"), ("?", "/search?"), ("?-source=VII/237", "/search?-source=VII/237&")]
)
def test_a_service_of_the_user_gets_a_cone_search(end, path):
    asked = []

    def answer(handler):
        asked.append(handler.path)
        sends(GOOD)(handler)

    with serving(answer) as url:
        assert archives.WebArchive(url + end, 10.0).votable(7, 0.5, -1.25) == GOOD
    assert asked == [path + "RA=0.50000&DEC=-1.25000&SR=0.001"]


NAME = r"galaxy 7 \(RA 1.00000, Dec \+2.00000\): 127.0.0.1 "


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda handler: handler.send_error(404), "answered 404 Not Found"),
        (lambda handler: handler.send_error(500), "answered 500 Internal Server Error"),
        (lambda handler: handler.wfile.write(b"220 smtp ready\r\n\r\n"), "broke off"),
        (lambda handler: None, "broke off|could not be reached"),
        (sends(GOOD[:100], promised=len(GOOD)), "broke off: .*of its answer did not come"),
        (sends(b"x" * (archives.MOST_BYTES + 1)), "broke off: its answer is longer than 16,777,216 bytes"),
    ],
)
def test_what_a_service_does_wrong_is_told_with_the_galaxy(answer, said):
    with serving(answer) as url, pytest.raises(archives.ArchiveError, match=NAME + f"({said})"):
        archives.WebArchive(url, 10.0).votable(7, 1.0, 2.0)


def test_a_service_that_hangs_is_given_up():
    left = threading.Event()
    with serving(lambda handler: left.wait(60)) as url:
        with pytest.raises(archives.ArchiveError, match=NAME + r"did not answer within 0\.2 s"):
            archives.WebArchive(url, 0.2).votable(7, 1.0, 2.0)
        left.set()


def test_a_service_that_sends_a_byte_now_and_then_is_given_up():
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        while not left.wait(0.02):
            handler.wfile.write(b"<")

    left = threading.Event()
    with serving(answer) as url:
        with pytest.raises(archives.ArchiveError, match="did not answer within"):
            archives.WebArchive(url, 0.2).votable(7, 1.0, 2.0)
        left.set()


def test_a_service_that_is_not_there_is_told_without_what_the_address_keeps_secret():
    with serving(sends(GOOD)) as url:
        pass
    secret = url + "?key=secret"
    with pytest.raises(
        archives.ArchiveError, match=NAME + "could not be reached: Connection refused"
    ) as caught:
        archives.WebArchive(secret, 10.0).votable(7, 1.0, 2.0)
    assert "secret" not in str(caught.value)


def test_a_folder_gives_tables_by_line_or_by_position(tmp_path):
    (tmp_path / "7.xml").write_bytes(b"by line")
    (tmp_path / "0.50000_-1.25000.xml").write_bytes(b"by position")
    (tmp_path / "9.xml").mkdir()
    archive = archives.FolderArchive(str(tmp_path))
    assert archive.votable(7, 0.5, -1.25) == b"by line"
    assert archive.votable(8, 0.5, -1.25) == b"by position"
    with pytest.raises(
        archives.ArchiveError, match=r"galaxy 8 .*: neither 8.xml nor 3.00000_4.00000.xml is in"
    ):
        archive.votable(8, 3.0, 4.0)
    with pytest.raises(archives.ArchiveError, match=r"galaxy 9 .*9.xml cannot be read: Is a directory"):
        archive.votable(9, 3.0, 4.0)


# ---- the whole workflow


def test_rows_agree_with_an_independent_computation():
    ended, sink, _ = run("--galaxies", 120, "--seed", 6)
    assert ended.status == 0
    expected, lacking = {}, {}
    for number, text in generated_lines(6, 120):
        entry = synthetic.entry_of(6, number)
        t = {**DISPEL4PY, "S0-a": 0, "Irr": 10}.get(entry.mtype)
        if t is None or entry.logr25 is None:
            lacking[number] = entry.mtype or ""
        else:
            ra, dec = map(float, text.split(","))
            expected[number] = (ra, dec, entry.mtype, t, entry.logr25, independent(t, entry.logr25))
    found = {row.pop("galaxy"): tuple(row.values()) for row in output(sink, "galaxies")}
    assert {n: row[:5] for n, row in found.items()} == {n: row[:5] for n, row in expected.items()}
    assert all(found[n][5] == pytest.approx(expected[n][5], abs=1e-12) for n in found)
    assert {row["galaxy"]: row["type"] for row in output(sink, "undetermined")} == lacking
    assert len(lacking) > 2


def test_positions_of_a_file_are_taken_and_as_many_as_were_asked_for(tmp_path):
    file = tmp_path / "c.txt"
    file.write_text("# mine\n" + "".join(f"{n}.5,{n}\n" for n in range(30)))
    for words, many in (((), 30), (("--galaxies", 12), 12)):
        ended, sink, _ = run("--input", file, *words)
        assert ended.status == 0
        rows = [*output(sink, "galaxies"), *output(sink, "undetermined")]
        assert sorted((r["galaxy"], r["ra_deg"]) for r in rows) == [(n + 2, n + 0.5) for n in range(many)]


def test_bad_lines_and_tables_become_dead_letters_and_the_others_are_done(tmp_path):
    file, tables = tmp_path / "c.txt", tmp_path / "tables"
    file.write_text("1,2\nM31\n3,4\n5,6\n7,8\n400,1\n9,1\n9,2\n9,3\n")
    tables.mkdir()
    for number, xml in {
        1: GOOD,
        3: GOOD[:600],
        4: edited(b'"MType"', b'"class"'),
        7: edited(b"<TD>0.18</TD>", b"<TD>-0.5</TD>"),
        8: edited(
            b'name="logR25" ucd="phys.size.axisRatio" datatype="float"',
            b'name="logR25" datatype="char" arraysize="9"',
        ),
        9: edited(b"<TD>0.18</TD>", b"<TD>9.99</TD>"),
    }.items():
        (tables / f"{number}.xml").write_bytes(xml)
    ended, sink, options = run("--input", file, "--votables", tables)
    assert ended.status == 1
    assert [row["galaxy"] for row in output(sink, "galaxies")] == [1]
    assert [(row["galaxy"], row["reason"]) for row in output(sink, "undetermined")] == [(9, "no axis ratio")]
    said = "\n".join(sorted(f"{letter.element}: {letter.error}" for letter in sink.letters))
    for words in (
        "get_votable1: CoordinateError: line 2: expected right ascension",
        "get_votable1: CoordinateError: line 6: right ascension must be",
        "get_votable1: ArchiveError: galaxy 5 (RA 7.00000, Dec +8.00000): neither 5.xml nor",
        "filter_columns2: VOTableError: galaxy 3 (RA 3.00000, Dec +4.00000): no VOTable that can be read",
        "filter_columns2: VOTableError: galaxy 4 (RA 5.00000, Dec +6.00000): the VOTable has no column MType",
        "filter_columns2: VOTableError: galaxy 8 (RA 9.00000, Dec +2.00000): expected text and a number",
        "internal_extinction3: ValueError: galaxy 7 (RA 9.00000, Dec +1.00000): expected logR25 from 0 to 2",
    ):
        assert words in said
    assert len(sink.letters) == 7
    assert f"Positions: {file}; types and axis ratios: {tables}" in extinction.present(
        ended, sink.results, options
    )


def test_a_service_of_the_user_is_asked_for_each_galaxy():
    with serving(sends(GOOD)) as url:
        ended, sink, options = run("--galaxies", 5, "--service", url + "?key=secret")
    assert ended.status == 0
    assert [row["type"] for row in output(sink, "galaxies")] == ["SBc"] * 5
    told = extinction.present(ended, sink.results, options)
    assert f"types and axis ratios: {url}\n" in told
    assert "secret" not in told


def test_the_heavy_variant_waits_in_two_elements_and_gives_the_same_rows(monkeypatch):
    slept = []
    monkeypatch.setattr(elements.time, "sleep", slept.append)
    _, light, _ = run("--galaxies", 10)
    before = [seconds for seconds in slept if seconds]
    _, heavy, _ = run("--galaxies", 10, "--heavy", "--time-scale", 0.5)
    drawn = [0.5 * s for item in range(1, 11) for s in draws.heavy_delays_of(1, item)]
    latencies = [0.5 * draws.latency_of(1, item) for item in range(1, 11)]
    assert before == []
    assert sorted(s for s in slept if s) == sorted(drawn + latencies)
    assert output(heavy, "galaxies") == output(light, "galaxies")


def test_every_rank_but_the_head_takes_any_galaxy():
    plan, _ = make_plan(extinction.build(options_of()), 8, EngineSettings())
    roles = {e.name.rstrip("0123456789"): e.role for e in plan.elements}
    assert plan.name == "extinction"
    assert roles["read"] == Role.ROOT
    assert {roles[n] for n in ("get_votable", "filter_columns", "internal_extinction")} == {Role.POOL}


# ---- words


def test_the_table_has_a_line_per_type():
    rows = [{"t": 3, "extinction_mag": m} for m in (0.1, 0.25, 0.4)] + [{"t": -5, "extinction_mag": 0.0}]
    lacking = [{"reason": "no type"}, {"reason": "no axis ratio"}, {"reason": "no type"}]
    outputs = {"internal_extinction3.galaxies": rows, "internal_extinction3.undetermined": lacking}
    lines = extinction.present(None, outputs, options_of()).splitlines()
    assert lines[0] == "Internal extinction in B, after Bottinelli et al. 1995"
    assert lines[1] == "Positions, types and axis ratios are generated (seed 1), not measured"
    assert lines[2].split() == ["class", "T", "galaxies", "mean", "(mag)", "least", "most"]
    assert lines[3].split() == ["E", "-5", "1", "0.00", "0.00", "0.00"]
    assert lines[4].split() == ["Sb", "3", "3", "0.25", "0.10", "0.40"]
    assert lines[5:] == ["Not determined, no axis ratio: 1", "Not determined, no type: 2"]


def test_means_do_not_depend_on_the_order_of_the_rows():
    rows = [{"t": 1, "extinction_mag": 0.1 * n} for n in range(50)]
    assert summary.by_type(rows) == summary.by_type(rows[::-1])


def test_nothing_and_too_much_are_told(tmp_path):
    empty = {"e.galaxies": [], "e.undetermined": []}
    options = options_of("--plot", tmp_path / "p.png")
    said = extinction.present(None, empty, options)
    assert "No galaxy has given an extinction" in said
    assert "No picture" in said
    assert "Too many galaxies" in extinction.present(None, {"e.undetermined": []}, options)
    assert not (tmp_path / "p.png").exists()


def test_a_picture_is_drawn(tmp_path):
    ended, sink, options = run("--galaxies", 30, "--plot", tmp_path / "p.png")
    assert f"Picture: {tmp_path / 'p.png'}" in extinction.present(ended, sink.results, options)
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--input", "/no/such/file"), "expected a file, and '/no/such/file' is not there"),
        (("--input", os.devnull + "/x"), "is not there"),
        (("--galaxies", "0"), "expected a whole number from 1 to 1000000"),
        (("--votables", "/no/such/folder"), "expected a folder"),
        (("--service", "vizier"), "expected the address of a web service"),
        (("--service", "file:///etc/passwd"), "expected the address of a web service"),
        (("--service", "http://x:port/"), "expected the address of a web service"),
        (("--service", "http://me:secret@x/"), "expected an address without a name or password"),
        (("--service", "http://x/a b"), "expected the address of a web service"),
        (("--time-scale", "-1"), "expected a number from 0 to 100"),
        (("--timeout", "0"), r"expected a number from 0\.01 to 3600"),
        (("--seed", "one"), "expected a whole number"),
        (("--plot", "x.gif"), "expected a file that ends in"),
    ],
)
def test_wrong_options_say_what_is_expected(words, text):
    with pytest.raises(argparse.ArgumentError, match=text):
        options_of(*words)


def test_a_file_without_a_line_is_refused(tmp_path):
    (tmp_path / "empty.txt").write_text("# nothing\n\n")
    with pytest.raises(argparse.ArgumentError, match=r"has no line: expected lines such as 10\.68"):
        options_of("--input", tmp_path / "empty.txt")


def test_a_table_comes_from_one_place(tmp_path):
    with pytest.raises(WorkflowError, match="--service and --votables: expected one of them"):
        extinction.build(options_of("--service", "http://x", "--votables", tmp_path))


def test_without_astropy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "astropy", None)
    with pytest.raises(WorkflowError, match=r"it needs astropy.*'hpcd4p\[extinction\]'"):
        extinction.build(options_of())


@pytest.mark.parametrize("heavy", [False, True])
def test_configurations_are_of_the_scale_of_the_paper(heavy):
    path = Path(__file__).parents[3] / "configs" / f"extinction{'-heavy' if heavy else ''}.toml"
    found = tomllib.loads(path.read_text())
    assert found["run"]["workflow"] == "hpcd4p.workflows.extinction"
    options = options_of(*words_of(found["options"]))
    assert (options.galaxies, options.time_scale, options.heavy) == (100, 1.0, heavy)


@pytest.mark.parametrize("module", [summary, catalogue, draws, formula])
def test_examples_give_what_they_say(module):
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


def test_importing_it_imports_nothing_heavy():
    program = (
        "import sys, hpcd4p.workflows.extinction as e, pickle\n"
        "pickle.dumps(e.GetVOTable(e.GeneratedArchive(1, 1.0, 1.0)))\n"
        "heavy = {'numpy', 'argparse', 'astropy', 'h5py', 'asyncio', 'ssl', 'http', 'socket', 'email',\n"
        "         'redis', 'mpi4py', 'random', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
