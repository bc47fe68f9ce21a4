"""Shadow mode: real images in, the whole stack's doings out as a picture; nothing moves."""
