from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.deployment.outline import Outline
from iotagg.deployment.parameters import check, parsed, settled
from iotagg.errors import InvalidValue
from tests.deployment.toy import TEMPLATE

TOY = Outline.parse(TEMPLATE)
OWN = {"PackagesBucket": "packages", "FunctionsPackage": "functions/1.zip", "Release": "12345678"}


def declaring(**parameters: dict[str, Any]) -> Outline:
    return Outline.parse(json.dumps({"Parameters": parameters, "Resources": {}}))


def refusal(template: Outline, **given: str) -> str:
    with pytest.raises(InvalidValue) as refused:
        check(template, given, ())
    line = str(refused.value)
    assert line.splitlines() == [line]
    return line


@given(st.dictionaries(st.text("abcXYZ", min_size=1), st.text()))
def test_what_is_set_is_read_as_it_stands(values: dict[str, str]) -> None:
    assert parsed(f"{name}={value}" for name, value in values.items()) == values


@pytest.mark.parametrize("text", ["OnOverwrite", "=replace", ""])
def test_what_sets_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="--set Parameter=value"):
        parsed([text])


@pytest.mark.parametrize(
    ("declared", "accepted", "refused", "reason"),
    [
        ({"AllowedValues": ["refuse", "add"]}, ["refuse", "add"], ["Add", ""], "one of refuse, add"),
        ({"AllowedValues": [True, 5]}, ["true", "5"], ["True", "5.0"], "one of true, 5"),
        ({"Type": "Number"}, ["1", "-1.5", "1e3"], ["", "x", "nan", "inf"], "a number"),
        ({"Type": "Number", "MinValue": 2, "MaxValue": 5}, ["2", "5"], ["1.9", "-3"], "2 at least"),
        ({"Type": "Number", "MinValue": 2, "MaxValue": 5}, ["3.5"], ["5.1", "600"], "5 at most"),
        ({"MinLength": 2}, ["ab"], ["a", ""], "at least 2 characters"),
        ({"MaxLength": 2}, ["ab", ""], ["abc"], "2 characters at most"),
        ({"AllowedPattern": "[a-z]+"}, ["ab"], ["ab1", "", "1ab"], "match [a-z]+"),
        ({"AllowedPattern": "[a-z"}, ["ab", "1"], [], ""),  # which is for CloudFormation to understand
        ({"Type": "List<Number>", "MaxValue": 5}, ["1,2", "5, 4"], ["1,6", "1,"], ""),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, ["a,b", "b"], ["a,c"], "one of a, b"),
    ],
)
def test_values_are_held_to_what_the_template_allows(
    declared: dict[str, Any], accepted: list[str], refused: list[str], reason: str
) -> None:
    template = declaring(P={"Type": "String", **declared})
    for value in accepted:
        check(template, {"P": value}, ())
    for value in refused:
        line = refusal(template, P=value)
        assert f"parameter P={value}: " in line
        assert reason in line


def test_what_the_template_says_of_a_constraint_is_said() -> None:
    assert "(an address, or nothing)" in refusal(TOY, Mail="nobody")


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    assert refusal(TOY, onoverwrite="add") == "there is no parameter onoverwrite; did you mean OnOverwrite?"
    assert "there are FunctionsPackage, Mail, OnOverwrite" in refusal(TOY, Xyz="1")
    with pytest.raises(InvalidValue, match=r"; there are Mail, OnOverwrite, Seconds$"):
        check(TOY, {"Xyz": "1"}, OWN)


def test_what_iotagg_fills_in_is_not_set_by_people() -> None:
    with pytest.raises(InvalidValue, match="Release is filled in by iotagg itself"):
        check(TOY, {"Release": "12345678"}, OWN)


def test_the_first_time_what_is_not_given_gets_its_default() -> None:
    found = settled(TOY, {"Seconds": "90"}, {}, OWN)
    assert found.sent == {"Seconds": "90", **OWN}
    assert found.values == {"OnOverwrite": "refuse", "Seconds": "90", "Mail": "", **OWN}


def test_an_update_keeps_what_is_not_given_and_gives_new_ones_their_default() -> None:
    previous = {"OnOverwrite": "add", "Seconds": "60", "Release": "old", "Dropped": "x"}
    found = settled(TOY, {"Seconds": "90"}, previous, OWN)
    assert found.sent == {"OnOverwrite": None, "Seconds": "90", **OWN}
    assert found.values == {"OnOverwrite": "add", "Seconds": "90", "Mail": "", **OWN}


def test_what_iotagg_would_fill_in_is_left_out_where_the_template_does_not_ask() -> None:
    assert settled(declaring(A={"Type": "String", "Default": 1}), {}, {}, OWN).values == {"A": "1"}


def test_a_parameter_without_any_value_is_asked_for() -> None:
    template = declaring(Vpc={"Type": "String", "Description": "A\nnetwork"})
    with pytest.raises(InvalidValue, match=r"Vpc has no value yet; give it one: --set Vpc=VALUE \(A network\)"):
        settled(template, {}, {}, {})


def test_what_the_stack_has_must_be_allowed_by_a_new_template_too() -> None:
    with pytest.raises(InvalidValue, match="OnOverwrite=perhaps: it has to be one of"):
        settled(TOY, {}, {"OnOverwrite": "perhaps"}, OWN)


def test_secrets_are_not_looked_at() -> None:
    template = declaring(Secret={"Type": "String", "NoEcho": True, "MinLength": 8})
    assert settled(template, {}, {"Secret": "****"}, {}).sent == {"Secret": None}
