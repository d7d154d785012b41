# SPDX-License-Identifier: Apache-2.0
"""Geometry, quality and score statistics on arrays. No I/O."""
