# SPDX-License-Identifier: Apache-2.0
"""`python -m countenance`."""

from countenance.cli.main import main

main()
