# SPDX-License-Identifier: Apache-2.0
"""`countenance`, or `python -m countenance`; `verify` starts without the rest of the program."""

import os
import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["verify"]:
        from countenance.cli.verifier import main as verify  # noqa: PLC0415 - what a stranger runs loads nothing else

        sys.exit(verify(sys.argv[2:]))
    # Threads and processes are our own. BLAS, which reads this as NumPy is imported, would set more beside them, which
    # wait in loops: of a search that took more time than all the rest.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from countenance.cli.main import main as everything  # noqa: PLC0415 - as above

    everything()


if __name__ == "__main__":
    main()
