# SPDX-License-Identifier: Apache-2.0
"""Packs of a YuNet detector and an encoder on five-point crops, and the store that installs them."""
