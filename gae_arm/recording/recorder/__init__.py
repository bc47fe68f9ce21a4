"""The node that writes what it hears to a bag."""
