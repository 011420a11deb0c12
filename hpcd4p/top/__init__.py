"""A run as a live page in the terminal: what `hpcd4p top` shows, and which keys it knows."""
