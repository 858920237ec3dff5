"""Composite alarms, which moto keeps but cannot put, and whose state follows the alarms of their rule."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

Backend = Any
TOKENS = re.compile(r'\s*(?:(OK|ALARM|INSUFFICIENT_DATA)\("([^"]+)"\)|(AND|OR|NOT|TRUE|FALSE|[()]))')


class Rule:
    """A rule as CloudWatch writes it: states of alarms with AND, OR, NOT and brackets."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = TOKENS.match(text, at)
            if not found:
                raise InvalidParameterValue(f"AlarmRule cannot be read at character {at}: {text[at:][:40]}")
            state, name, word = (group or "" for group in found.groups())
            self.tokens.append((state, name, word))
            at = found.end()
        self.names = {name for _, name, _ in self.tokens if name}
        self.holds(lambda _: "OK")  # refuses what has no meaning

    def holds(self, state_of: Callable[[str], str]) -> bool:
        """Whether it holds, with the states that `state_of` gives."""
        left = list(self.tokens)

        def either() -> bool:
            value = both()
            while left and left[0][2] == "OR":
                left.pop(0)
                value = both() or value
            return value

        def both() -> bool:
            value = one()
            while left and left[0][2] == "AND":
                left.pop(0)
                value = one() and value
            return value

        def one() -> bool:
            state, name, word = left.pop(0) if left else ("", "", "")
            if name:
                return state_of(name) == state
            if word == "NOT":
                return not one()
            if word in ("TRUE", "FALSE"):
                return word == "TRUE"
            if word == "(":
                value = either()
                if left and left.pop(0)[2] == ")":
                    return value
            raise InvalidParameterValue("AlarmRule is not complete")

        value = either()
        if left:
            raise InvalidParameterValue(f"AlarmRule goes on after its end: {left[0]}")
        return value


def follow(backend: Backend, alarms: Iterable[Alarm]) -> list[Alarm]:
    """The alarms, the composite ones in the state that their rule gives now."""

    def state_of(name: str) -> str:
        alarm = backend.alarms.get(name)
        if alarm is None:
            return "INSUFFICIENT_DATA"
        if alarm.rule is not None:
            state = "ALARM" if Rule(alarm.rule).holds(state_of) else "OK"
            if state != alarm.state_value:
                alarm.update_state("its rule", "{}", state)
        return str(alarm.state_value)

    found = list(alarms)
    for alarm in found:
        state_of(alarm.name)
    return found


def extend() -> None:
    """Puts it into moto."""
    put, names = CloudWatchBackend.put_metric_alarm, ("alarm_name_prefix", "alarm_names", "state_value")

    def checked(self: Backend, *args: Any, **given: Any) -> Alarm:
        if given.get("rule") is not None:
            missing = Rule(given["rule"]).names - set(self.alarms)
            if missing:
                raise InvalidParameterValue(f"AlarmRule names alarms that do not exist: {sorted(missing)}")
        return put(self, *args, **given)

    def following(read: Callable[..., Iterable[Alarm]]) -> Callable[..., list[Alarm]]:
        return lambda self, *args: follow(self, read(self, *args))

    CloudWatchBackend.put_metric_alarm = checked
    for name in ("describe_alarms", *(f"get_alarms_by_{name}" for name in names)):
        setattr(CloudWatchBackend, name, following(getattr(CloudWatchBackend, name)))
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm
    Alarm.alarm_rule = property(lambda self: self.rule)
