"""How models write their answers down, each format an adapter to one `Sketch`."""
