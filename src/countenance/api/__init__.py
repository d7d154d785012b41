# SPDX-License-Identifier: Apache-2.0
"""The HTTP API: each route names its verb, parses, calls one verb of the engine, and renders JSON."""
