"""Tasks: randomised scenes with an instruction in words and a success condition on the physics."""
