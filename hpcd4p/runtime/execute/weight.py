"""See `hpcd4p.weight`."""

from hpcd4p.weight import weigh as weigh
