"""CloudWatch's figures by the minute, with the percentile ranks that moto lacks, and found in a glance: moto
compares every figure that it ever got with every period of every question."""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.models import CloudWatchBackend

MINUTE = 60
#: `PR(:0.5)`: the percentage of values that are at most 0.5.
RANK = re.compile(r"PR\(:([0-9.]+)\)")
#: `p95`: the value that 95 % of the values do not pass.
PERCENTILE = re.compile(r"p(\d{1,2})")

_put = CloudWatchBackend.put_metric_data


class Figure:
    """What was put for one metric in some time. `values` lack what came as a sum only, as on AWS."""

    def __init__(self) -> None:
        self.count = self.sum = 0.0
        self.least, self.most = float("inf"), float("-inf")
        self.values: Counter[float] = Counter()

    def add(self, count: float, total: float, least: float, most: float) -> None:
        """Adds a summary."""
        self.count, self.sum = self.count + count, self.sum + total
        self.least, self.most = min(self.least, least), max(self.most, most)

    def take(self, other: "Figure") -> None:
        """Adds what another one has."""
        self.add(other.count, other.sum, other.least, other.most)
        self.values.update(other.values)

    def statistic(self, name: str) -> float | None:
        """A statistic by CloudWatch's name; None where it has no value."""
        plain = {"Sum": self.sum, "SampleCount": self.count, "Minimum": self.least, "Maximum": self.most}
        if name in plain or name == "Average":
            return plain.get(name, self.sum / self.count if self.count else None)
        percentile = PERCENTILE.fullmatch(name)
        if percentile:
            return self._value_at(int(percentile[1]) / 100)
        rank = RANK.fullmatch(name)
        if rank is None:
            raise InvalidParameterValue(
                f"Statistic '{name}' is not rehearsed; allowed: {RANK.pattern}, p95 and the plain ones"
            )
        within = sum(count for value, count in self.values.items() if value <= float(rank[1]))
        return 100 * within / self.values.total() if self.values else None

    def _value_at(self, share: float) -> float | None:
        """The least value that this share of the values does not pass; None without values."""
        wanted, seen = share * self.values.total(), 0
        for value, count in sorted(self.values.items()):
            seen += count
            if seen >= wanted:
                return value
        return None


def _seconds(at: datetime | None) -> float:
    at = at or datetime.now(UTC)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _key(
    namespace: str, name: str, dimensions: list[dict[str, str]]
) -> tuple[str, str, frozenset[tuple[str, str]]]:
    return namespace, name, frozenset((one["Name"], one["Value"]) for one in dimensions)


def _figures(backend: CloudWatchBackend) -> dict[Any, dict[int, Figure]]:
    known: dict[Any, dict[int, Figure]] = backend.__dict__.setdefault("figures", {})
    return known


def put_metric_data(self: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
    kept = []
    for datum in metric_data:
        one = Figure()
        if values := datum.get("Values"):
            counts = datum.get("Counts") or [1] * len(values)
            one.values.update(
                {float(value): int(float(count)) for value, count in zip(values, counts, strict=True)}
            )
            flat = sorted(one.values)
            one.add(one.values.total(), sum(v * n for v, n in one.values.items()), flat[0], flat[-1])
        elif stats := datum.get("StatisticValues"):
            one.add(*(float(stats[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum")))
        else:
            value = float(datum.get("Value", 0))
            one.values[value] += 1
            one.add(1, value, value, value)
        summary = {"SampleCount": one.count, "Sum": one.sum, "Minimum": one.least, "Maximum": one.most}
        kept.append(
            {k: v for k, v in datum.items() if k not in ("Values", "Counts")}
            | ({"StatisticValues": summary} if values else {})
        )
        minutes = _figures(self).setdefault(
            _key(namespace, datum["MetricName"], datum.get("Dimensions") or []), {}
        )
        at = int(_seconds(datum.get("Timestamp"))) // MINUTE * MINUTE
        minutes.setdefault(at, Figure()).take(one)
    _put(self, namespace, kept)


def get_metric_data(
    self: CloudWatchBackend,
    queries: list[dict[str, Any]],
    start_time: datetime,
    end_time: datetime,
    scan_by: str = "TimestampAscending",
) -> list[dict[str, Any]]:
    start, end = int(_seconds(start_time)) // MINUTE * MINUTE, _seconds(end_time)
    if start >= end:
        raise InvalidParameterValue("The parameter EndTime must be greater than StartTime.")
    return [_result(self, query, start, end, scan_by) for query in queries if query.get("ReturnData", True)]


def _result(
    backend: CloudWatchBackend, query: dict[str, Any], start: int, end: float, scan_by: str
) -> dict[str, Any]:
    if "MetricStat" not in query:
        # moto would answer `Complete` and no value
        raise InvalidParameterValue(
            f"Expression '{query['Expression']}' is not rehearsed: ask for the metrics"
        )
    metric, period = query["MetricStat"]["Metric"], int(query["MetricStat"]["Period"])
    key = _key(metric["Namespace"], metric["MetricName"], metric.get("Dimensions") or [])
    periods: dict[int, Figure] = {}
    for at, figure in sorted(
        _figures(backend).get(key, {}).items(), reverse=scan_by == "TimestampDescending"
    ):
        if start <= at < end:
            periods.setdefault(at // period * period, Figure()).take(figure)
    known = [(at, one.statistic(query["MetricStat"]["Stat"])) for at, one in periods.items()]
    found = [(at, value) for at, value in known if value is not None]
    return {
        "id": query["Id"],
        "label": query.get("Label") or f"{metric['MetricName']} {query['MetricStat']['Stat']}",
        "values": [value for _, value in found],
        "timestamps": [datetime.fromtimestamp(at, UTC) for at, _ in found],
        "status_code": "Complete",
    }


def extend() -> None:
    """Puts it into moto; call once, before the server starts."""
    CloudWatchBackend.put_metric_data = put_metric_data
    CloudWatchBackend.get_metric_data = get_metric_data
