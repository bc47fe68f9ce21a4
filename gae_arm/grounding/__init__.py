"""Pictures of random tables with instructions and the right answers: what planners learn from."""
