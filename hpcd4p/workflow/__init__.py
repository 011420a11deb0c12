"""What you write: elements, composites, the graph, groupings, loading. Imports nothing of the engine."""
