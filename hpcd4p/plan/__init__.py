"""Where it runs: validation, placement, partitions and routing. Pure: opens nothing, waits for nothing."""
