"""Sentences for the user on what has happened to a run. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Table

from hpcd4p.plan.model import ElementPlan, Mapping, Plan, Role
from hpcd4p.record.summary import RankFigures
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.wire.position import Stage
from hpcd4p.wire.resumption import Resumption
from hpcd4p.workflow.generic import GenericPE


def notes_on_run(
    spec: RunSpec, claimed: Table[int, str], ranks: Sequence[RankFigures], stopped: bool = False
) -> list[str]:
    """Sentences about elements that one rank had to run, ranks that died, and the run before.

    Parameters
    ----------
    claimed
        By index, what elements that were planned as stateless have changed.
    stopped
        Whether it ended before its work was done: then nobody has done anything again.
    """
    plan = spec.plan
    notes = [_note_on_place(e) for e in plan.elements if e.undeclared]
    notes += [_note_on_company(e) for e in plan.elements if e.together]
    notes += [_note_on_claim(plan.elements[e], what) for e, what in sorted(claimed.items())]
    lost = [str(f.rank) for f in ranks if f.state == "lost"]
    if lost and not stopped:
        notes.append(
            f"rank {', '.join(lost)} died: what it had begun was done again. Outputs and dead letters "
            "are exact; tuples and times of the elements include what was done twice"
        )
    if spec.resume is not None:
        notes += notes_on_resume(spec.resume, plan, spec.elements)
    return notes


def notes_on_resume(resume: Resumption, plan: Plan, elements: Sequence[GenericPE]) -> list[str]:
    """What the figures of a run say that has gone on from a checkpoint, and which sources it had to trust."""
    from hpcd4p.plan.repeating import not_repeated  # here: most runs do not go on

    again = {plan.elements[p.element].name for p in resume.fixed.positions if p.stage is Stage.HEAD}
    return [_note_on_figures(resume), *not_repeated(plan, elements, again)]


def _note_on_figures(resume: Resumption) -> str:
    return (
        f"it went on from checkpoint {resume.epoch} of a run that had worked for "
        f"{resume.fixed.elapsed_s:.1f} s by then: outputs and dead letters are those of both; so are tuples "
        "and times inside elements, but for what ranks of the pool had not yet reported (half a second of "
        "work at most); elapsed time and the figures of the ranks are those of this one"
    )


def _note_on_place(element: ElementPlan) -> str:
    held = "one instance" if element.partitions <= 1 else f"{element.partitions} instances"
    return (
        f"{element.name} changes {element.undeclared} while it works, so it counts as stateful and {held} "
        "did all its work. Write `stateful = True` into its class if that is right; if its outputs do not "
        "depend on it (a cache, say), write `stateful = False`, and all ranks share the work"
    )


def _note_on_claim(element: ElementPlan, what: str) -> str:
    return (
        f"{element.name} changes {what} while it works, so it counts as stateful and one instance did all "
        "its work; its source does not show that, so its tuples came in no fixed order. Write "
        "`stateful = True` into its class if that is right, and they come in the order of their source; "
        "if its outputs do not depend on it (a cache, say), write `stateful = False`, and all ranks "
        "share the work"
    )


def _note_on_company(element: ElementPlan) -> str:
    return (
        f"{element.name} shares {element.together}: so one rank did all the work of both. If it does not "
        "matter for its outputs, write `stateful = False` into its class"
    )


def in_doubt(name: str, what: str) -> str:
    """What to say of an element that changed where several ranks had worked on it."""
    return (
        f"the answer is in doubt: {name} changed {what} while several ranks ran it, so it may depend on "
        "which rank did. If it matters, write `stateful = True` into its class (one instance holds it), or "
        "give its input a grouping; if not, write `stateful = False`"
    )


def host_died(plan: Plan, rank: int, after_s: float, held: Collection[tuple[int, int]]) -> str:
    """What to say of the death of a rank that held what nobody else has.

    Parameters
    ----------
    held
        (element, partition) of the stateful ones that it held; the plan knows the others.
    """
    state = bool(held) or plan.mapping is not Mapping.STATIC
    elements = dict.fromkeys(plan.elements[e] for e, _ in held or plan.hosted(rank))
    names = [e.name for e in elements if (e.role is Role.STATE) == state]
    named = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    what, so = f"the stateless {named}", "in the static mapping nobody else can do its work"
    if state:
        what = f"the state of {named}" if held else "what was on its way to partitions that have moved"
        so = "that is gone with it"
    if rank in plan.pool_ranks and rank in plan.stateful_ranks:
        so += ". It was the pool as well: with 3 ranks or more, a tuple that kills there costs itself alone"
    return (
        f"rank {rank}, which held {what}, died {after_s:.1f} s into the run; {so}. If a tuple has ended it "
        "(a segfault, os._exit, too little memory), what it could still say stands above. What came out "
        "until then is not the whole answer: start the run again"
    )
