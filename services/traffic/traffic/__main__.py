"""Load on the shop: `python -m traffic --scenario buy --users 20 --seconds 60 --address https://…/shop --ca ca.crt`.

Prints a table, writes `--report`. Errors of the shop are its result, not this program's: it ends with 0 where
anything was answered well, and with 1 where nothing was.
"""

from __future__ import annotations

import sys

from traffic.options import OptionError, read
from traffic.report import table, write


def main() -> int:
    """Return the exit status."""
    try:
        options = read(sys.argv[1:])
    except OptionError as error:
        print(f"traffic: {error}", file=sys.stderr)
        return 2
    from traffic.run import run  # after the options: it changes the standard library's sockets for greenlets

    told = run(options)
    if options.report:
        write(options.report, told)
    print(table(told))
    return 0 if told["requests"] > told["errors"] else 1


if __name__ == "__main__":
    sys.exit(main())
