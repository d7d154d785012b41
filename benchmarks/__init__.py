# SPDX-License-Identifier: Apache-2.0
"""Measurements, a command each; no part of the installed package."""
