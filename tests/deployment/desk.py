"""Deploying as a person does, but in this process, with the toy stack."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from iotagg.cli.main import main
from tests.deployment.toy import toy_ingredients

if TYPE_CHECKING:
    import pytest

    from iotagg.deployment.ingredients import Ingredients


@dataclass
class Result:
    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


@dataclass
class Desk:
    """`desk("deploy", "--yes")` is `iotagg deploy NAME --yes`."""

    name: str
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, command: str, *options: str, typed: str | None = None) -> Result:
        self.monkeypatch.setattr("sys.stdin", io.StringIO() if typed is None else Terminal(f"{typed}\n"))
        self.capsys.readouterr()
        code = main([command, self.name, *options])
        captured = self.capsys.readouterr()
        return Result(code, captured.out, captured.err)

    def ships(self, ingredients: Ingredients | None = None) -> None:
        """Let what is deployed be this, or the toy."""
        shipped = ingredients or toy_ingredients()
        self.monkeypatch.setattr("iotagg.deployment.ingredients.shipped", lambda *_: shipped)

    def deployed(self, *options: str) -> None:
        result = self("deploy", "--yes", *options)
        assert result.code == 0, result

    # What there is, asked without iotagg.

    def stack(self, suffix: str = "") -> dict[str, Any] | None:
        """Return the stack as AWS describes it, None where it is not there, or was deleted."""
        found = boto3.client("cloudformation").describe_stacks()["Stacks"]
        named: list[Any] = [each for each in found if each["StackName"] == self.name + suffix]
        return dict(named[0]) if named else None

    def status(self, suffix: str = "") -> str:
        found = self.stack(suffix)
        return found["StackStatus"] if found else "none"

    def output(self, key: str, suffix: str = "") -> str:
        found = self.stack(suffix)
        assert found is not None
        return next(str(each["OutputValue"]) for each in found["Outputs"] if each["OutputKey"] == key)

    def parameter(self, key: str) -> str:
        found = self.stack()
        assert found is not None
        return next(str(each["ParameterValue"]) for each in found["Parameters"] if each["ParameterKey"] == key)

    def buckets(self) -> list[str]:
        found = boto3.client("s3").list_buckets()["Buckets"]
        return [each["Name"] for each in found if each["Name"].startswith(self.name)]

    def tables(self) -> list[str]:
        return [each for each in boto3.client("dynamodb").list_tables()["TableNames"] if each.startswith(self.name)]

    def keys(self, bucket: str) -> list[str]:
        found = boto3.client("s3").list_object_versions(Bucket=bucket)
        return [each["Key"] for each in found.get("Versions", [])]
