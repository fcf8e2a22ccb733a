"""The template for the parts that were chosen."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from iotagg.deployment.tailoring import DECIDING, tailored
from iotagg.deployment.template import as_text
from tests.cloudformation.reading import STACK, names_used, of_type

KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
CHOICES = [
    dict(zip(DECIDING, values, strict=True))
    for values in product(
        *(STACK["Parameters"][name].get("AllowedValues", ["", KEY]) for name in DECIDING),
    )
]
MOST_BYTES_BY_VALUE = 51_200  # CloudFormation: TemplateBody


def named(choice: dict[str, str]) -> str:
    return "-".join(value[:7] or "none" for value in choice.values())


def types_of(template: dict[str, Any]) -> set[str]:
    return {each["Type"] for each in template["Resources"].values()}


@pytest.mark.parametrize("choice", CHOICES, ids=named)
def test_whatever_is_chosen_the_template_refers_to_what_it_has_and_can_be_sent_by_value(choice: dict[str, str]) -> None:
    template = tailored(STACK, choice)
    used = set(names_used([template["Resources"], template["Outputs"]]))
    assert {name for name in used if not name.startswith("AWS::")} <= template["Resources"].keys() | template[
        "Parameters"
    ].keys()
    conditions = {each["Condition"] for each in template["Resources"].values() if "Condition" in each}
    assert conditions <= template["Conditions"].keys()
    # With machines and a page, it goes by way of the bucket of packages.
    assert len(as_text(template).encode()) <= MOST_BYTES_BY_VALUE or (
        choice["Pages"] == "yes" and choice["Compute"] != "lambda"
    )


@pytest.mark.parametrize("choice", CHOICES, ids=named)
def test_the_parts_that_were_chosen_are_there_and_no_others(choice: dict[str, str]) -> None:
    types = types_of(tailored(STACK, choice))
    assert ("AWS::Lambda::EventSourceMapping" in types) is (choice["Compute"] != "vm")
    assert ("AWS::AutoScaling::AutoScalingGroup" in types) is (choice["Compute"] != "lambda")
    assert ("LargeFilesQueue" in tailored(STACK, choice)["Resources"]) is (choice["Compute"] == "both")
    gradual = choice["Compute"] != "vm" and choice["Rollout"] != "all-at-once"
    assert ("AWS::CodeDeploy::DeploymentGroup" in types) is gradual
    assert ("AWS::CloudTrail::Trail" in types) is (choice["AccessLog"] == "yes")
    for kind in ("AWS::Cognito::UserPool", "AWS::ApiGatewayV2::Api"):
        assert (kind in types) is (choice["Pages"] == "yes")
    outputs = tailored(STACK, choice)["Outputs"]
    assert ("PageUrl" in outputs) is (choice["Pages"] == "yes")
    assert not [each for each in outputs.values() if "Condition" in each]


def test_what_is_not_decided_stays_open() -> None:
    template = tailored(STACK, {})
    assert template["Resources"]["AlarmsByMail"]["Condition"] == "SendMail"
    variables = template["Resources"]["Sweep"]["Properties"]["Environment"]["Variables"]
    assert variables["IOTAGG_REMOVE_RAW"] == {"Fn::If": ["RemoveRaw", "yes", "no"]}


def test_what_is_open_may_come_to_nothing() -> None:
    template = STACK | {
        "Resources": {"X": {"Type": "T", "Properties": {"A": {"Fn::If": ["SendMail", 1, {"Ref": "AWS::NoValue"}]}}}}
    }
    assert tailored(template, {})["Resources"] == template["Resources"]


@pytest.mark.parametrize("key", ["", KEY])
def test_your_own_key_is_used_everywhere_or_nowhere(key: str) -> None:
    resources = tailored(STACK, {"KmsKeyArn": key})["Resources"]
    assert ("SSESpecification" in resources["Sums"]["Properties"]) is bool(key)
    (rule,) = resources["Files"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == ("aws:kms" if key else "AES256")
    for policy in ("CountingPolicy", "SitePolicy", "ReaderPolicy", "OperatorPolicy"):
        sids = [each["Sid"] for each in resources[policy]["Properties"]["PolicyDocument"]["Statement"]]
        assert ("Key" in sids) is bool(key)


def test_what_was_decided_cannot_be_changed_without_its_resources() -> None:
    parameters = tailored(STACK, {"Compute": "vm"})["Parameters"]
    assert (parameters["Compute"]["AllowedValues"], parameters["Compute"]["Default"]) == (["vm"], "vm")
    assert parameters["Rollout"]["AllowedValues"] == [STACK["Parameters"]["Rollout"]["Default"]]
    assert parameters["Retention"] == STACK["Parameters"]["Retention"]


def test_the_template_itself_is_left_as_it_was() -> None:
    before = as_text(STACK)
    tailored(STACK, {"Compute": "both"})
    assert as_text(STACK) == before


@pytest.mark.parametrize(("choice", "rules"), [({}, set()), ({"Pages": "yes"}, {"ThePageNeedsItsPackage"})])
def test_a_rule_goes_with_the_part_that_it_is_about(choice: dict[str, str], rules: set[str]) -> None:
    assert tailored(STACK, choice)["Rules"].keys() == rules


def test_a_condition_may_join_others() -> None:
    template = {
        "Parameters": {name: {"Default": "a"} for name in DECIDING},
        "Conditions": {
            "First": {"Fn::Equals": [{"Ref": "Compute"}, "a"]},
            "Second": {"Fn::Equals": [{"Ref": "Rollout"}, "b"]},
            "Either": {"Fn::Or": [{"Condition": "First"}, {"Condition": "Second"}]},
            "Both": {"Fn::And": [{"Condition": "First"}, {"Condition": "Second"}]},
            "Open": {"Fn::And": [{"Condition": "First"}, {"Fn::Equals": [{"Ref": "Other"}, "a"]}]},
        },
        "Resources": {name: {"Type": "T", "Condition": name} for name in ("First", "Either", "Both", "Open")},
    }
    assert tailored(template, {})["Resources"] == {
        "First": {"Type": "T"},
        "Either": {"Type": "T"},
        "Open": {"Type": "T", "Condition": "Open"},
    }


def test_the_packages_are_kept_apart() -> None:
    assert "PackagesBucket" in STACK["Parameters"]
    assert not of_type("AWS::CloudFormation::Stack")
