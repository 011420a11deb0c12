"""Files, folders and environments that hpcd4p cannot use: one message, the right status, nothing left."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.e2e.test_bad_words import GOOD

LINES = [line[4:] for line in GOOD.splitlines()]
TEXT = "\n".join(LINES) + "\n"

FILES: dict[str, bytes] = {
    "binary.py": b"\xff\xfe\x00bad",
    "latin.py": b'x = "\xe9"\n',
    "empty.py": b"",
    "cycle.py": TEXT.encode() + b'graph.connect(double, "output", double, "input")\n',
    "input.py": TEXT.replace('"input")', '"inptu")').encode(),
    "output.py": TEXT.replace('numbers, "output"', 'numbers, "otuput"').encode(),
    "leaves.py": TEXT.encode() + b"raise SystemExit(0)\n",
    "recurses.py": TEXT.encode() + b"def f(): return f()\nf()\n",
    "list.py": TEXT.encode() + b"graph = [numbers, double]\n",
    "file.py": TEXT.encode() + b'numbers.file = open("/dev/null")\n',
    "number.py": TEXT.encode() + b'graph.connect(1, "output", double, "input")\n',
    "class.py": TEXT.encode() + b"graph.add(Numbers)\n",
    "instances.py": TEXT.encode() + b'double.numprocesses = "x"\n',
    "lonely.py": b"from hpcd4p import *\nclass A(BasePE):\n    def process(self, i): return None\n"
    b"class S(ProducerPE):\n    def _process(self, i): return 1\n"
    b'graph = WorkflowGraph()\ngraph.connect(S(), "output", A(["a", "b"], ["o"]), "a")\n',
    "notebook.ipynb": b"{}",
    "broken.toml": b"[run\nx=",
    "binary.toml": b"\xff\xfe",
    "key.toml": b"[run]\nwindw = 3\n",
    "table.toml": b"[nope]\nx = 3\n",
    "broken.json": b'{"Numbers": ',
    "binary.json": b"\xff",
    "bad.h5": b"this is no HDF5",
}

TABLE = [
    ("run folder", "it has no graph"),
    ("run folder.py", "a folder"),
    ("run /dev/null", "expected the file of a workflow"),
    ("run ./none.py", "no such file"),
    ("run binary.py", "it is no Python"),
    ("run latin.py", "it is no Python"),
    ("run empty.py", "it has no graph"),
    ("run notebook.ipynb", "it has no graph"),
    ("run cycle.py", "form a cycle"),
    ("run input.py", "has no input 'inptu'"),
    ("run output.py", "has no output 'otuput'"),
    ("run leaves.py", "it calls sys.exit"),
    ("run recurses.py", "RecursionError"),
    ("run list.py", "it has no graph"),
    ("run file.py", "cannot be pickled (attribute 'file')"),
    ("run number.py", "1 is not an element"),
    ("run class.py", "Numbers is a class"),
    ("run instances.py", "numprocesses is 'x'"),
    ("run lonely.py", "input 'b' of element 'A' is not connected"),
    ("run w.py -n -4", "-n must be from 1"),
    ("run w.py -n 1e3", "-n must be a whole number"),
    ("run w.py -n 100001", "-n must be from 1"),
    ("run w.py --mapping dynmic", "dynmic"),
    ("run w.py --autoscale bogus -n 2", "bogus"),
    ("run w.py --redis-url redis://127.0.0.1:1 -n 2", "127.0.0.1:1"),
    ("run w.py --redis-url redis://127.0.0.1:WEB -n 2", "does not do as asked"),
    ("run w.py --redis-url http://x -n 2", "is no address of a Redis"),
    ("run w.py --redis-url unix:///none.sock -n 2", "/none.sock"),
    ("run w.py --config broken.toml", "is no TOML"),
    ("run w.py --config binary.toml", "it is not UTF-8 text"),
    ("run w.py --config key.toml", "unknown key in [run] of key.toml: windw"),
    ("run w.py --config table.toml", "'nope'"),
    ("run w.py --config folder", "cannot read the configuration folder"),
    ("run w.py -f broken.json", "broken.json are no JSON"),
    ("run w.py -f binary.json", "binary.json"),
    ("run w.py -f folder", "cannot read the inputs -f folder"),
    ("run w.py --results /proc/x", "choose a folder that you may write"),
    ("run w.py --results bad.h5", "it is not a folder"),
    ("run w.py --results bad.h5/x", "Not a directory"),
    ("run w.py --scratch /proc/none -n 2", "scratch folder /proc/none"),
    ("run w.py --scratch bad.h5 -n 2", "scratch folder bad.h5"),
    ("run w.py --launcher foo -n 2", "'foo'"),
    ("run w.py -a nope", "it has no nope"),
    ("run w.py -a double", "double is a Double, not a graph"),
    ("run w.py -i 1.5", "-i must be a whole number"),
    ("run w.py --window 1e9", "--window"),
    ("show bad.h5", "bad.h5"),
    ("show folder", "folder"),
    ("plot bad.h5", "bad.h5"),
    ("explain bad.h5", "bad.h5"),
    ("report bad.h5", "bad.h5"),
    ("collect folder", "folder"),
    ("sweep w.py", "w.py"),
    ("sweep broken.toml", "broken.toml"),
    ("sweep folder", "folder"),
    ("submit none.py --dry-run", "none.py"),
    ("init bad.h5", "bad.h5"),
    ("doctor x", "unexpected argument 'x'"),
    ("doctor --cleen", "did you mean --clean?"),
    ("--mapping", "needs a value"),
]


@pytest.fixture
def place(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    for name in ("folder", "folder.py"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize(("words", "message"), TABLE)
def test_what_cannot_be_used_is_named_and_nothing_is_begun(hpcd4p, place, words, message):
    with socket.socket() as web:  # somebody who listens, and is no Redis
        web.bind(("127.0.0.1", 0))
        web.listen()
        if "WEB" in words:
            answer = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).accept()[0].sendall(b'no')"
            line = [sys.executable, "-c", answer, str(web.fileno())]
            server = subprocess.Popen(line, pass_fds=[web.fileno()])
            words = words.replace("WEB", str(web.getsockname()[1]))
        ended = hpcd4p(*words.split(), workflow=TEXT)
        if "127.0.0.1:1 " not in words and "redis://" in words:
            server.kill()
            server.wait()
    assert ended.status == 2, ended.err
    assert message in ended.error
    assert "Traceback" not in ended.err
    assert list(place.glob("results/*")) == []
    assert list(place.glob(".*")) == []


ENVIRONMENTS = [
    ({"HPCD4P_WINDOW": "abc"}, "HPCD4P_WINDOW must be a whole number"),
    ({"HPCD4P_WINDOWS": "3"}, "HPCD4P_WINDOWS; did you mean HPCD4P_WINDOW?"),
    ({"HPCD4P_CONFIG": "none.toml"}, "none.toml"),
    ({"HPCD4P_MAPPING": "x"}, "'x'"),
    ({"HPCD4P_REDIS_URL": "nonsense", "RANKS": "2"}, "is no address of a Redis"),
    ({"OMPI_COMM_WORLD_SIZE": "1", "RANKS": "2"}, "ranks cannot start ranks"),
]


@pytest.mark.parametrize(("variables", "message"), ENVIRONMENTS)
def test_a_variable_that_cannot_be_used_is_named(hpcd4p, variables, message):
    ranks = ["-n", variables["RANKS"]] if "RANKS" in variables else []
    ended = hpcd4p("run", "w.py", *ranks, workflow=TEXT, variables=variables)
    assert ended.status == 2, ended.err
    assert message in ended.error
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "line",
    [
        "env -u HOME {} -n 2",
        "env -u HOME -u USER -u LOGNAME {} -n 2",
        "env HOME= {} -n 2",
        "env HOME=/proc/none {} -n 2",
        "env TMPDIR=/proc/none {} -n 2",
        "env LANG=xx_YY {}",
        "unshare --user --map-user=12345 env -u HOME -u USER -u LOGNAME {} -n 2",
        "sh -c '{} -n 2 <&-'",
        "sh -c '{} >&-'",
        "sh -c '{} 2>&-'",
        "sh -c '{} | true'",
    ],
)
def test_an_odd_environment_is_no_hindrance(tmp_path, environment, line):
    (tmp_path / "w.py").write_text(TEXT)
    if line.startswith("unshare") and subprocess.run([*line.split()[:3], "true"], check=False).returncode:
        pytest.skip("user namespaces are not allowed here")
    done = subprocess.run(
        line.format(f"{sys.executable} -m hpcd4p run w.py"), shell=True, cwd=tmp_path, capture_output=True,
        text=True, timeout=90, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert len(list(tmp_path.glob("results/*.h5"))) == 1
    assert os.listdir(tmp_path / "results") == [next(tmp_path.glob("results/*.h5")).name]
