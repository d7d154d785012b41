# SPDX-License-Identifier: Apache-2.0
"""Tables of the server: accounts, sessions, keys, and what its pages keep.

Names are sealed; tokens, keys and passwords are kept as hashes only.
"""

from __future__ import annotations
