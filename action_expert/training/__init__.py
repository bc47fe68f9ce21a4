"""How the expert learns: situations in, weights out. Only this folder needs torch."""
