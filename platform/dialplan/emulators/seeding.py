"""Demo data for the tenant of a line."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dialplan.config.seeds import load_seed as read_seed
from dialplan.runtime.directory import Line
from dialplan.store.database import Database
from dialplan.store.seed import load_seed


async def seed_line(database: Database, line: Line) -> int:
    """Load the vertical's demo data for a line's tenant; returns how many rows were new."""
    vertical = line.vertical.vertical
    if vertical.database.seed is None:
        return 0
    zone = ZoneInfo(str(line.variables.get("timezone") or "UTC"))
    today = datetime.now(zone).date()
    rows = read_seed(
        line.vertical.folder, vertical.database.seed, vertical.database, today=today, zone=zone
    )
    return await load_seed(
        database,
        vertical.name,
        line.tenant,
        vertical.database.tables,
        rows,
        today=today,
        timezone=str(zone),
    )
