"""The top floor: one module per verb of the command line; imports everything, imported by none."""
