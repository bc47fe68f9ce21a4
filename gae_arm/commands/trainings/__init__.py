"""What `gae train` can train, one file each."""
