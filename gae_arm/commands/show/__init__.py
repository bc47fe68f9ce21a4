"""What `gae demo` is made of: its domain, its graph, its referee, its pictures."""
