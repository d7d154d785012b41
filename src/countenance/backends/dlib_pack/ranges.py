# SPDX-License-Identifier: Apache-2.0
"""How large the networks' activations get: what their 8-bit form must be able to hold.

Measured by `python -m benchmarks.vision --ranges` on the photos of ../shared/faces with the float32 form. One
number for each convolution and each sum, in the order of the graph.
"""

from __future__ import annotations

# 90th percentile over photos and sizes of the 99.99th percentile over a tensor: clipping the few larger
# values disturbs scores less than wider steps would.
DETECTOR = (4.8, 4.4, 2.8, 3.0, 4.9, 10.2, 1.7)

# Half-way between the same percentile and the largest value, likewise found best.
# fmt: off
ENCODER = (
    6.3,
    6.4, 6.6, 7.6, 5.2, 7.7, 10.8, 5.5, 10.0, 15.6,
    6.3, 6.9, 10.0, 4.9, 6.0, 11.3, 4.3, 7.7, 14.8, 4.7, 6.2, 15.9,
    5.5, 5.9, 9.4, 4.5, 5.0, 8.4, 4.8, 5.0, 8.1,
    5.7, 5.8, 5.9, 3.4, 3.8, 6.5, 3.2, 2.9, 6.6,
    3.7, 2.6, 5.0,
)
# fmt: on
