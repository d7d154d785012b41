# SPDX-License-Identifier: Apache-2.0
"""The program `countenance`, and `python -m countenance`.

`verify` starts without the rest of the program: whoever checks a certificate needs none of it.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["verify"]:
        from countenance.cli.verifier import main as verify  # noqa: PLC0415

        sys.exit(verify(sys.argv[2:]))
    from countenance.cli.main import main as everything  # noqa: PLC0415

    everything()


if __name__ == "__main__":
    main()
