"""What `gae doctor` looks at: one file per subject, each check yields findings."""
