"""Everything that reads Records: merging, tables, verdicts. Imports neither torch nor `fixtures`."""
