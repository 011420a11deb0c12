"""The words of the command line: what is asked, what is answered. Rank 0 only."""
