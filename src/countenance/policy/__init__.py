# SPDX-License-Identifier: Apache-2.0
"""Law as data, and the decisions that follow from it. No I/O."""
