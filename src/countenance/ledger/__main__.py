# SPDX-License-Identifier: Apache-2.0
"""`python -m countenance.ledger`: the verifier alone."""

import sys

from countenance.cli.verifier import main

sys.exit(main())
