"""From poses to safe joint motion: kinematics, collision checks, governor, streaming, node."""
