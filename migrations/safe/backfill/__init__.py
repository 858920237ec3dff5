"""Filling columns of rows that are there, while everything else goes on.

A revision declares what is to be done (`backfills = (Backfill(…),)`), `python -m migrations.safe.backfill
<name>` does it in a Job of its own, and the revision that needs it done asks first (`ensure_finished`).
"""

from .gate import ensure_finished, fill
from .task import Backfill

__all__ = ["Backfill", "ensure_finished", "fill"]
