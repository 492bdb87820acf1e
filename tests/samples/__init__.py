"""Stored records: synthetic, written by `python -m tests.samples.build`."""
