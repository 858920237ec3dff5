"""Flags: what of the parameters is in force, and for whom."""

import json
from typing import Any

import pytest

from school.flags import Flags, Published, in_force, understand


def definition(targeting: dict[str, Any] | None = None, risk: str = "high") -> str:
    rule = {} if targeting is None else {"targeting": targeting}
    return json.dumps(
        {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "metadata": {"risk": risk},
            **rule,
        }
    )


ALWAYS = {"if": [True, "on", "off"]}


def share(percent: int) -> dict[str, Any]:
    key = {"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}
    return {"fractional": [key, ["on", percent * 1000], ["off", 100_000 - percent * 1000]]}


@pytest.fixture
def flags() -> Flags:
    return Flags("/", 1)


def people_with(flags: Flags, targeting: dict[str, Any]) -> set[str]:
    flags.take({"flags/new": definition(targeting)})
    return {person for person in map(str, range(2000)) if flags.is_on("new", person)}


def test_before_the_first_reading_all_is_off_and_nobody_works(flags: Flags) -> None:
    assert not flags.is_on("new", "ada")
    assert not flags.may_work("blue")
    flags.take({})
    assert not flags.is_on("new", "ada")
    assert flags.may_work("blue")


def test_roles_cohorts_and_everybody_else(flags: Flags) -> None:
    named = {"or": [{"in": [{"var": "role"}, ["teacher"]]}, {"in": [{"var": "cohort"}, ["pilot"]]}]}
    flags.take({"flags/new": definition({"if": [named, "on", "off"]})})
    assert flags.is_on("new", "ada", role="teacher")
    assert flags.is_on("new", "ada", cohort="pilot")
    assert not flags.is_on("new", "ada", role="pupil", cohort="other")


def test_a_raised_percentage_only_adds_people(flags: Flags) -> None:
    few, more = people_with(flags, share(10)), people_with(flags, share(30))
    assert few < more
    assert 140 < len(few) < 260
    assert 520 < len(more) < 680
    assert people_with(flags, share(10)) == few


def test_the_kill_switch_leaves_only_flags_of_low_risk(flags: Flags) -> None:
    flags.take(
        {
            "flags/new": definition(ALWAYS),
            "flags/small": definition(ALWAYS, risk="low"),
            "kill-switch": '{"flags": "off", "workers": ["green"]}',
        }
    )
    assert not flags.is_on("new", "ada")
    assert flags.is_on("small", "ada")
    assert (flags.may_work("blue"), flags.may_work("green")) == (True, False)


def test_a_flag_that_is_on_by_default_is_off_under_the_kill_switch() -> None:
    flag = json.loads(definition()) | {"defaultVariant": "on"}
    assert (
        in_force(Published({"new": flag}, flags_off=True, stopped=frozenset()))["new"]["defaultVariant"]
        == "off"
    )


@pytest.mark.parametrize("value", ["{", "[]", '"on"', '{"state": "MAYBE"}'])
def test_a_flag_that_cannot_be_read_is_off_and_the_others_hold(value: str, flags: Flags) -> None:
    flags.take({"flags/new": value, "flags/small": definition(ALWAYS)})
    assert not flags.is_on("new", "ada")
    assert flags.is_on("small", "ada")


@pytest.mark.parametrize("value", ["{", "[]", '"off"', '{"flags": "off", "workers": 1}'])
def test_a_kill_switch_that_cannot_be_read_stops_everything(value: str) -> None:
    published = understand({"flags/new": definition(ALWAYS), "kill-switch": value})
    assert published.flags_off
    assert published.stopped == {"blue", "green"}
