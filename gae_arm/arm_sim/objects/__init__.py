"""Things to handle: their shapes for the physics, and what a task needs to know about them."""
