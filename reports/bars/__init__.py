"""Bars: what a method is expected to reach, judged on stored rows, and the pages that show it.

`declared` is the one table of bars, `quantities` reads a number from a row, `judge` compares the two, `page` writes Markdown.
"""
