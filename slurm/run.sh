#!/bin/bash
# Run a workflow on the nodes of a Slurm job:
#
#     sbatch slurm/run.sh [WORKFLOW] [options of hpcd4p run]
#     sbatch --nodes 4 --ntasks-per-node 16 --time 2:00:00 slurm/run.sh flow.py --autoscale knee
#
# Submit it from the folder that the run is to start in: results/ comes there. What the site needs stands in
# slurm/site.env. Options of sbatch come before the script, and before those below.
#SBATCH --job-name=hpcd4p
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=4
#SBATCH --time=1:00:00
#SBATCH --output=%x-%j.out
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
set -euo pipefail

# Slurm runs a copy of this script: where it came from stands in the description of the job
script=$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s/^ *Command=\([^ ]*\).*/\1/p;q}' || true)
folder=$(dirname "$script")
# read from standard input, or a path with blanks: then it is that of the folder of submission
if [ ! -f "$folder/job.sh" ]; then folder=$SLURM_SUBMIT_DIR/slurm; fi
. "$folder/job.sh"

run "$SLURM_NTASKS" "$@"
