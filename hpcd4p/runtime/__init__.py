"""The loops: what a rank does from its start to its end. Decides nothing that `control` can decide."""
