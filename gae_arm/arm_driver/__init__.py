"""Between the stack and a real arm: the names of its driver on one side, ours on the other."""
