"""Prometheus metrics of web and worker; the scrape adds stack, slot and pod."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

REQUESTS = Counter("http_requests_total", "Answers of the API, by class of status", ["status"])
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from request to answer of the API",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
JOBS = Counter("jobs_total", "Jobs that a worker has finished, by result", ["result"])

# Bound once: a look-up by label for each request costs more than counting. Zeros are published from the
# start, so that a rate needs no special case for the first error.
BY_STATUS = {digit: REQUESTS.labels(f"{digit}xx") for digit in (2, 3, 4, 5)}
BY_RESULT = {result: JOBS.labels(result) for result in ("ok", "failed")}


def exposition() -> tuple[bytes, str]:
    """The metrics in Prometheus' text format, and its content type."""
    return generate_latest(), CONTENT_TYPE_LATEST
