# SPDX-License-Identifier: Apache-2.0
"""Countenance: face search that holds faceprints only of people who signed a release.

`countenance.bootstrap.Engine` is the whole program as a Python object; importing this package runs nothing.
"""

__version__ = "0.1.0"
