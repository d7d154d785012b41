# SPDX-License-Identifier: Apache-2.0
"""The seams: what the services ask of a technology. Each contract stands in a docstring."""
