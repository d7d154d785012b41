# SPDX-License-Identifier: Apache-2.0
"""What is handed out to be kept: pages of one file each that need no server, and archives of them."""
