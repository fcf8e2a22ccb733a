"""The names of what a deployment consists of: from a CloudFormation stack's outputs, or one by one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.aws.clients import client
from iotagg.aws.problems import explained
from iotagg.errors import NotDeployed

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = {
    "bucket": "IOTAGG_BUCKET",
    "table": "IOTAGG_TABLE",
    "files_queue_url": "IOTAGG_FILES_QUEUE_URL",
    "chunks_queue_url": "IOTAGG_CHUNKS_QUEUE_URL",
}
OUTPUTS = {
    "bucket": "Bucket",
    "table": "Table",
    "files_queue_url": "FilesQueueUrl",
    "chunks_queue_url": "ChunksQueueUrl",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """The bucket, the table and the two queues of one deployment."""

    bucket: str
    table: str
    files_queue_url: str
    chunks_queue_url: str

    @classmethod
    def named_by(cls, environment: Mapping[str, str] = os.environ) -> Stack:
        """Return what the environment names one by one. Raises NotDeployed when a name is missing."""
        missing = [name for name in ENVIRONMENT.values() if not environment.get(name)]
        if missing:
            raise NotDeployed(
                f"{' and '.join(missing)} not set; set all of {', '.join(ENVIRONMENT.values())}, or --stack"
            )
        return cls(**{part: environment[name] for part, name in ENVIRONMENT.items()})

    @classmethod
    def deployed_as(cls, name: str) -> Stack:
        """Return what the outputs of a CloudFormation stack name. Raises NotDeployed."""
        with explained(f"stack {name}"):
            found = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}
        missing = [output for output in OUTPUTS.values() if output not in outputs]
        if missing:
            raise NotDeployed(f"stack {name} has no output {', '.join(missing)}; is it one of iotagg's, and complete?")
        return cls(**{part: outputs[output] for part, output in OUTPUTS.items()})

    def environment(self) -> dict[str, str]:
        """Return the environment that names this deployment to a worker."""
        return {name: getattr(self, part) for part, name in ENVIRONMENT.items()}
