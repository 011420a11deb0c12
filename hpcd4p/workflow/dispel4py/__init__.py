"""dispel4py's import names, and those of its parts that hpcd4p has no other use for."""
