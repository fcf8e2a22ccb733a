from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.deployment.outline import Outline, text_of
from iotagg.errors import InvalidValue
from tests.deployment.toy import TEMPLATE

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcXYZ:", max_size=5), inner, max_size=3),
    max_leaves=8,
)


def outline(resources: str) -> Outline:
    return Outline.parse(f"Resources:\n{resources}")


def properties(text: str) -> object:
    return outline(f"  A:\n    Properties:\n      P: {text}\n").resources["A"]["Properties"]["P"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!Condition A", {"Condition": "A"}),
        ("!Sub '${A}-x'", {"Fn::Sub": "${A}-x"}),
        ("!GetAtt A.Arn", {"Fn::GetAtt": ["A", "Arn"]}),
        ("!GetAtt A.Outputs.B", {"Fn::GetAtt": ["A", "Outputs.B"]}),
        ("!GetAtt [A, Arn]", {"Fn::GetAtt": ["A", "Arn"]}),
        ("!If [C, !Ref A, !Sub b]", {"Fn::If": ["C", {"Ref": "A"}, {"Fn::Sub": "b"}]}),
        ("!Transform {Name: N, Parameters: {a: 1}}", {"Fn::Transform": {"Name": "N", "Parameters": {"a": 1}}}),
    ],
)
def test_short_forms_are_the_long_ones(short: str, long: object) -> None:
    assert properties(short) == long


@given(VALUES)
def test_json_is_read_as_what_it_says(value: object) -> None:
    text = json.dumps({"Resources": {"A": {"Properties": {"P": value}}}})
    assert Outline.parse(text).resources["A"]["Properties"]["P"] == value


def test_versions_that_look_like_dates_stay_text() -> None:
    assert properties("2012-10-17") == "2012-10-17"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Resources:\n  A: {}\n  A: {}\n", "A stands there twice"),
        ("Resources: [", "no YAML"),
        ("- 1\n", "no Resources"),
        ("Resources: 1\n", "no Resources"),
        ("Parameters: {}\n", "no Resources"),
        ("Resources: {a: !!python/name:os.system ''}", "no YAML"),
    ],
)
def test_what_is_no_template_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason):
        Outline.parse(text)


@pytest.mark.parametrize(
    ("resources", "capabilities"),
    [
        ("  A: {Type: AWS::S3::Bucket}", []),
        ("  A: {Type: AWS::IAM::Role}", ["CAPABILITY_IAM"]),
        ("  A: {Type: AWS::IAM::Role, Properties: {Path: /a/}}", ["CAPABILITY_IAM"]),
        ("  A: {Type: AWS::IAM::Role, Properties: {RoleName: a}}", ["CAPABILITY_NAMED_IAM"]),
        ("  A: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: a}}", ["CAPABILITY_NAMED_IAM"]),
        ("  A: {Type: AWS::S3::Bucket, Properties: {RoleName: a}}", []),
    ],
)
def test_names_of_roles_are_acknowledged_only_where_there_are_any(resources: str, capabilities: list[str]) -> None:
    assert outline(resources).capabilities == capabilities


def test_it_says_what_stays_and_what_it_consists_of() -> None:
    toy = Outline.parse(TEMPLATE)
    assert [name for name in toy.resources if toy.retains(name)] == ["Files", "Sums"]
    assert not toy.retains("Nothing")
    assert toy.types["AWS::SQS::Queue"] == 2
    assert toy.bytes == len(TEMPLATE)


def test_its_key_depends_on_its_content_alone() -> None:
    keys = {Outline.parse(text).key for text in (TEMPLATE, TEMPLATE, TEMPLATE + "# more\n")}
    assert len(keys) == 2


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (1, "1"), ("Yes", "Yes")])
def test_values_are_compared_as_cloudformation_writes_them(value: object, text: str) -> None:
    assert text_of(value) == text
