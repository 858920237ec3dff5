"""An alarm that changes its state tells the topics of its actions, which moto does not."""

import json
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm
from moto.sns.models import sns_backends

ACTIONS = {"ALARM": "alarm_actions", "OK": "ok_actions", "INSUFFICIENT_DATA": "insufficient_data_actions"}


def message(alarm: Alarm, before: str) -> str:
    """As the Amazon CloudWatch user guide has it, as far as it is read here."""
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "NewStateValue": alarm.state_value,
        "OldStateValue": before,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
    }
    if alarm.rule is None:
        periods = [
            query.period or query.metric_stat.period
            for query in alarm.metric_data_queries
            if query.metric_stat
        ]
        told["Trigger"] = {
            "Period": int((periods or [alarm.period or 60])[0]),
            "EvaluationPeriods": int(alarm.evaluation_periods),
            "DatapointsToAlarm": int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        }
    return json.dumps(told)


def extend() -> None:
    """Puts it into moto."""
    update = Alarm.update_state

    def telling(self: Alarm, reason: str, reason_data: str, state_value: str) -> None:
        before = self.state_value
        update(self, reason, reason_data, state_value)
        if before == state_value or not self.actions_enabled:
            return
        for arn in getattr(self, ACTIONS[state_value]) or []:
            _, _, _, region, account, _ = arn.split(":")
            sns_backends[account][region].publish(message(self, before), arn=arn)

    Alarm.update_state = telling
