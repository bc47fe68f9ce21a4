"""The node that plays a bag into the graph."""
