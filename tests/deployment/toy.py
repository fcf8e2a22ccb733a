"""A small stack for tests: a bucket and a table that stay, a queue that goes, parameters of every kind."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.deployment.ingredients import FUNCTIONS_PACKAGE, Ingredients

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  OnOverwrite:
    Type: String
    Default: refuse
    AllowedValues: [refuse, replace, add]
  Seconds:
    Type: Number
    Default: 60
    MinValue: 1
    MaxValue: 900
  Mail:
    Type: String
    Default: ""
    AllowedPattern: ^([^@]+@[^@]+)?$
    ConstraintDescription: an address, or nothing
  PackagesBucket:
    Type: String
  FunctionsPackage:
    Type: String
    MinLength: 1
  Release:
    Type: String
    AllowedPattern: ^[0-9a-f]{8,64}$
Resources:
  Files:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      VersioningConfiguration: {Status: Enabled}
  Sums:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: true
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
        - {AttributeName: sk, KeyType: RANGE}
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
  FilesQueue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: !Ref Seconds
  ChunksQueue:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
  Setting:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Sub "${OnOverwrite} ${PackagesBucket} ${FunctionsPackage} ${Release}"
Outputs:
  Version: {Value: 0.1.0}
  Bucket: {Value: !Ref Files}
  Table: {Value: !Ref Sums}
  FilesQueueUrl: {Value: !Ref FilesQueue}
  ChunksQueueUrl: {Value: !Ref ChunksQueue}
"""
PACKAGES_TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Packages:
    Type: AWS::S3::Bucket
Outputs:
  Bucket: {Value: !Ref Packages}
"""


@dataclass(frozen=True)
class ToyPackage:
    file: Path
    bytes: int
    key: str
    note: str = ""


def toy_ingredients(
    template: str = TEMPLATE, content: bytes = b"code", version: str = "0.1.0", note: str = ""
) -> Ingredients:
    def build(_: Mapping[str, str], folder: Path) -> ToyPackage:
        file = folder / "functions.zip"
        file.write_bytes(content)
        return ToyPackage(file, len(content), f"functions/{hashlib.sha256(content).hexdigest()}.zip", note)

    def estimate(parameters: Mapping[str, str], _: str) -> list[str]:
        return [f"about $1.00 a month with {parameters['Seconds']} seconds"]

    return Ingredients(template, PACKAGES_TEMPLATE, {FUNCTIONS_PACKAGE: build}, estimate, version)
