# SPDX-License-Identifier: Apache-2.0
"""Technologies, one module or package each; they never import each other."""
