"""Why a job of Slurm has not started, from what squeue says. Pure."""

from __future__ import annotations

from hpcd4p.live.causes import Kind, cause
from hpcd4p.live.document import Cause

REASONS = (
    (("Priority",), "jobs of others come before it", "a shorter limit of time lets it fit into gaps",
     "scontrol update JobId={job} TimeLimit=30"),
    (("Resources",), "it comes next, and waits until enough nodes are free",
     "fewer nodes, or a shorter limit of time; when Slurm expects to start it:", "squeue --start -j {job}"),
    (("Dependency",), "it waits for another job", "which one:", "squeue -h -j {job} -o %E"),
    (("JobHeldUser",), "it is held by its user", "let it go", "scontrol release {job}"),
    (("JobHeldAdmin", "JobHoldMaxRequeue"), "it is held by Slurm or its administrator",
     "let it go, or ask them why", "scontrol release {job}"),
    (("BeginTime",), "its time has not come: one that was put back into the queue waits two minutes",
     "when it may begin:", "squeue --start -j {job}"),
    (("ReqNodeNotAvail", "NodeDown", "BadConstraints", "Constraint"),
     "no node that could have it is there", "what is wrong with the nodes:", "sinfo -R"),
    (("PartitionDown", "PartitionInactive"), "its partition starts no jobs", "which there are:", "sinfo -s"),
    (("PartitionTimeLimit",), "it asks for more time than its partition gives",
     "a limit of time that the partition has (sinfo shows it)", "scontrol update JobId={job} TimeLimit=60"),
    (("PartitionNodeLimit", "PartitionConfig"), "it asks for more nodes than its partition gives",
     "fewer nodes (sinfo shows how many)", "scontrol update JobId={job} NumNodes=1"),
    (("Reservation",), "it waits for a reservation", "when that begins:", "scontrol show reservation"),
    (("Licenses",), "it waits for licenses", "who has them:", "scontrol show licenses"),
    (("QOS", "Assoc", "MaxJobs", "MaxSubmit"), "its user, account or quality of service has a limit",
     "which limits there are:", "sacctmgr show assoc user=$USER format=account,qos,maxjobs,grptres"),
)  # fmt: skip
"""By how a reason of squeue begins: in words, what to change, and the line to type."""


def queued(job: str, state: str, reason: str, name: str) -> Cause:
    """Why a job that is not running waits.

    Examples
    --------
    >>> queued("17", "PENDING", "JobHeldUser", "hpcd4p").text
    'job 17 has not started: it is held by its user (JobHeldUser)'
    """
    words, advice, to_type = next(
        (rest for begins, *rest in REASONS if reason.startswith(begins)),
        ["Slurm says why", "all that Slurm knows of it:", "scontrol show job {job}"],
    )
    return cause(
        Kind.QUEUE,
        f"job {job} has not started: {words} ({reason})",
        [f"{name} is {state.lower()}, says squeue"],
        advice,
        to_type.format(job=job),
    )
