# SPDX-License-Identifier: Apache-2.0
"""The pages: server-rendered; each does what a route of the API does, through the same function."""
