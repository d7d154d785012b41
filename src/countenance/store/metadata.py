# SPDX-License-Identifier: Apache-2.0
"""What all tables of the records belong to."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData()
