"""Lambda: the page and what it asks, behind an HTTP API of API Gateway (payload format 2.0)."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mangum import Mangum

from iotagg.aws.presigned import Places
from iotagg.aws.stack import Stack
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.parcels import key_of
from iotagg.web.app import make_app
from iotagg.web.cognito import CognitoAccess, Pool
from iotagg.web.headers import SECURITY
from iotagg.web.key_set import KeySet
from iotagg.web.on_stack import OnStack
from iotagg.web.problems import problem
from iotagg.workload import waiting

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from fastapi import FastAPI

POOL_ISSUER, POOL_CLIENT, POOL_DOMAIN = "IOTAGG_POOL_ISSUER", "IOTAGG_POOL_CLIENT", "IOTAGG_POOL_DOMAIN"
POOL_KEYS = "IOTAGG_POOL_KEYS"  # where its keys are, if not where a pool publishes them
MOST_BYTES = 5_000_000  # Lambda lets 6 MB through, and what is no text grows by a third
_SECURITY = frozenset(name.lower() for name in SECURITY)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request."""
    answer = no_longer(_answering()(event, context))  # type: ignore[arg-type]  # powertools' name for the same
    return answer | {"body": ""} if event["requestContext"]["http"]["method"] == "HEAD" else answer


def no_longer(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer, or why there is none where Lambda would not let through as long a one."""
    if len(answer.get("body") or "") <= MOST_BYTES:
        return answer
    said = "that is more than a function can send; ask for fewer days, or type iotagg export, which sends all"
    instead = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)
    kept = {name: value for name, value in answer["headers"].items() if name in _SECURITY}
    return answer | {
        "statusCode": instead.status_code,
        "headers": kept | dict(instead.headers),
        "body": bytes(instead.body).decode(),
        "isBase64Encoded": False,
    }


@cache
def _answering() -> Mangum:
    # Connected to once, for all invocations of this environment; there is no end at which to let go.
    return Mangum(_app(), lifespan="off")


def _app() -> FastAPI:
    cloud = Cloud.connected(Stack.named_by(), Settings.named_by())
    pool = Pool(*(os.environ[name] for name in (POOL_ISSUER, POOL_CLIENT, POOL_DOMAIN)))
    access = CognitoAccess(pool, KeySet(os.environ.get(POOL_KEYS) or pool.keys_address))
    places = Places(cloud.bucket.name)
    stack = OnStack(
        place=lambda site, name: places.put(key_of(site, name)),
        waiting=lambda: asdict(waiting(cloud)),
        origins=(pool.domain, places.origin),
    )
    return make_app(cloud.store, access, stack=stack)


# Before the first request a function has a whole processor, whatever its memory.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _answering()
