"""Notes in the summary of a parallel run: what its user should know of how it ran. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpcd4p.plan.model import ElementPlan, Plan
from hpcd4p.record.summary import RankFigures


def notes_on_run(plan: Plan, claimed: Mapping[int, str], ranks: Sequence[RankFigures]) -> list[str]:
    """Sentences about elements that one rank had to run, and about ranks that died.

    Parameters
    ----------
    claimed
        By index, what elements that were planned as stateless have changed.
    """
    notes = [_note_on_place(e) for e in plan.elements if e.undeclared]
    notes += [_note_on_company(e) for e in plan.elements if e.together]
    notes += [_note_on_place(plan.elements[e]._replace(undeclared=w)) for e, w in sorted(claimed.items())]
    lost = [str(f.rank) for f in ranks if f.state == "lost"]
    if lost:
        notes.append(
            f"rank {', '.join(lost)} died: what it had begun was done again. Outputs and dead letters "
            "are exact; tuples and times of the elements include what was done twice"
        )
    return notes


def _note_on_place(element: ElementPlan) -> str:
    held = "one instance" if element.partitions <= 1 else f"{element.partitions} instances"
    return (
        f"{element.name} changes {element.undeclared} while it works, so it counts as stateful and {held} "
        "did all its work. Write `stateful = True` into its class if that is right; if its outputs do not "
        "depend on it (a cache, say), write `stateful = False`, and all ranks share the work"
    )


def _note_on_company(element: ElementPlan) -> str:
    return (
        f"{element.name} shares {element.together}: so one rank did all the work of both. If it does not "
        "matter for its outputs, write `stateful = False` into its class"
    )
