"""`python -m reports COMMAND`: tables, conclusions and exchange of stored results, without measuring anything.

Exit code 0; 1 when the answer is no (nothing qualifies, the table has findings); 2 when the command line or a file is wrong (what could
be read is shown all the same).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from reports.commands import advice, bars, exchange, page, past, plots, tables
from reports.commands.common import WRONG
from reports.export import MissingLibrary
from reports.readme import MarkerError
from reports.record import RecordError
from reports.words import LANGUAGES

COMMANDS = (tables, page, plots, advice, exchange, past, bars)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:  # `python -m reports show | head`
        sys.stderr.close()
        return 0
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror or os.strerror(error.errno or 0)}", file=sys.stderr)
    except (RecordError, MarkerError, MissingLibrary) as error:
        print(f"error: {error}", file=sys.stderr)
    return WRONG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=LANGUAGES, default="en", help="language of headers and notes")
    for part in COMMANDS:
        part.add(commands, common)
    return parser


if __name__ == "__main__":
    sys.exit(main())
