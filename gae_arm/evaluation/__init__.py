"""How well policies and planners do: episodes in parallel, intervals, reports."""
