"""What `gae bench soak` is made of: who talks to the stack, and what is watched meanwhile."""
