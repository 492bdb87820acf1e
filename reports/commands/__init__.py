"""The commands of `python -m reports`, one file per kind: each adds its parsers, and a parser names the function that runs it.

A new command is a module with `add(commands, common)` listed in `reports/__main__.py`.
"""
