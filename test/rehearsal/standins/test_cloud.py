"""Target states over time, and what the cloud refuses, with a clock that the tests turn."""

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

sys.path.insert(0, str(Path(__file__).parents[3] / "rehearsal" / "standins" / "cloud"))

import cloudwatch
import elbv2
import ssm
import throttling
from target_states import Targets

for service in (throttling, cloudwatch, elbv2, ssm):
    service.extend()


class Clock:
    """Seconds, moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def states(targets: Targets, in_use: bool = True) -> list[tuple[str, str, str | None]]:
    return [(target.id, target.state, target.reason) for target in targets.observe(in_use)]


def test_a_target_is_unused_while_its_group_is_in_no_rule_and_no_report_changes_that() -> None:
    targets = Targets(Clock())
    targets.register("127.0.1.1", 8080)
    assert states(targets, in_use=False) == [("127.0.1.1", "unused", "Target.NotInUse")]
    assert not targets.report("127.0.1.1", 8080, "healthy", None)
    assert states(targets, in_use=False) == [("127.0.1.1", "unused", "Target.NotInUse")]


def test_a_target_is_initial_until_a_check_says_more() -> None:
    targets = Targets(Clock())
    targets.register("127.0.1.1", 8080)
    assert states(targets) == [("127.0.1.1", "initial", "Elb.RegistrationInProgress")]
    assert targets.report("127.0.1.1", 8080, "initial", "Elb.InitialHealthChecking")
    assert states(targets) == [("127.0.1.1", "initial", "Elb.InitialHealthChecking")]
    assert targets.report("127.0.1.1", 8080, "healthy", None)
    assert states(targets) == [("127.0.1.1", "healthy", None)]
    assert targets.report("127.0.1.1", 8080, "unhealthy", "Target.Timeout")
    assert states(targets) == [("127.0.1.1", "unhealthy", "Target.Timeout")]


def test_a_registered_target_that_is_registered_again_keeps_its_state() -> None:
    targets = Targets(Clock())
    targets.register("127.0.1.1", 8080)
    targets.observe(in_use=True)
    targets.report("127.0.1.1", 8080, "healthy", None)
    targets.register("127.0.1.1", 8080)
    assert states(targets) == [("127.0.1.1", "healthy", None)]


def test_a_group_that_leaves_the_rules_and_comes_back_is_checked_anew() -> None:
    targets = Targets(Clock())
    targets.register("127.0.1.1", 8080)
    targets.observe(in_use=True)
    targets.report("127.0.1.1", 8080, "healthy", None)
    assert states(targets, in_use=False) == [("127.0.1.1", "unused", "Target.NotInUse")]
    assert states(targets) == [("127.0.1.1", "initial", "Elb.RegistrationInProgress")]


def test_a_leaver_drains_for_the_delay_and_is_then_gone() -> None:
    clock = Clock()
    targets = Targets(clock)
    targets.register("127.0.1.1", 8080)
    targets.deregister("127.0.1.1", 8080, 30)
    clock.now += 29.9
    assert states(targets) == [("127.0.1.1", "draining", "Target.DeregistrationInProgress")]
    assert not targets.report("127.0.1.1", 8080, "healthy", None)
    clock.now += 0.1
    assert states(targets) == []


def test_a_second_deregistration_neither_fails_nor_prolongs_the_first() -> None:
    clock = Clock()
    targets = Targets(clock)
    targets.register("127.0.1.1", 8080)
    targets.deregister("127.0.1.1", 8080, 30)
    clock.now += 20
    targets.deregister("127.0.1.1", 8080, 30)
    clock.now += 10
    assert states(targets) == []


def test_a_draining_target_that_is_registered_again_starts_anew() -> None:
    targets = Targets(Clock())
    targets.register("127.0.1.1", 8080)
    targets.observe(in_use=True)
    targets.report("127.0.1.1", 8080, "healthy", None)
    targets.deregister("127.0.1.1", 8080, 30)
    targets.register("127.0.1.1", 8080)
    assert states(targets) == [("127.0.1.1", "initial", "Elb.RegistrationInProgress")]


class Cloud:
    """A load balancer with one listener and two target groups, blue and green; blue is the default."""

    def __init__(self) -> None:
        subnets = boto3.client("ec2", "eu-central-1").describe_subnets()["Subnets"]
        self.elb = boto3.client("elbv2", "eu-central-1")
        name = uuid4().hex[:8]
        balancer = self.elb.create_load_balancer(Name=name, Subnets=[subnets[0]["SubnetId"]])[
            "LoadBalancers"
        ][0]
        self.groups = {
            slot: self.elb.create_target_group(
                Name=f"{name}-{slot}", Protocol="HTTP", Port=8080, VpcId=subnets[0]["VpcId"], TargetType="ip"
            )["TargetGroups"][0]["TargetGroupArn"]
            for slot in ("blue", "green")
        }
        self.listener = self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Port=18080,
            Protocol="HTTP",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.groups["blue"]}],
        )["Listeners"][0]["ListenerArn"]

    def rule(self, priority: int, weights: dict[str, int], **more: Any) -> str:
        forward = [{"TargetGroupArn": self.groups.get(s, s), "Weight": w} for s, w in weights.items()]
        return self.elb.create_rule(
            ListenerArn=self.listener,
            Priority=priority,
            Conditions=more.get("conditions", [{"Field": "path-pattern", "Values": ["/*"]}]),
            Actions=[
                {"Type": "forward", "ForwardConfig": {"TargetGroups": forward, **more.get("config", {})}}
            ],
        )["Rules"][0]["RuleArn"]

    def health(self, slot: str, **asked: Any) -> list[tuple[str, dict[str, str]]]:
        answer = self.elb.describe_target_health(TargetGroupArn=self.groups[slot], **asked)
        return [(d["Target"]["Id"], d["TargetHealth"]) for d in answer["TargetHealthDescriptions"]]

    def seen(self, kind: str, arn: str) -> dict[str, Any]:
        """The listener or target group as the load balancer sees it."""
        return next(one for one in json.loads(elbv2.view(None, "", None)[2])[kind] if one["arn"] == arn)


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        with mock_aws():
            yield


@pytest.fixture
def cloud(aws: None) -> Cloud:
    return Cloud()


def test_describe_target_health_gives_the_reason_and_its_description(cloud: Cloud) -> None:
    for slot in ("blue", "green"):
        cloud.elb.register_targets(
            TargetGroupArn=cloud.groups[slot], Targets=[{"Id": "127.0.1.1", "Port": 8080}]
        )
    initial = {
        "State": "initial",
        "Reason": "Elb.RegistrationInProgress",
        "Description": "Target registration is in progress",
    }
    unused = {
        "State": "unused",
        "Reason": "Target.NotInUse",
        "Description": "Target group is not configured to receive traffic from the load balancer",
    }
    assert cloud.health("blue") == [("127.0.1.1", initial)]
    assert cloud.health("green") == [("127.0.1.1", unused)]
    assert cloud.health("blue", Targets=[{"Id": "127.0.9.9"}])[0][1]["Reason"] == "Target.NotRegistered"


def test_a_rule_brings_a_group_into_use_and_its_deletion_takes_it_out(cloud: Cloud) -> None:
    cloud.elb.register_targets(TargetGroupArn=cloud.groups["green"], Targets=[{"Id": "127.0.1.1"}])
    rule = cloud.rule(10, {"blue": 90, "green": 0})
    assert cloud.health("green")[0][1]["State"] == "initial"
    cloud.elb.delete_rule(RuleArn=rule)
    assert cloud.health("green")[0][1]["State"] == "unused"


def test_a_deregistered_target_is_listed_as_draining(cloud: Cloud) -> None:
    target = [{"Id": "127.0.1.1", "Port": 8080}]
    cloud.elb.register_targets(TargetGroupArn=cloud.groups["blue"], Targets=target)
    cloud.elb.deregister_targets(TargetGroupArn=cloud.groups["blue"], Targets=target)
    assert cloud.health("blue")[0][1]["Reason"] == "Target.DeregistrationInProgress"
    seen = cloud.seen("targetGroups", cloud.groups["blue"])
    assert seen["targets"] == [{"id": "127.0.1.1", "port": 8080, "state": "draining"}]


def test_the_view_has_the_rules_by_priority_and_the_actions_as_given(cloud: Cloud) -> None:
    cloud.rule(20, {"blue": 1, "green": 1})
    cloud.rule(3, {"blue": 90, "green": 10})
    listener = cloud.seen("listeners", cloud.listener)
    assert (listener["port"], [rule["priority"] for rule in listener["rules"]]) == (18080, [3, 20])
    assert [g["Weight"] for g in listener["rules"][0]["actions"][0]["ForwardConfig"]["TargetGroups"]] == [
        90,
        10,
    ]
    assert listener["defaultActions"][0]["TargetGroupArn"] == cloud.groups["blue"]


@pytest.mark.parametrize(
    ("weights", "more", "message"),
    [
        ({"blue": 1000}, {}, "Weight '1000' must be between 0 and 999"),
        ({"blue": -5}, {}, "Weight '-5' must be between 0 and 999"),
        ({"blue": 1, "arn:nowhere": 1}, {}, "Target group 'arn:nowhere' not found"),
        ({}, {}, "A forward action must name a target group"),
        (
            {"blue": 1},
            {"config": {"TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}},
            "stickiness is not rehearsed",
        ),
        (
            {"blue": 1},
            {"conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}]},
            "Condition 'source-ip' is not rehearsed",
        ),
    ],
)
def test_a_rule_that_aws_or_the_proxy_would_not_obey_is_refused(
    cloud: Cloud, weights: dict[str, int], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        cloud.rule(10, weights, **more)


def test_weights_0_and_999_are_accepted(cloud: Cloud) -> None:
    assert cloud.rule(10, {"blue": 0, "green": 999})


def test_a_modified_rule_and_a_modified_listener_are_checked_too(cloud: Cloud) -> None:
    rule = cloud.rule(10, {"blue": 1})
    nowhere = [{"Type": "forward", "TargetGroupArn": "arn:nowhere"}]
    with pytest.raises(ClientError, match="Target group 'arn:nowhere' not found"):
        cloud.elb.modify_rule(RuleArn=rule, Actions=nowhere)
    with pytest.raises(ClientError, match="Target group 'arn:nowhere' not found"):
        cloud.elb.modify_listener(ListenerArn=cloud.listener, DefaultActions=nowhere)


@pytest.mark.usefixtures("aws")
def test_of_many_writes_of_a_parameter_without_overwrite_exactly_one_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = boto3.client("ssm", "eu-central-1")

    def late() -> datetime:
        time.sleep(0.01)
        return datetime.now(UTC)

    # moto asks for the time between its look and its write: the gap into which a second writer could fall
    monkeypatch.setattr("moto.ssm.models.utcnow", late)

    def write(value: int) -> str:
        try:
            store.put_parameter(Name="/lease", Value=str(value), Type="String", Overwrite=False)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "won"

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(write, range(40)))
    assert (results.count("won"), results.count("ParameterAlreadyExists")) == (1, 39)


@pytest.mark.usefixtures("aws")
def test_a_standard_parameter_holds_4096_characters_and_no_more() -> None:
    store = boto3.client("ssm", "eu-central-1")
    store.put_parameter(Name="/fits", Value="x" * 4096, Type="String")
    with pytest.raises(ClientError, match="maximum parameter value of 4096 characters"):
        store.put_parameter(Name="/large", Value="x" * 4097, Type="String")
    store.put_parameter(Name="/large", Value="x" * 4097, Type="String", Tier="Advanced")


@pytest.mark.usefixtures("aws")
def test_a_metric_is_found_whatever_the_order_of_its_dimensions_is() -> None:
    watch = boto3.client("cloudwatch", "eu-central-1")
    dimensions = [
        {"Name": "LoadBalancer", "Value": "app/school/1"},
        {"Name": "TargetGroup", "Value": "targetgroup/blue/1"},
    ]
    now = datetime.now(UTC)
    datum = {"MetricName": "RequestCount", "Value": 7, "Timestamp": now, "Dimensions": dimensions}
    watch.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=[datum])
    for order in (dimensions, dimensions[::-1]):
        metric = {"Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount", "Dimensions": order}
        query = {"Id": "r", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        span = timedelta(minutes=5)
        answer = watch.get_metric_data(MetricDataQueries=[query], StartTime=now - span, EndTime=now + span)
        assert answer["MetricDataResults"][0]["Values"] == [7]


@pytest.mark.usefixtures("aws")
def test_figures_are_answered_by_the_period_with_percentile_ranks_and_absent_ones_are_not_there() -> None:
    watch = boto3.client("cloudwatch", "eu-central-1")
    hour = datetime(2026, 11, 24, 20, tzinfo=UTC)
    times = [{"MetricName": "TargetResponseTime", "Values": [0.1, 0.5, 2.0], "Counts": [90, 5, 5]}]
    later = [{"MetricName": "TargetResponseTime", "Values": [2.0], "Counts": [100]}]
    for minute, data in ((0, times), (2, later)):
        for datum in data:
            datum["Timestamp"] = hour + timedelta(minutes=minute)
        watch.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=data)

    def ask(stat: str, period: int) -> tuple[list[float], list[datetime]]:
        metric = {"Namespace": "AWS/ApplicationELB", "MetricName": "TargetResponseTime"}
        query = {"Id": "r", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}
        answer = watch.get_metric_data(
            MetricDataQueries=[query],
            StartTime=hour,
            EndTime=hour + timedelta(minutes=5),
            ScanBy="TimestampAscending",
        )["MetricDataResults"][0]
        return answer["Values"], answer["Timestamps"]

    assert ask("PR(:0.5)", 60) == ([95, 0], [hour, hour + timedelta(minutes=2)])
    assert ask("PR(:0.5)", 300) == ([47.5], [hour])
    assert ask("SampleCount", 60)[0] == [100, 100]
    assert ask("Sum", 300)[0] == [pytest.approx(221.5)]
    assert ask("p95", 60)[0] == [0.5, 2.0]
    assert ask("p50", 60)[0] == [0.1, 2.0]
    assert ask("p95", 300)[0] == [2.0]
    with pytest.raises(ClientError, match="is not rehearsed"):
        ask("tm99", 60)


@pytest.mark.usefixtures("aws")
def test_arithmetic_that_would_be_answered_with_nothing_is_refused() -> None:
    watch = boto3.client("cloudwatch", "eu-central-1")
    now = datetime.now(UTC)
    query = {"Id": "e", "Expression": "FILL(m, 0)"}
    with pytest.raises(ClientError, match="is not rehearsed"):
        watch.get_metric_data(MetricDataQueries=[query], StartTime=now - timedelta(minutes=5), EndTime=now)


def test_a_composite_alarm_follows_the_alarms_that_its_rule_names() -> None:
    with mock_aws():
        client = boto3.client("cloudwatch", region_name="eu-central-1")
        for name in ("long", "short"):
            client.put_metric_alarm(
                AlarmName=name,
                Namespace="n",
                MetricName="m",
                Statistic="Sum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=1,
                ComparisonOperator="GreaterThanThreshold",
            )
        client.put_composite_alarm(AlarmName="both", AlarmRule='(ALARM("long") AND ALARM("short"))')
        client.put_composite_alarm(AlarmName="bad", AlarmRule='NOT OK("both") OR FALSE')

        def firing() -> list[str]:
            answer = client.describe_alarms(AlarmTypes=["CompositeAlarm"])
            return [
                alarm["AlarmName"] for alarm in answer["CompositeAlarms"] if alarm["StateValue"] == "ALARM"
            ]

        client.set_alarm_state(AlarmName="long", StateValue="ALARM", StateReason="tried")
        assert firing() == []
        client.set_alarm_state(AlarmName="short", StateValue="ALARM", StateReason="tried")
        assert firing() == ["both", "bad"]
        client.set_alarm_state(AlarmName="long", StateValue="OK", StateReason="tried")
        assert firing() == []


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ('ALARM("nobody")', "nobody"),
        ("ALARM(a)", "cannot be read"),
        ("TRUE OR", "cannot be read"),
        ("(TRUE", "cannot be read"),
        ("TRUE FALSE", "cannot be read"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: str, says: str) -> None:
    with mock_aws(), pytest.raises(ClientError, match=says):
        boto3.client("cloudwatch", region_name="eu-central-1").put_composite_alarm(
            AlarmName="a", AlarmRule=rule
        )


@pytest.mark.usefixtures("aws")
def test_calls_are_throttled_by_action_as_often_as_was_asked() -> None:
    def ask(method: str, **order: object) -> dict[str, int]:
        request = SimpleNamespace(method=method, get_data=lambda: json.dumps(order))
        answer: dict[str, int] = json.loads(throttling.throttle(request, "", {})[2])
        return answer

    once = Config(retries={"max_attempts": 0})
    store = boto3.client("ssm", "eu-central-1", config=once)
    balancers = boto3.client("elbv2", "eu-central-1", config=once)
    watch = boto3.client("cloudwatch", "eu-central-1", config=once)
    calls = (
        balancers.describe_load_balancers,
        watch.describe_alarms,
        lambda: store.put_parameter(Name="/a", Value="b", Type="String"),
    )
    ask("PUT", actions=["DescribeLoadBalancers", "DescribeAlarms", "PutParameter"], calls=3)
    for call in calls:
        with pytest.raises(ClientError, match="Rate exceeded") as error:
            call()
        assert error.value.response["Error"]["Code"] == "ThrottlingException"
    store.describe_parameters()
    for call in calls:
        call()
    assert ask("GET") == {"hit": 3, "calls": 0}
    ask("PUT", actions=["DescribeAlarms"], calls=9, share=0)
    watch.describe_alarms()
    assert ask("GET") == {"hit": 0, "calls": 9}


@mock_aws
def test_an_alarm_that_changes_its_state_tells_its_topic_and_so_a_queue() -> None:
    sns, sqs, watch = (
        boto3.client(name, region_name="eu-central-1") for name in ("sns", "sqs", "cloudwatch")
    )
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    stat = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
    watch.put_metric_alarm(
        AlarmName="errors",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=1,
        Metrics=[{"Id": "a", "MetricStat": stat, "ReturnData": True}],
        AlarmActions=[topic],
        OKActions=[topic],
    )
    for state in ("ALARM", "ALARM", "OK"):
        watch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="why")
    bodies = [
        json.loads(json.loads(one["Body"])["Message"])
        for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    ]
    assert [body["NewStateValue"] for body in bodies] == ["ALARM", "OK"]
    assert bodies[0]["Trigger"] == {"Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2}
