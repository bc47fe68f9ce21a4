"""The errors of the stack.

Every message carries the offending value and, where there are some, the alternatives. The command
line prints the message and ends with exit code 1; a node turns it into an error code, a refused
parameter or a diagnostic and lives on.
"""


class GaeError(Exception):
    """Base of every error that a user of this stack can cause."""


class InvalidValueError(GaeError, ValueError):
    """A value breaks a contract: wrong shape, not finite, out of range, unknown name."""


class ConfigError(GaeError):
    """A configuration or launch file is missing, malformed or contradicts itself."""


class MissingDependencyError(GaeError):
    """A program, package or driver is not there; the message names the command that installs it."""
