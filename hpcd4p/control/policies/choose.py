"""From the word of ``--autoscale`` to a policy."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hpcd4p.control.lending import lenders
from hpcd4p.control.policies.fixed import Fixed
from hpcd4p.control.policies.knee import Knee
from hpcd4p.control.policies.paper import Idle, Queue
from hpcd4p.control.scaling import Bounds, Policy
from hpcd4p.errors import SettingsError
from hpcd4p.plan.settings import MAX_RANKS

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan
    from hpcd4p.plan.settings import EngineSettings

_SIMPLE: dict[str, Callable[[Bounds], Policy]] = {
    "none": lambda bounds: Fixed(bounds.most, "all ranks, always"),
    "knee": Knee,
    "queue": Queue,
    "idle": Idle,
}

WORDS = "none, fixed:K, knee, queue, idle, or MODULE:CLASS"


def check(settings: EngineSettings, plan: Plan) -> None:
    """Raise what `choose` would, before the run; with one process or no pool, only for unknown words."""
    ranks = len(plan.pool_ranks) + len(lenders(plan, settings.lend != "off"))
    choose(settings, ranks if plan.size > 1 and plan.pool_ranks else MAX_RANKS)


def choose(settings: EngineSettings, ranks: int) -> tuple[Policy, Bounds]:
    """Policy and bounds for a pool of `ranks` ranks.

    Raises
    ------
    SettingsError
        There is no such policy, the bounds contradict each other, or a user's class cannot be loaded.
    """
    bounds = _bounds(settings, ranks)
    word = settings.autoscale
    if word in _SIMPLE:
        return _SIMPLE[word](bounds), bounds
    name, _, rest = word.partition(":")
    if name == "fixed":
        if not rest.isdecimal() or int(rest) < 1:
            raise SettingsError(f"--autoscale {word}: expected fixed:K, K a number of ranks, as in fixed:4")
        if int(rest) > ranks:
            raise SettingsError(f"--autoscale {word}: only {ranks} ranks can work for the pool")
        return Fixed(bounds.clip(int(rest)), f"{rest} ranks, always"), bounds
    if rest:
        return _own(name, rest, bounds), bounds
    raise SettingsError(f"unknown policy --autoscale {word}; the policies are {WORDS}")


def _bounds(settings: EngineSettings, ranks: int) -> Bounds:
    least, most = settings.min_active, settings.max_active or ranks
    if settings.max_active and least > most:
        raise SettingsError(f"--min-active {least} is more than --max-active {most}")
    if least > ranks:
        raise SettingsError(f"--min-active {least}: only {ranks} ranks can work for the pool")
    return Bounds(least, min(most, ranks))


def _own(module: str, name: str, bounds: Bounds) -> Policy:
    where = f"--autoscale {module}:{name}"
    try:
        kind: Any = getattr(import_module(module), name)
    except ImportError as error:
        raise SettingsError(f"{where}: the module cannot be imported: {error}") from error
    except AttributeError:
        raise SettingsError(f"{where}: the module has no {name}") from None
    try:
        policy: Policy = kind(bounds)
    except Exception as error:
        raise SettingsError(
            f"{where}: {name}(bounds) raised {type(error).__name__}: {error}; a policy is made with its "
            "bounds (least, most)"
        ) from error
    if not callable(getattr(policy, "decide", None)):
        raise SettingsError(f"{where}: it has no method decide(observation)")
    return policy
