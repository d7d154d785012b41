# SPDX-License-Identifier: Apache-2.0
"""Measurements of this program on the machine at hand, in turn with peers where they are installed."""
