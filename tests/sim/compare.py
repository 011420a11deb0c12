"""The answer of one process, and of a simulated cluster, as multisets."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from gallery import BURSTS, GALLERY

from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.runtime import sequential
from hpcd4p.runtime.job import Job
from hpcd4p.testing.cluster import Cluster
