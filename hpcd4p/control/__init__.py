"""What is decided: ending, scaling, granularity, lost ranks. Pure: events in, orders out; `now` is given."""
