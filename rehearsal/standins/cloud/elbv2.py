"""What moto's Elastic Load Balancing lacks: target states over time, checked weights, the proxy's view."""

import json
from operator import itemgetter
from typing import Any

from moto.elbv2.exceptions import TargetGroupNotFoundError, ValidationError
from moto.elbv2.models import ELBv2Backend, FakeAction, FakeHealthStatus, FakeListener, FakeListenerRule
from moto.elbv2.models import FakeTargetGroup as Group
from moto.elbv2.models import elbv2_backends as backends
from moto.elbv2.responses import ELBV2Response
from moto.moto_api._internal.urls import url_paths
from serialised import serialised
from target_states import DESCRIPTIONS, Target, Targets

#: What the rehearsal's load balancer can obey; anything else is refused here rather than ignored there.
CONDITIONS = ("host-header", "path-pattern", "http-header", "http-request-method")
ACTIONS = ("forward", "fixed-response")
#: Quotas of an Application Load Balancer: target groups of one forward action, and the range of a weight.
MAX_GROUPS, MAX_WEIGHT = 5, 999

_init = Group.__init__
_validate_actions = ELBv2Backend._validate_actions
_validate_conditions = ELBv2Backend._validate_conditions
_modify_listener = ELBv2Backend.modify_listener


def _targets(group: Group) -> list[Target]:
    in_use = backends[group.account_id][group.region_name]._any_listener_using(group.arn)
    observed: list[Target] = group.states.observe(in_use)
    return observed


def _status(target: Target) -> FakeHealthStatus:
    id, port, state, reason = target.id, target.port, target.state, target.reason
    return FakeHealthStatus(id, port, str(port), state, reason, reason and DESCRIPTIONS[reason])


def _key(group: Group, target: dict[str, Any]) -> tuple[str, int]:
    return target["Id"], int(target.get("Port") or group.port)


def create(self: Group, *args: Any, **kwargs: Any) -> None:
    self.states = Targets()
    _init(self, *args, **kwargs)


def register(self: Group, targets: list[dict[str, Any]]) -> None:
    for target in targets:
        self.states.register(*_key(self, target))


def deregister(self: Group, targets: list[dict[str, Any]]) -> None:
    delay = int(self.attributes["deregistration_delay.timeout_seconds"])
    for target in targets:
        self.states.deregister(*_key(self, target), delay)


def describe_health(self: ELBv2Backend, arn: str, targets: list[dict[str, Any]]) -> list[FakeHealthStatus]:
    group = self.target_groups.get(arn)
    if group is None:
        raise TargetGroupNotFoundError()
    known = {(target.id, target.port): target for target in _targets(group)}
    asked = [_key(group, target) for target in targets] or list(known)
    return [_status(known.get(key) or Target(*key, "unused", "Target.NotRegistered")) for key in asked]


def validate_actions(self: ELBv2Backend, actions: list[FakeAction]) -> None:
    _validate_actions(self, actions)
    for action in actions:
        forward = action.data.get("ForwardConfig", {})
        groups = forward.get("TargetGroups", [])
        if action.type not in ACTIONS:
            raise ValidationError(f"Action '{action.type}' is not rehearsed; allowed: {', '.join(ACTIONS)}")
        if action.type == "forward" and not self._get_target_group_arns_from(action.data):
            raise ValidationError("A forward action must name a target group")
        if len(groups) > MAX_GROUPS:
            raise ValidationError(f"A forward action may have {MAX_GROUPS} target groups, not {len(groups)}")
        if str(forward.get("TargetGroupStickinessConfig", {}).get("Enabled")).lower() == "true":
            raise ValidationError("Target group stickiness is not rehearsed: leave it off")
        for weight in [group["Weight"] for group in groups]:
            if not 0 <= int(weight) <= MAX_WEIGHT:
                raise ValidationError(f"Weight '{weight}' must be between 0 and {MAX_WEIGHT}")


def validate_conditions(self: ELBv2Backend, conditions: list[dict[str, Any]]) -> None:
    _validate_conditions(self, conditions)
    for field in [condition.get("Field") for condition in conditions]:
        if field not in CONDITIONS:
            raise ValidationError(f"Condition '{field}' is not rehearsed; allowed: {', '.join(CONDITIONS)}")


def modify_listener(self: ELBv2Backend, *args: Any, **kwargs: Any) -> FakeListener:
    # moto stores a listener's new default actions unread, so a target group that is not there would pass
    actions = kwargs.get("actions", args[5] if len(args) > 5 else None)
    self._validate_actions([FakeAction(action) for action in actions or []])
    return _modify_listener(self, *args, **kwargs)


def _rule(rule: FakeListenerRule) -> dict[str, Any]:
    seen = {"arn": rule.arn, "priority": int(rule.priority), "conditions": rule.conditions}
    return {**seen, "actions": [action.data for action in rule.actions]}


def _listener(listener: FakeListener) -> dict[str, Any]:
    rules = [_rule(rule) for rule in listener.rules.values() if not rule.is_default]
    return {
        "arn": listener.arn,
        "port": int(listener.port),
        "defaultActions": [action.data for action in listener.default_actions],
        "rules": sorted(rules, key=itemgetter("priority")),
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "arn": group.arn,
        "name": group.name,
        "port": int(group.port),
        "protocol": group.protocol,
        "healthCheck": {
            "path": group.health_check_path,
            "intervalSeconds": int(group.health_check_interval_seconds),
            "timeoutSeconds": int(group.health_check_timeout_seconds),
            "healthyThreshold": int(group.healthy_threshold_count),
            "unhealthyThreshold": int(group.unhealthy_threshold_count),
            "matcher": group.matcher["HttpCode"],
        },
        "deregistrationSeconds": int(group.attributes["deregistration_delay.timeout_seconds"]),
        "targets": [{"id": t.id, "port": t.port, "state": t.state} for t in _targets(group)],
    }


@serialised
def view(request: Any, full_url: str, headers: Any) -> tuple[int, dict[str, str], str]:
    """`GET /moto-api/load-balancers`: all that the proxy needs, over all accounts and regions."""
    all_of_them = [backend for _, _, backend in backends.iter_backends()]
    balancers = [balancer for backend in all_of_them for balancer in backend.load_balancers.values()]
    listeners = [_listener(one) for balancer in balancers for one in balancer.listeners.values()]
    groups = [_group(one) for backend in all_of_them for one in backend.target_groups.values()]
    body = json.dumps({"listeners": listeners, "targetGroups": groups})
    return 200, {"Content-Type": "application/json"}, body


@serialised
def report(request: Any, full_url: str, headers: Any) -> tuple[int, dict[str, str], str]:
    """`PUT /moto-api/target-health`: what a health check found. 409 when the target is no longer checked."""
    found = json.loads(request.get_data())
    groups = [backend.target_groups.get(found["arn"]) for _, _, backend in backends.iter_backends()]
    finding = (found["id"], int(found["port"]), found["state"], found.get("reason"))
    return (200 if any(group and group.states.report(*finding) for group in groups) else 409), {}, ""


def extend() -> None:
    """Puts all of it into moto; call once, before the server starts."""
    Group.__init__ = create
    Group.register = register
    Group.deregister = deregister
    ELBv2Backend.describe_target_health = describe_health
    ELBv2Backend._validate_actions = validate_actions
    ELBv2Backend._validate_conditions = validate_conditions
    ELBv2Backend.modify_listener = modify_listener
    ELBV2Response.call_action = serialised(ELBV2Response.call_action)
    url_paths["{0}/moto-api/load-balancers"] = view
    url_paths["{0}/moto-api/target-health"] = report
