# SPDX-License-Identifier: Apache-2.0
"""Countenance: face search that holds faceprints only of people who signed a release."""

__version__ = "0.1.0"
