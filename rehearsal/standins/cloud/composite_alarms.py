"""Composite alarms, which moto keeps but cannot put, and whose state follows the alarms of their rule."""

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

Backend = Any
STATE = re.compile(r'(OK|ALARM|INSUFFICIENT_DATA)\("([^"]+)"\)')
WORDS = {"AND": "and", "OR": "or", "NOT": "not", "TRUE": "True", "FALSE": "False"}


def holds(rule: str, state_of: Callable[[str], str]) -> bool:
    """Whether a rule holds with the states that `state_of` gives; its words are Python's, in capitals."""
    facts = STATE.sub(lambda found: str(state_of(found[2]) == found[1]), " ".join(rule.split()))
    text = re.sub("|".join(rf"\b{word}\b" for word in WORDS), lambda found: WORDS[found[0]], facts)
    try:
        return value(ast.parse(text, mode="eval").body)
    except SyntaxError as fault:
        raise InvalidParameterValue(f"AlarmRule cannot be read: {rule[:80]}") from fault


def value(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        values = [value(one) for one in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not value(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return node.value
    raise SyntaxError


def follow(backend: Backend, alarms: Iterable[Alarm]) -> list[Alarm]:
    """The alarms, the composite ones in the state that their rule gives now."""

    def state_of(name: str) -> str:
        alarm = backend.alarms.get(name)
        if alarm is None:
            return "INSUFFICIENT_DATA"
        if alarm.rule is not None:
            state = "ALARM" if holds(alarm.rule, state_of) else "OK"
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
            holds(given["rule"], lambda _: "OK")  # refuses what has no meaning
            missing = {name for _, name in STATE.findall(given["rule"])} - set(self.alarms)
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
