"""Start a program that does not hear SIGTERM: ``python deaf.py PROGRAM [ARGUMENTS]``. Run as a file.

Slurm sends that signal to every process of a job that it wants to end, 30 s before it kills them. Rank 0
needs that time, and loses it where a daemon of the MPI library obeys at once. Ranks hear it all the same.
"""

import os
import signal
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.execvp(sys.argv[1], sys.argv[1:])
