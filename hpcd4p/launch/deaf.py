"""Starts a program with SIGTERM blocked: ``python deaf.py PROGRAM [ARGUMENTS]``. Run as a file.

Slurm sends that signal to every process of a job that it ends, 30 s before it kills them. Rank 0 needs that
time, and would lose it if a daemon of the MPI library obeyed at once. Ranks get the signal all the same.
"""

import os
import signal
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.execvp(sys.argv[1], sys.argv[1:])
