# SPDX-License-Identifier: Apache-2.0
"""Records and keys: what the program remembers, and how it forgets."""
