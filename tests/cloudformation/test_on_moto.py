"""The template on an engine: moto, which warns of types it does not know, and every warning is an error here."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from iotagg.deployment.tailoring import tailored
from iotagg.deployment.template import as_text, packages_template
from tests.cloud.engine import ENVIRONMENT
from tests.cloudformation.reading import STACK

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN_TO_MOTO = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::AutoScaling::ScalingPolicy",
    "AWS::CloudTrail::Trail",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch, models_read_once: None) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    from moto import mock_aws  # noqa: PLC0415 (it takes a second to load)

    with mock_aws():
        yield


def known(template: dict[str, Any]) -> dict[str, Any]:
    """Return what moto knows of a template; what refers to an alias refers to the function itself."""
    resources = {name: each for name, each in template["Resources"].items() if each["Type"] not in UNKNOWN_TO_MOTO}
    gone = template["Resources"].keys() - resources.keys()

    def rewritten(value: Any) -> Any:
        match value:
            case {"Ref": str(name)} if name.removesuffix("Live") in resources and name in gone:
                return {"Fn::GetAtt": [name.removesuffix("Live"), "Arn"]}
            case dict():
                return {
                    key: rewritten(each) for key, each in value.items() if (key, each) != ("DependsOn", "QueuesPolicy")
                }
            case list():
                return [rewritten(each) for each in value]
        return value

    rewritten_resources = rewritten(resources)
    for name, each in rewritten_resources.items():
        if each["Type"] == "AWS::SQS::Queue" and each["Properties"].get("FifoQueue"):
            each["Properties"]["QueueName"] = f"{name}.fifo"  # CloudFormation itself ends the name that it makes so
    return template | {"Resources": rewritten_resources}


def made(template: dict[str, Any], name: str, **parameters: str) -> dict[str, str]:
    """Create a stack and return the physical names of its resources. Raises when moto does not know a type."""
    cloudformation = boto3.client("cloudformation")
    given: Any = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    cloudformation.create_stack(StackName=name, TemplateBody=as_text(template), Parameters=given)
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    found = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found}


def code() -> dict[str, str]:
    """Put a package where the template looks for it, and return the parameters that say so."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="packages-1", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr("lambda_handlers/__init__.py", "")
    s3.put_object(Bucket="packages-1", Key="functions.zip", Body=content.getvalue())
    return {"PackagesBucket": "packages-1", "FunctionsPackage": "functions.zip", "Release": "0123456789abcdef"}


def network() -> dict[str, str]:
    """Make a network for machines, and return the parameters that name it."""
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="192.0.2.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="192.0.2.0/25")["Subnet"]["SubnetId"]
    return {"Vpc": vpc, "Subnets": subnet, "WorkerPackage": "worker.zip"}


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize(
    "choice",
    [{}, {"Compute": "vm"}, {"Compute": "both", "AccessLog": "yes"}],
    ids=["functions", "machines", "both, and an access log"],
)
def test_the_stack_can_be_created(choice: dict[str, str]) -> None:
    template = known(tailored(STACK, choice))
    with_machines = choice.get("Compute", "lambda") != "lambda"
    found = made(template, "branches", **code(), **choice, **(network() if with_machines else {}))
    expected = {name for name, each in template["Resources"].items() if "Condition" not in each}
    assert expected <= found.keys()
    nameless = {template["Resources"][name]["Type"] for name in expected if not found[name]}
    assert nameless <= {"AWS::Lambda::Permission", "AWS::Lambda::Version"}  # moto gives these no name


@pytest.mark.usefixtures("moto")
def test_the_packages_stack_can_be_created() -> None:
    assert made(known(packages_template()), "branches-packages").keys() == {"Packages"}


@pytest.mark.usefixtures("moto")
def test_functions_get_the_environment_memory_and_time_that_parameters_say() -> None:
    found = made(
        known(tailored(STACK, {})),
        "branches",
        **code(),
        FunctionMemory="1024",
        FunctionSeconds="300",
        OnOverwrite="add",
    )
    function = boto3.client("lambda").get_function(FunctionName=found["Summarize"])["Configuration"]
    assert (function["MemorySize"], function["Timeout"]) == (1024, 300)
    variables = function["Environment"]["Variables"]
    assert (variables["IOTAGG_ON_OVERWRITE"], variables["IOTAGG_REMOVE_RAW"]) == ("add", "yes")
    assert variables["IOTAGG_BUCKET"] == found["Files"]
    assert variables["IOTAGG_CHUNKS_QUEUE_URL"] == found["ChunksQueue"]
    queue = boto3.client("sqs").get_queue_attributes(QueueUrl=found["ChunksQueue"], AttributeNames=["All"])[
        "Attributes"
    ]
    assert (queue["VisibilityTimeout"], queue["FifoQueue"]) == ("1800", "true")


@pytest.mark.usefixtures("moto")
def test_a_type_that_the_engine_does_not_know_is_noticed() -> None:
    template = tailored(STACK, {})
    with pytest.raises(UserWarning, match="Tried to parse"):
        made(template | {"Resources": {"X": {"Type": "AWS::Nope::Nope"}}, "Outputs": {}}, "branches", **code())
