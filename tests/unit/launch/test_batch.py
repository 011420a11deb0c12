"""The batch text of a run: what Slurm reads, and what the shell runs."""

from __future__ import annotations

import subprocess

import pytest

from hpcd4p.launch.batch import batch_text


def test_options_come_over_the_usual_ones_and_words_are_quoted():
    text = batch_text(
        "/venv/bin/python", ["my flow.py", "--name", "a'b; rm x"], {"nodes": "4", "exclusive": ""}
    )
    lines = text.splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "#SBATCH --nodes=4" in lines
    assert "#SBATCH --nodes=1" not in lines
    assert "#SBATCH --exclusive" in lines
    assert "#SBATCH --signal=B:USR1@120" in lines
    assert lines[-1] == "run \"$SLURM_NTASKS\" 'my flow.py' --name 'a'\"'\"'b; rm x'"
    assert "python=/venv/bin/python" in lines


def test_lines_of_the_site_may_read_variables_that_are_not_set():
    lines = batch_text("python", ["w"], {}, ["module load x"]).splitlines()
    at = lines.index("module load x")
    assert lines[at - 1].startswith("set +u")
    assert lines[at + 1] == "set -u"
    assert lines.index("trap stop USR1 TERM") < at


@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_shell_gives_the_status_of_the_run(tmp_path, status):
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\necho "$@"\nexit {status}\n')
    fake.chmod(0o755)
    text = batch_text(str(fake), ["w.py"], {})
    done = subprocess.run(
        ["bash"], input=text, text=True, capture_output=True, timeout=120, check=False,
        env={"PATH": "/usr/bin:/bin", "SLURM_NTASKS": "6"},
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert done.stdout == "-m hpcd4p run -n 6 w.py\n"


def test_a_signal_is_handed_on_and_the_status_is_that_of_the_run(tmp_path):
    fake = tmp_path / "python"
    fake.write_text(
        "#!/bin/bash\ntrap 'echo asked; exit 3' USR1\ntouch up\nfor i in $(seq 1000); do sleep 0.1; done\n"
    )
    fake.chmod(0o755)
    text = batch_text(str(fake), ["w.py"], {})
    process = subprocess.Popen(
        ["bash", "-c", text], text=True, stdout=subprocess.PIPE, cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "SLURM_NTASKS": "6"},
    )  # fmt: skip
    for _ in range(1200):
        if (tmp_path / "up").exists():
            break
        subprocess.run(["sleep", "0.05"], check=True)
    subprocess.run(["kill", "-TERM", str(process.pid)], check=True)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 3
    assert out == "asked\n"


@pytest.mark.parametrize(("given", "threads"), [({}, "1"), ({"SLURM_CPUS_PER_TASK": "4"}, "4")])
def test_a_rank_has_one_thread_unless_the_job_has_more_cores_for_it(tmp_path, given, threads):
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "$OMP_NUM_THREADS $OPENBLAS_NUM_THREADS ${SRUN_CPUS_PER_TASK:-none}"\n')
    fake.chmod(0o755)
    done = subprocess.run(
        ["bash"], input=batch_text(str(fake), ["w.py"], {}), text=True, capture_output=True, timeout=120,
        check=False, env={"PATH": "/usr/bin:/bin", "SLURM_NTASKS": "6", "OPENBLAS_NUM_THREADS": "3", **given},
    )  # fmt: skip
    assert done.stdout.split() == [threads, "3", given.get("SLURM_CPUS_PER_TASK", "none")], done.stderr


def test_a_job_may_be_told_not_to_come_back():
    lines = batch_text("python", ["w"], {"no-requeue": ""}).splitlines()
    assert "#SBATCH --no-requeue" in lines
    assert "#SBATCH --requeue" not in lines
