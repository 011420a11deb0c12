#!/bin/bash
# A template for an array job: the same workflow with another value of one option in each of its tasks.
#
#     sbatch slurm/array.sh WORKFLOW [options of hpcd4p run]
#     sbatch --array 1-20%4 slurm/array.sh flow.py
#
# Here the option is --seed, with the number of the task; change the last line for another one. For studies of
# many points, with what is missing done again and a report, see `python -m hpcd4p sweep`.
#SBATCH --job-name=hpcd4p
#SBATCH --array=1-4
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=4
#SBATCH --time=1:00:00
#SBATCH --output=%x-%A_%a.out
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
set -euo pipefail

script=$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s/^ *Command=\([^ ]*\).*/\1/p;q}' || true)
folder=$(dirname "$script")
if [ ! -f "$folder/job.sh" ]; then folder=$SLURM_SUBMIT_DIR/slurm; fi
. "$folder/job.sh"

run "$SLURM_NTASKS" "$@" --seed "$SLURM_ARRAY_TASK_ID"
