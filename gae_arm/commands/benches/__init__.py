"""What `gae bench` runs: one module a bench, with `add_arguments(parser)` and `rows(args)`.

`rows` yields Row after Row. A module imports what it measures inside of `rows`, so that the help
of one bench needs nothing that another one does.
"""
