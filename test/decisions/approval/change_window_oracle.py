"""When a school's calendar is closed, by the plainest means: every quarter of an hour is asked of zoneinfo.

Reads {"from": year, "to": year, "cases": [{"zone", "from", "to", "days"}]} from stdin, `days` being
Python weekdays.
Writes, for each case, local date -> [first closed minute, first minute after], in minutes since 1970.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

QUARTER = 15
DAY = 24 * 60


def clock(zone: str, first: int, last: int) -> list[tuple[int, str, int, str]]:
    """Each quarter of an hour, in minutes since 1970, with the date, weekday and time that a clock shows."""
    begin = int(datetime(first, 1, 1, tzinfo=UTC).timestamp()) // 60 - 2 * DAY
    end = int(datetime(last + 1, 1, 1, tzinfo=UTC).timestamp()) // 60 + 2 * DAY
    local = (
        (minute, datetime.fromtimestamp(minute * 60, ZoneInfo(zone))) for minute in range(begin, end, QUARTER)
    )
    return [
        (minute, text[:10], at.weekday(), text[11:16]) for minute, at in local for text in (at.isoformat(),)
    ]


def closed(case: dict[str, Any], quarters: list[tuple[int, str, int, str]]) -> dict[str, list[int]]:
    days: dict[str, list[int]] = {}
    begin, end = case["from"], case["to"]
    # Closed from the first quarter that shows `from` or later to the last one that shows less than `to`.
    for minute, date, weekday, time in quarters:
        if weekday in case["days"]:
            day = days.setdefault(date, [0, 0])
            if time >= begin and day[0] == 0:
                day[0] = minute
            if time < end:
                day[1] = minute + QUARTER
    return days


def main() -> None:
    asked = json.load(sys.stdin)
    first, last = asked["from"], asked["to"]
    clocks = {zone: clock(zone, first, last) for zone in {case["zone"] for case in asked["cases"]}}
    found = [closed(case, clocks[case["zone"]]) for case in asked["cases"]]
    kept = [{day: hours for day, hours in days.items() if first <= int(day[:4]) <= last} for days in found]
    json.dump(kept, sys.stdout)


if __name__ == "__main__":
    main()
