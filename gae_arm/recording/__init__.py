"""Bags: record the stack, play it again, run it again and compare, make training data of it."""
