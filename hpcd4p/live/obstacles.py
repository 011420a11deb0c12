"""What may stand in the way of a run: each function sees whether it does, and says so. Pure."""

from __future__ import annotations

from hpcd4p.live.calls import told
from hpcd4p.live.causes import Kind, again, cause, host_of, those, who
from hpcd4p.live.document import Cause, Document
from hpcd4p.live.facts import Behind, RunFacts
from hpcd4p.record.table import count, percent, seconds

STAND_S = 0.2
"""Ranks with state that stand still for less are as good as at work."""

TURN_S = 2.0
"""An ordered element that waits for less waits for the tuples of a few tasks."""

HOT = 0.5
"""A partition, or a key, that has more than this of the work of its rank: others would not get enough."""


def checkpoint(document: Document, facts: RunFacts) -> Cause | None:
    """One is being made, and ranks with state stand still until all do."""
    standing = facts.standing
    if standing is None or standing.stood_s < STAND_S or not standing.awaited:
        return None
    kept, ranks = document.checkpoints, standing.awaited
    given_up = "" if kept is None or not kept.given_up else f"{count(kept.given_up, 'checkpoint')} given up"
    every_s = max(60, 10 * round(standing.stood_s * 5))
    return cause(
        Kind.CHECKPOINT,
        f"a checkpoint waits for {who(ranks)}, in the middle of a tuple of {those(standing.elements)}",
        [f"ranks with state have stood still for {seconds(standing.stood_s)}", given_up],
        "fewer checkpoints, or shorter tuples: a checkpoint waits until each rank with state is between two",
        again(document, f"--checkpoint {every_s}"),
        element=standing.elements[0] if len(standing.elements) == 1 else "",
        ranks=ranks,
        host=host_of(document, ranks),
    )


def order(document: Document, facts: RunFacts) -> Cause | None:
    """An ordered element waits for an earlier tuple."""
    turn = facts.turn
    if turn is None or turn.wait_s < TURN_S:
        return None
    at = "which waits for a rank" if turn.holder is None else f"at work on rank {turn.holder}"
    tuple_ = f"an earlier tuple of {turn.awaited}, {at}"
    behind = next((e.backlog for e in document.elements if e.name == turn.element), None)
    known = behind is not None
    ranks = [] if turn.holder is None else [turn.holder]
    return cause(
        Kind.ORDER,
        f"{turn.element} waits for {tuple_}" if known else f"the outputs wait for {tuple_}",
        [
            f"it has waited for {seconds(turn.wait_s)}",
            f"{count(behind, 'tuple')} for it not finished" if behind else "",
            *(told(call) for call in facts.in_call if call.rank == turn.holder),
        ],
        f"if the answer does not depend on the order of tuples, say so in the class of {turn.element}; else "
        f"make a tuple of {turn.awaited} quicker"
        if known
        else "leave --ordered-outputs out, if the order of the outputs does not matter",
        "ordered = False" if known else "ordered_outputs = False",
        element=turn.element if known else "",
        ranks=ranks,
        host=host_of(document, ranks),
    )


def stateful(document: Document, facts: RunFacts) -> Cause | None:
    """A rank has more work for its partitions than it can do; or rank 0 with the outputs."""
    if facts.behind:
        return _behind(document, facts, facts.behind[0])
    names = {element.name for element in document.elements}
    if document.elements_left_out or all(name in names for name in facts.congested):
        return None
    return cause(
        Kind.STATEFUL,
        "rank 0 is behind with the outputs: all of them go through it",
        [f"{count(document.totals.tasks, 'task')} wait, and so do those who make more of them"],
        "have fewer tuples leave the workflow, or larger ones: join them in its last element (BatchPE)",
        ranks=[0],
        host=document.run.host,
    )


def _behind(document: Document, facts: RunFacts, rank: Behind) -> Cause:
    group = [row for row in document.ranks if "stateful" in row.role]
    hosts = sum(row.count for row in group)
    hot = rank.share >= HOT
    key = rank.keys[0] if rank.keys and rank.keys[0][1] >= HOT else None
    what = f"{rank.element}, partition {rank.partition}"
    if hot and key is not None:
        what += f", key {key[0]}"
        advice = (
            f"all tuples of one key go to one rank, so more ranks do not help: join tuples of a key before "
            f"{rank.element} (BatchPE), or give its class a finer key"
        )
        to_type = "key = [0, 1]" if rank.keyed else "grouping = [0, 1]"
    elif hot and rank.keyed:
        advice = "keys of one partition stay together: with more partitions they spread over more ranks"
        to_type = f"--partitions {4 * rank.partitions}"
    elif hot:
        advice = f"{rank.element} has {count(rank.partitions, 'instance')}: give its class more of them"
        to_type = f"numprocesses = {2 * rank.partitions}"
    else:
        advice = "more ranks for elements with state"
        to_type = again(document, f"--stateful-ranks {hosts + 1}")
    return cause(
        Kind.STATEFUL,
        f"rank {rank.rank} is behind with {what}",
        [
            f"busy for {percent(rank.busy)} of the time, and {seconds(rank.line_s)} of work are in line",
            f"partition {rank.partition} of {rank.element} takes {percent(rank.share)} of its work, with what"
            f" is in line; of its partitions {rank.loaded} have any",
            "most of what is in line for it: "
            + ", ".join(f"key {text} {percent(share)}" for text, share in rank.keys)
            if rank.keys
            else "",
            f"others wait with what they have for {' and '.join(facts.congested)}" if facts.congested else "",
        ],
        advice,
        to_type,
        element=rank.element,
        ranks=[rank.rank],
        host=host_of(document, [rank.rank]),
    )
