"""What the template promises, read from the template: no engine shows all of it."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import pytest

import iotagg
from iotagg.aws import stack
from iotagg.aws.events import INCOMING
from iotagg.aws.provision import provision_store
from iotagg.jobs import cloud
from iotagg.stores.dynamodb import table
from lambda_handlers import web, wiring
from tests.cloudformation.reading import PACKAGES, RESOURCES, STACK, of_type, queue_named, statements
from tests.examples import LONG
from tests.project.tree import ROOT
from tests.simulation.services.both import Simulation
from tests.simulation.services.clients import REGION

FOURTEEN_DAYS = 14 * 24 * 3600
QUEUES = of_type("AWS::SQS::Queue")
DEAD = {name for name in QUEUES if name.endswith("DeadLetters")}
FUNCTIONS = of_type("AWS::Lambda::Function")
SOURCES = of_type("AWS::Lambda::EventSourceMapping")


def seconds(name: str) -> list[tuple[int, int]]:
    rows = STACK["Mappings"][name]
    return [(int(key), row["Visibility"]) for key, row in rows.items()]


# Queues.


def test_a_message_stays_hidden_for_six_times_as_long_as_a_function_may_take() -> None:
    for name, queue in QUEUES.items():
        if name not in DEAD:
            assert queue["VisibilityTimeout"] == {
                "Fn::FindInMap": ["Seconds", {"Ref": "FunctionSeconds"}, "Visibility"]
            }
    for source in SOURCES.values():
        live = RESOURCES[source["FunctionName"]["Ref"]]["Properties"]
        assert FUNCTIONS[live["FunctionName"]["Ref"]]["Timeout"] == {"Ref": "FunctionSeconds"}
    assert all(visibility >= 6 * timeout for timeout, visibility in seconds("Seconds"))
    assert [str(timeout) for timeout, _ in seconds("Seconds")] == STACK["Parameters"]["FunctionSeconds"][
        "AllowedValues"
    ]


@pytest.mark.parametrize("name", QUEUES)
def test_messages_are_kept_for_fourteen_days_and_encrypted(name: str) -> None:
    assert QUEUES[name]["MessageRetentionPeriod"] == FOURTEEN_DAYS
    assert QUEUES[name]["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", sorted(QUEUES.keys() - DEAD))
def test_a_message_becomes_a_dead_letter_of_the_same_kind_after_five_receives_at_the_earliest(name: str) -> None:
    policy = QUEUES[name]["RedrivePolicy"]
    dead = queue_named(policy["deadLetterTargetArn"])
    assert policy["maxReceiveCount"] >= 5
    assert dead in DEAD
    assert QUEUES[name].get("FifoQueue", False) is QUEUES[dead].get("FifoQueue", False)


def test_the_chunks_queue_is_fifo_by_message_group() -> None:
    chunks = QUEUES["ChunksQueue"]
    assert chunks["FifoQueue"] is True
    assert (chunks["DeduplicationScope"], chunks["FifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")


# Functions.


@pytest.mark.parametrize("name", SOURCES)
def test_a_batch_may_fail_in_part_and_not_too_many_work_at_once(name: str) -> None:
    assert SOURCES[name]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    found = SOURCES[name]["ScalingConfig"]["MaximumConcurrency"]["Fn::FindInMap"]
    assert found == ["Concurrency", {"Ref": "MaxConcurrency"}, "Maximum"]
    rows = STACK["Mappings"]["Concurrency"]
    assert list(rows) == STACK["Parameters"]["MaxConcurrency"]["AllowedValues"]
    assert all(int(key) == row["Maximum"] and 2 <= row["Maximum"] <= 1000 for key, row in rows.items())


def test_each_queue_has_the_function_that_is_for_it() -> None:
    wired = {queue_named(source["EventSourceArn"]): source["FunctionName"]["Ref"] for source in SOURCES.values()}
    assert wired == {"FilesQueue": "SummarizeLive", "ChunksQueue": "ConsolidateLive"}
    assert SOURCES["SummarizeSource"]["BatchSize"] == 1
    assert SOURCES["ConsolidateSource"]["BatchSize"] <= 10  # the most of a FIFO queue


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_a_handler_that_there_is(name: str) -> None:
    module, _, attribute = FUNCTIONS[name]["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_role_and_a_log_of_its_own(name: str) -> None:
    assert FUNCTIONS[name]["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    assert FUNCTIONS[name]["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Log"}}
    assert RESOURCES[f"{name}Log"]["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_invoked_is_a_version_that_another_release_replaces(name: str) -> None:
    live = RESOURCES[f"{name}Live"]["Properties"]
    assert live["FunctionVersion"] == {"Fn::GetAtt": [f"{name}Version", "Version"]}
    version = RESOURCES[f"{name}Version"]
    assert version["Properties"]["Description"] == {"Ref": "Release"}
    assert version["UpdateReplacePolicy"] == "Retain"


def environment_names() -> set[str]:
    own = {value for name, value in vars(cloud).items() if name.isupper() and str(value).startswith("IOTAGG_")}
    return own | set(stack.ENVIRONMENT.values()) | {wiring.RELEASE_NAME}


APART = {"Tell", "Page"}  # functions that count nothing
TELLING = {cloud.DIGEST_TOPIC_ARN}  # what only the function is told that tells people what stands out


def test_functions_that_count_are_told_every_name_that_the_code_reads_and_all_the_same() -> None:
    told = [function["Environment"]["Variables"] for name, function in FUNCTIONS.items() if name not in APART]
    assert all(each == told[0] for each in told)
    assert {name for name in told[0] if name.startswith("IOTAGG_")} == environment_names() - TELLING


def test_the_function_that_tells_people_is_told_what_it_reads_and_the_same_as_the_others() -> None:
    told, others = (FUNCTIONS[name]["Environment"]["Variables"] for name in ("Tell", "Sweep"))
    assert {*stack.ENVIRONMENT.values(), cloud.RETENTION_MONTHS, wiring.RELEASE_NAME} | TELLING == told.keys()
    assert {name: told[name] for name in told.keys() - TELLING} == {
        name: others[name] for name in told.keys() - TELLING
    }
    assert told[cloud.DIGEST_TOPIC_ARN] == {"Ref": "Digest"}
    assert FUNCTIONS["Tell"]["Timeout"] <= 900


def test_the_function_behind_the_page_is_told_what_it_reads() -> None:
    told = FUNCTIONS["Page"]["Environment"]["Variables"]
    pool = {web.POOL_ISSUER, web.POOL_CLIENT, web.POOL_DOMAIN}
    assert {*stack.ENVIRONMENT.values(), cloud.RETENTION_MONTHS, wiring.RELEASE_NAME} | pool == told.keys()
    assert told[web.POOL_CLIENT] == {"Ref": "PeopleClient"}
    assert FUNCTIONS["Page"]["Code"]["S3Key"] == {"Ref": "PagePackage"}


def test_what_stands_out_is_told_once_a_day_at_the_hour_that_was_chosen() -> None:
    schedule = RESOURCES["TellSchedule"]["Properties"]["ScheduleExpression"]
    assert schedule == {"Fn::Sub": "cron(0 ${DigestAt} * * ? *)"}
    hour = STACK["Parameters"]["DigestAt"]
    assert (hour["MinValue"], hour["MaxValue"]) == (0, 23)


def test_machines_are_told_only_names_that_the_code_reads() -> None:
    text = RESOURCES["WorkerTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"][0]
    told = set(re.findall(r"^(IOTAGG_\w+)=", text, re.MULTILINE))
    assert set(stack.ENVIRONMENT.values()) <= told <= environment_names()


def test_machines_leave_the_sweep_to_its_function_and_write_the_log_that_is_collected() -> None:
    text = RESOURCES["WorkerTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"][0]
    (start,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    assert start.split()[start.split().index("--sweep-every") + 1] == "0"
    unit = (ROOT / "vm_worker" / "iotagg-worker-unpacked.service").read_text(encoding="utf-8")
    assert start.replace(" --sweep-every 0", "") in unit
    collected = re.findall(r'"file_path": "(.+?)"', text)
    assert re.findall(r"^Standard(?:Output|Error)=append:(.+)$", text, re.MULTILINE) == collected * 2


# Data.


def test_the_table_is_what_the_models_take_it_for() -> None:
    sums = RESOURCES["Sums"]["Properties"]
    schema = {each["AttributeName"]: each["KeyType"] for each in sums["KeySchema"]}
    for model in (table.FileItem, table.PathItem, table.PendingItem):
        keys = {
            each.attr_name: "HASH" if each.is_hash_key else "RANGE"
            for each in model.get_attributes().values()
            if each.is_hash_key or each.is_range_key
        }
        assert keys == schema
        types = {each.attr_name: each.attr_type for each in model.get_attributes().values() if each.attr_name in keys}
        defined = {each["AttributeName"]: each["AttributeType"] for each in sums["AttributeDefinitions"]}
        assert types == {name: kind for name, kind in defined.items() if name in schema}


def test_the_index_of_ranks_is_what_the_store_and_the_engine_take_it_for() -> None:
    sums = RESOURCES["Sums"]["Properties"]
    (index,) = sums["GlobalSecondaryIndexes"]
    assert index["IndexName"] == table.RANKS_INDEX
    assert [(each["AttributeName"], each["KeyType"]) for each in index["KeySchema"]] == [
        (table.RANKED_AT, "HASH"),
        (table.RANK, "RANGE"),
    ]
    simulation = Simulation()
    provision_store(simulation.clients, "iotagg", region=REGION)
    made: Any = simulation.clients.dynamodb.describe_table(TableName="iotagg")["Table"]
    assert [{key: each[key] for key in index} for each in made["GlobalSecondaryIndexes"]] == [index]
    for part in ("KeySchema", "AttributeDefinitions"):
        assert made[part] == sums[part]


def test_the_table_is_paid_by_request_recoverable_and_protected() -> None:
    sums = RESOURCES["Sums"]["Properties"]
    assert sums["BillingMode"] == "PAY_PER_REQUEST"
    assert sums["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert sums["DeletionProtectionEnabled"] is True
    assert sums["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


@pytest.mark.parametrize("name", ["Files", "Sums", "AccessTrailBucket"])
def test_data_stays_when_the_stack_goes(name: str) -> None:
    assert (RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")


def buckets() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    return [
        (name, each, template)
        for template in (STACK, PACKAGES)
        for name, each in of_type("AWS::S3::Bucket", template).items()
    ]


@pytest.mark.parametrize(
    ("name", "bucket", "template"), buckets(), ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_bucket_is_encrypted_private_and_reached_over_tls_only(
    name: str, bucket: dict[str, Any], template: dict[str, Any]
) -> None:
    assert bucket["BucketEncryption"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    denials = [
        each.fields["Condition"]
        for each in statements(template)
        if each.fields["Effect"] == "Deny" and {"Fn::GetAtt": [name, "Arn"]} in each.resources
    ]
    assert {"Bool": {"aws:SecureTransport": "false"}} in denials


def test_no_rule_expires_what_is_not_known_to_be_counted() -> None:
    bucket = RESOURCES["Files"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    for rule in bucket["LifecycleConfiguration"]["Rules"]:
        assert rule.keys() - {"Id", "Status"} <= {"AbortIncompleteMultipartUpload", "ExpiredObjectDeleteMarker"}


def test_objects_that_arrive_are_told_to_the_files_queue() -> None:
    (configuration,) = RESOURCES["Files"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert queue_named(configuration["Queue"]) == "FilesQueue"
    assert configuration["Event"] == "s3:ObjectCreated:*"
    assert configuration["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": INCOMING}]


# Names.


def test_outputs_name_what_commands_look_for() -> None:
    assert set(stack.OUTPUTS.values()) <= STACK["Outputs"].keys()
    assert STACK["Outputs"]["Version"]["Value"] == iotagg.__version__


def test_every_parameter_is_described_and_grouped() -> None:
    groups = STACK["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(STACK["Parameters"])
    assert all(len(parameter["Description"]) > 20 for parameter in STACK["Parameters"].values())


def test_the_dashboard_is_json_about_queues_tables_and_functions_that_there_are() -> None:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert len(json.loads(body)["widgets"]) >= 6


@pytest.mark.parametrize("name", of_type("AWS::CloudWatch::Alarm"))
def test_an_alarm_is_for_people_or_for_machines(name: str) -> None:
    alarm = RESOURCES[name]["Properties"]
    actions = [each["Ref"] for each in alarm["AlarmActions"]]
    assert actions in (["Alarms"], ["MoreWorkers"], ["NoWorkers"])
    assert alarm["AlarmDescription"].endswith(".")


def test_what_aws_knows_of_resource_types_has_nothing_to_say_against_the_templates() -> None:
    # Untyped, and it takes seconds to load.
    from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]  # noqa: PLC0415
    from cfnlint.helpers import REGIONS  # type: ignore[import-untyped]  # noqa: PLC0415

    # All regions take a minute; one of each kind of account knows nearly everything that they know.
    regions = REGIONS if LONG else ["cn-north-1", "eu-west-1", "us-east-1", "us-gov-west-1"]
    for template in (STACK, PACKAGES):
        found = lint(json.dumps(template), config=ManualArgs(include_experimental=True, regions=regions))
        # In China there is no Cognito, and so no page.
        assert [
            each for each in found if not re.search(r"'AWS::Cognito::\w+' does not exist in 'cn-", each.message)
        ] == []


def test_each_alarm_for_people_has_its_page_section_and_each_section_its_alarm() -> None:
    page = (ROOT / "docs" / "how-to" / "answer-an-alarm.md").read_text(encoding="utf-8")
    alarms = of_type("AWS::CloudWatch::Alarm")
    for_people = {name for name, alarm in alarms.items() if alarm["AlarmActions"] == [{"Ref": "Alarms"}]}
    assert set(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == for_people
