# SPDX-License-Identifier: Apache-2.0
"""Use cases, one verb each: what combines policy, records and ports."""
