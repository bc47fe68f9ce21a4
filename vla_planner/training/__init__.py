"""Training of planners; the only part of this package that needs more than it takes to run one."""
