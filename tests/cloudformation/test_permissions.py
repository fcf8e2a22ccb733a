"""Policies: no more than is needed, and the reason beside each statement."""

from __future__ import annotations

import pytest

from tests.cloudformation.reading import PACKAGES, RESOURCES, Statement, statements

GIVEN = [each for each in statements() if each.fields["Effect"] == "Allow" and "Principal" not in each.fields]
DENIED = [each for each in statements() if each.fields["Effect"] == "Deny"]
# What CloudWatch does not let one name.
WITHOUT_RESOURCE = {("ReaderPolicy", "Ages")}


def named(each: Statement) -> str:
    return f"{each.owner}.{each.sid}"


def reasons(owner: str) -> dict[str, str]:
    found: dict[str, str] = RESOURCES[owner]["Metadata"]["Why"]
    return found


@pytest.mark.parametrize("each", GIVEN, ids=named)
def test_what_is_permitted_has_its_reason_beside_it(each: Statement) -> None:
    assert reasons(each.owner)[each.sid].endswith(".")


def test_no_reason_is_left_over() -> None:
    for owner in {each.owner for each in GIVEN}:
        assert reasons(owner).keys() == {each.sid for each in GIVEN if each.owner == owner}


@pytest.mark.parametrize("each", GIVEN, ids=named)
def test_no_action_is_a_wildcard(each: Statement) -> None:
    assert not [action for action in each.actions if "*" in action]


@pytest.mark.parametrize("each", GIVEN, ids=named)
def test_no_resource_is_a_wildcard_but_where_there_is_none_to_name(each: Statement) -> None:
    assert ("*" in each.resources) is ((each.owner, each.sid) in WITHOUT_RESOURCE)


@pytest.mark.parametrize("each", DENIED, ids=named)
def test_what_is_denied_to_all_is_denied_for_want_of_tls_only(each: Statement) -> None:
    assert each.sid in ("OnlyOverTls", "OnlyOverRecentTls")


def test_only_a_branchs_own_folder_is_open_to_it() -> None:
    (put,) = (each for each in GIVEN if (each.owner, each.sid) == ("SitePolicy", "Put"))
    assert put.resources == [{"Fn::Sub": "${Files.Arn}/incoming/${!aws:PrincipalTag/site}/*"}]
    writing = {
        action
        for each in GIVEN
        if each.owner == "SitePolicy"
        for action in each.actions
        if "Put" in action or "Delete" in action
    }
    assert writing == {"s3:PutObject"}


def test_readers_change_nothing_but_the_record_of_exports() -> None:
    writing = [
        (each.sid, action)
        for each in GIVEN
        if each.owner == "ReaderPolicy"
        for action in each.actions
        if not action.split(":")[1].startswith(("Get", "BatchGet", "List", "Query", "Scan", "Describe", "Decrypt"))
    ]
    assert writing == [("LogExports", "dynamodb:PutItem")]
    (record,) = (each for each in GIVEN if (each.owner, each.sid) == ("ReaderPolicy", "LogExports"))
    assert record.fields["Condition"]["ForAllValues:StringEquals"] == {"dynamodb:LeadingKeys": ["EXPORTS"]}
    # ForAllValues alone is met where there is no key at all.
    assert record.fields["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}


def test_only_the_sweep_and_operators_delete_objects() -> None:
    deleting = {each.owner for each in GIVEN if any("DeleteObject" in action for action in each.actions)}
    assert deleting == {"SweepRole", "OperatorPolicy"}


def test_what_a_scanner_is_told_to_pass_over_is_explained() -> None:
    for resource in (*RESOURCES.values(), *PACKAGES["Resources"].values()):
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ()):
            assert skip["id"].startswith("CKV_AWS_")
            assert len(skip["comment"].split()) > 4
            assert skip["comment"].endswith(".")


def test_only_what_people_ask_scans() -> None:
    assert {each.owner for each in GIVEN if "dynamodb:Scan" in each.actions} == {"ReaderPolicy", "PageRole"}
