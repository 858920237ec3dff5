"""CloudWatch that finds a metric whatever the order of its dimensions, and whose alarms tell their topics."""

import alarm_actions
import composite_alarms
import metric_data
from moto.cloudwatch.models import Dimension


def extend() -> None:
    """Puts it into moto, which sorts dimensions by a comparison that mixes names with values."""
    Dimension.__lt__ = lambda self, other: (self.name, self.value) < (other.name, other.value)
    alarm_actions.extend()
    composite_alarms.extend()
    metric_data.extend()
