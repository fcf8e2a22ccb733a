"""Putting a stack into an account, on an engine that knows CloudFormation.

What it does otherwise than AWS, and nothing here leans on: a change set is complete at once; a change of outputs alone
is none; DELETE_SKIPPED parts vanish from the list of a stack's parts; an update tells an event of every part, changed
or not; CodeDeploy and alarms take no part in updates.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from iotagg.aws.change_sets import MOST_BODY_BYTES, Proposal, proposed
from iotagg.aws.formation import Formation
from iotagg.aws.stack import Stack
from iotagg.deployment.ingredients import Ingredients
from tests.deployment.toy import PACKAGES_TEMPLATE, TEMPLATE, toy_ingredients

if TYPE_CHECKING:
    from tests.deployment.desk import Desk

LONG = TEMPLATE + "".join(f"# {'x' * 117}\n" for _ in range(MOST_BODY_BYTES // 120 + 1))
BROKEN = TEMPLATE.replace("VisibilityTimeout: !Ref Seconds", "VisibilityTimeout: 99999")


def test_a_dry_run_says_what_would_be_made_and_leaves_nothing(desk: Desk) -> None:
    result = desk("deploy", "--dry-run")
    assert result.code == 0, result
    for line in (
        "Add     Files",
        "Add     Sums",
        "about $1.00 a month with 60 seconds",
        "dry run: nothing was changed",
    ):
        assert line in result.out
    assert (desk.status(), desk.status("-packages"), desk.buckets()) == ("none", "none", [])


def test_a_deployment_makes_the_stack_protects_it_and_says_what_to_type_next(desk: Desk) -> None:
    result = desk("deploy", "--yes", "--set", "Seconds=90")
    assert result.code == 0, result
    assert "made     Files (AWS::S3::Bucket)\n" in result.out
    assert f"export IOTAGG_STACK={desk.name}\n" in result.out
    assert desk.parameter("Seconds") == "90"
    for suffix, kind in (("", "stack"), ("-packages", "packages")):
        found = desk.stack(suffix)
        assert found is not None
        assert found["StackStatus"] == "CREATE_COMPLETE"
        assert found["EnableTerminationProtection"]
        assert found["Tags"] == [{"Key": "iotagg", "Value": kind}]
    shelf = desk.output("Bucket", "-packages")
    assert desk.keys(shelf) == [desk.parameter("FunctionsPackage")]
    assert desk.parameter("PackagesBucket") == shelf
    assert Stack.deployed_as(desk.name).bucket == desk.output("Bucket")


def test_what_a_package_goes_without_is_said_as_often_as_it_is_sent(desk: Desk) -> None:
    desk.ships(toy_ingredients(note="packages for arm64 go without something"))
    for arguments, times in ((["--dry-run"], 1), (["--yes"], 1), (["--yes"], 0)):
        result = desk("deploy", *arguments)
        assert result.code == 0, result
        assert result.out.count("packages for arm64 go without something\n") == times


def test_the_name_may_come_from_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOTAGG_STACK", desk.name)
    desk.name = "--dry-run"
    result = desk("deploy")
    assert result.code == 0, result
    assert "would be made" in result.out


def test_what_is_so_already_is_not_changed_and_not_sent_again(desk: Desk) -> None:
    desk.deployed()
    before = desk.stack()
    result = desk("deploy", "--yes")
    assert result.code == 0
    assert result.out == f"stack {desk.name} in eu-west-1: nothing to change\n"
    assert desk.stack() == before


def test_protection_that_somebody_took_away_is_given_back(desk: Desk) -> None:
    desk.deployed()
    formation = Formation.connected()
    formation.protect(desk.name, on=False)
    desk.deployed()
    assert formation.standing(desk.name).protected


def test_an_update_keeps_what_is_not_given(desk: Desk) -> None:
    desk.deployed("--set", "OnOverwrite=add")
    release = desk.parameter("Release")
    result = desk("deploy", "--yes", "--set", "Seconds=90")
    assert "Modify  FilesQueue  AWS::SQS::Queue      VisibilityTimeout (by Seconds)" in result.out
    assert (desk.status(), desk.parameter("OnOverwrite"), desk.parameter("Seconds")) == ("UPDATE_COMPLETE", "add", "90")
    assert desk.parameter("Release") != release


def test_tags_that_others_gave_a_stack_stay(desk: Desk) -> None:
    desk.deployed()
    cloudformation = boto3.client("cloudformation")
    found = desk.stack()
    assert found is not None
    given = [*found["Tags"], {"Key": "cost-center", "Value": "7"}]
    parameters: Any = [{"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in found["Parameters"]]
    cloudformation.update_stack(StackName=desk.name, UsePreviousTemplate=True, Parameters=parameters, Tags=given)
    cloudformation.get_waiter("stack_update_complete").wait(StackName=desk.name, WaiterConfig={"Delay": 1})
    desk.deployed("--set", "Seconds=90")
    found = desk.stack()
    assert found is not None
    assert {each["Key"]: each["Value"] for each in found["Tags"]} == {"iotagg": "stack", "cost-center": "7"}


@pytest.mark.parametrize("suffix", ["", "-x" * 24, "-" * 31])
def test_a_dry_run_names_a_bucket_that_could_be(desk: Desk, suffix: str) -> None:
    desk.name = f"{desk.name}{suffix}"
    bucket = TEMPLATE.replace(
        "  PackagesBucket:\n", "  PackagesBucket:\n    AllowedPattern: ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$\n"
    )
    desk.ships(toy_ingredients(bucket))
    result = desk("deploy", "--dry-run")
    assert result.code == 0, result


def test_other_code_is_sent_and_becomes_another_release(desk: Desk) -> None:
    desk.deployed()
    before = (desk.parameter("FunctionsPackage"), desk.parameter("Release"))
    desk.ships(toy_ingredients(content=b"other code"))
    desk.deployed()
    after = (desk.parameter("FunctionsPackage"), desk.parameter("Release"))
    assert set(before).isdisjoint(after)
    assert set(desk.keys(desk.output("Bucket", "-packages"))) == {before[0], after[0]}


def test_a_dry_run_of_an_update_leaves_no_change_set_behind(desk: Desk) -> None:
    desk.deployed()
    result = desk("deploy", "--dry-run", "--set", "Seconds=90")
    assert "Modify  FilesQueue" in result.out
    assert desk.status() == "CREATE_COMPLETE"
    assert boto3.client("cloudformation").list_change_sets(StackName=desk.name)["Summaries"] == [] or all(
        each["ExecutionStatus"] == "EXECUTE_COMPLETE"
        for each in boto3.client("cloudformation").list_change_sets(StackName=desk.name)["Summaries"]
    )
    assert desk.parameter("Seconds") == "60"


def test_a_long_template_comes_by_its_address(desk: Desk) -> None:
    desk.ships(toy_ingredients(LONG))
    result = desk("deploy", "--dry-run")
    assert "CloudFormation could not be asked (the template has" in result.out
    assert "   2  AWS::SQS::Queue\n" in result.out
    assert json.loads(desk("deploy", "--dry-run", "--json").out)["checked"] is False
    assert (desk.status(), desk.buckets()) == ("none", [])
    desk.deployed()
    kept = desk.keys(desk.output("Bucket", "-packages"))
    assert [key.partition("/")[0] for key in kept] == ["functions", "templates"]
    desk.ships(toy_ingredients(LONG + "# more\n"))
    result = desk("deploy", "--dry-run", "--set", "Seconds=90")
    assert "Modify  FilesQueue" in result.out
    assert desk.keys(desk.output("Bucket", "-packages")) == kept


def test_a_person_is_asked_and_may_say_no(desk: Desk) -> None:
    result = desk("deploy", typed="n")
    assert result.code == 1
    assert f"nothing was changed; what was made for packages goes with iotagg teardown {desk.name}" in result.out
    assert desk.status() == "none"
    assert desk("deploy", typed="y").code == 0
    assert desk.status() == "CREATE_COMPLETE"


def test_where_nobody_can_answer_nothing_is_begun(desk: Desk) -> None:
    result = desk("deploy")
    assert result.code == 2
    assert (
        "nobody is here to answer the question whether to go on; say --yes, or look first with --dry-run" in result.err
    )
    assert desk.status("-packages") == "none"


def test_parameters_are_checked_before_anything_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    result = desk("deploy", "--yes", "--set", "Seconds=901")
    assert result.code == 2
    assert (
        result.err == "iotagg: parameter Seconds=901: it has to be 900 at most; set another with --set Seconds=VALUE\n"
    )


def test_machine_output_is_one_object(desk: Desk) -> None:
    made = json.loads(desk("deploy", "--yes", "--json").out)
    assert (made["stack"], made["region"], made["state"]) == (desk.name, "eu-west-1", "deployed")
    assert made["outputs"]["Bucket"] == desk.output("Bucket")
    assert made["checked"]
    assert {"change": "Add", "resource": "Files", "type": "AWS::S3::Bucket", "why": ""} in made["changes"]
    assert json.loads(desk("deploy", "--yes", "--json").out)["state"] == "unchanged"
    assert json.loads(desk("deploy", "--dry-run", "--json").out)["state"] == "dry run"


@pytest.mark.parametrize(
    ("template", "lost"),
    [
        (TEMPLATE.replace("{AttributeName: sk,", "{AttributeName: other,"), "Sums ({}-Sums-"),
        (
            TEMPLATE.replace("  Files:\n    Type: AWS::S3::Bucket", "  Others:\n    Type: AWS::S3::Bucket").replace(
                "!Ref Files}", "!Ref Others}"
            ),
            "Files ({}-files-",
        ),
    ],
)
def test_what_keeps_data_is_not_replaced_or_removed_by_the_way(desk: Desk, template: str, lost: str) -> None:
    desk.deployed()
    desk.ships(toy_ingredients(template))
    result = desk("deploy", "--yes")
    assert result.code == 1
    assert lost.format(desk.name) in result.err
    assert "; leave out what does that, or say --allow-replacement" in result.err
    assert desk.status() == "CREATE_COMPLETE"
    before = desk.buckets(), desk.tables()
    assert desk("deploy", "--yes", "--allow-replacement").code == 0
    assert all(set(then) <= set(now) for then, now in zip(before, (desk.buckets(), desk.tables()), strict=True))


def test_a_creation_that_fails_says_which_part_why_and_what_next(desk: Desk) -> None:
    desk.ships(toy_ingredients(BROKEN))
    result = desk("deploy", "--yes")
    assert result.code == 1
    assert "FAILED   FilesQueue (AWS::SQS::Queue): Invalid value for the parameter VisibilityTimeout" in result.out
    assert "undoing what was done\n" in result.out
    failed = f"stack {desk.name} in eu-west-1 could not be made (ROLLBACK_COMPLETE): FilesQueue (AWS::SQS::Queue): Inv"
    assert failed in result.err
    assert f"remove what is left with iotagg teardown {desk.name}, then iotagg deploy {desk.name} again" in result.err
    desk.ships()
    again = desk("deploy", "--yes")
    assert again.code == 1
    assert "could not be made (ROLLBACK_COMPLETE): FilesQueue (AWS::SQS::Queue): Invalid value" in again.err
    gone = desk("teardown", "--yes")
    assert gone.code == 0, gone
    assert "(empty)" in gone.out
    assert (desk.buckets(), desk.tables()) == ([], [])
    desk.deployed()


def test_an_update_that_fails_leaves_the_stack_as_it_was(desk: Desk) -> None:
    desk.deployed()
    desk.ships(toy_ingredients(BROKEN))
    result = desk("deploy", "--yes", "--set", "OnOverwrite=add")
    assert result.code == 1
    assert "failed (UPDATE_ROLLBACK_COMPLETE): FilesQueue (AWS::SQS::Queue): " in result.err
    assert "the stack is what it was before; correct that, then deploy again" in result.err
    assert desk.parameter("OnOverwrite") == "refuse"
    desk.ships()
    desk.deployed("--set", "OnOverwrite=add")


def test_a_stack_of_packages_that_failed_is_made_anew(desk: Desk) -> None:
    toy = toy_ingredients()
    queue = "  Queue:\n    Type: AWS::SQS::Queue\n    Properties: {VisibilityTimeout: 99999}\n"
    broken = PACKAGES_TEMPLATE.replace("Resources:\n", f"Resources:\n{queue}")
    desk.ships(Ingredients(toy.template, broken, toy.builders, toy.estimate, toy.version))
    result = desk("deploy", "--yes")
    assert result.code == 1
    assert f"stack {desk.name}-packages in eu-west-1 is ROLLBACK_COMPLETE: " in result.err
    desk.ships()
    desk.deployed()


def test_what_an_interrupted_deployment_left_is_no_obstacle(desk: Desk) -> None:
    formation = Formation.connected()
    proposal = Proposal(desk.name, first=True, body=PACKAGES_TEMPLATE)
    left = proposed(formation, proposal)
    left.__enter__()
    assert desk.status() == "REVIEW_IN_PROGRESS"
    desk.deployed()
    assert desk.status() == "CREATE_COMPLETE"


def test_a_name_that_somebody_else_uses_is_not_touched(desk: Desk) -> None:
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName=desk.name, TemplateBody=PACKAGES_TEMPLATE)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=desk.name, WaiterConfig={"Delay": 1})
    for command in ("deploy", "teardown"):
        result = desk(command, "--yes")
        assert result.code == 1
        assert "is not one of iotagg's: the name is taken; choose another name" in result.err
    assert desk.status() == "CREATE_COMPLETE"


def test_what_was_deployed_by_a_newer_iotagg_is_refused(desk: Desk) -> None:
    desk.deployed()
    desk.ships(toy_ingredients(version="0.0.9"))
    result = desk("deploy", "--yes")
    assert result.code == 1
    assert "was deployed by iotagg 0.1.0, newer than this 0.0.9" in result.err


def test_the_last_operation_can_be_looked_at_again(desk: Desk) -> None:
    desk.deployed()
    result = desk("deploy", "--follow")
    assert result.code == 0
    assert "made     Files (AWS::S3::Bucket)\n" in result.out
    assert result.out.endswith(f"stack {desk.name} in eu-west-1 is CREATE_COMPLETE\n")
    desk.ships(toy_ingredients(BROKEN))
    desk("deploy", "--yes")
    failed = desk("deploy", "--follow")
    assert failed.code == 1
    assert "failed (UPDATE_ROLLBACK_COMPLETE): FilesQueue (AWS::SQS::Queue): Invalid value" in failed.err
    desk.ships()
    desk.deployed("--set", "Seconds=61")
    assert json.loads(desk("deploy", "--follow", "--json").out)["state"] == "UPDATE_COMPLETE"


def test_a_rollback_that_is_none_is_not_continued(desk: Desk) -> None:
    desk.deployed()
    result = desk("deploy", "--continue-rollback")
    assert result.code == 1
    assert "is CREATE_COMPLETE; there is no rollback to continue" in result.err
