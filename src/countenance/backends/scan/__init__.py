# SPDX-License-Identifier: Apache-2.0
"""The search kernel: every row above a threshold, or the best k, as exact search finds them.

`Scan` makes segments and searches them. What is compared exactly is decided by bounds that cannot be
wrong; the score of what is left is computed by one function (`exact`).
"""

from countenance.backends.scan.gpu_scan import GpuScan
from countenance.backends.scan.search import Scan
from countenance.backends.scan.segment import Segment

__all__ = ["GpuScan", "Scan", "Segment"]
