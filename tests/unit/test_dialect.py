"""Dialects: columns are found by name, whatever the spelling; what is missing is named."""

import json
import re
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.dialect import ROLES, ReadingOptions, folded, header_dialect, repeated_header, split_fields
from iotagg.core.lines import MAX_LINE
from iotagg.core.metrics import METRICS
from iotagg.errors import FileRefused, InvalidValue
from tests.examples import examples
from tests.reference import csv_fields
from tests.strategies import HEADERS

HEADER = b"Flow ID,Src IP,Src Port,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts,Label"
DEFAULT = ReadingOptions()


def test_used_columns_are_found_by_name() -> None:
    dialect = header_dialect(HEADER, DEFAULT)
    assert (dialect.src, dialect.dst, dialect.timestamp, dialect.metrics) == (1, 3, 4, (5, 6))
    assert dialect.positions == (1, 3, 4, 5, 6)
    assert dialect.width == 8
    assert dialect.column(5) == "column 6 'Flow Duration'"


def test_each_metric_has_a_role_of_its_own() -> None:
    assert ("src", "dst", "timestamp", *(metric.role for metric in METRICS)) == ROLES
    assert [metric.squares for metric in METRICS] == ["dur_sq", "pkt_sq"]


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in HEADERS.items() for name in names])
def test_every_spelling_of_a_name_is_known(role: str, name: bytes) -> None:
    names = [name if kept == role else HEADERS[kept][0] for kept in ROLES]
    assert header_dialect(b",".join(names), DEFAULT).positions == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("  Src IP ", "src ip"),
        ('"Src IP"', "src ip"),
        ("src__-\tIP", "src ip"),
        ("_src ip_", "src ip"),
        ("SRC IP", "src ip"),
        ("srcip", "srcip"),
        ("", ""),
    ],
)
def test_names_are_compared_in_a_plain_form(name: str, plain: str) -> None:
    assert folded(name) == plain


def test_the_first_of_a_duplicated_name_wins() -> None:
    assert header_dialect(HEADER + b",Src IP,source ip,Flow Duration", DEFAULT).positions == (1, 3, 4, 5, 6)
    assert header_dialect(b"Source IP," + HEADER, DEFAULT).src == 0


@pytest.mark.parametrize("lookalike", [b"Subflow Fwd Pkts", b"Fwd Pkts/s", b"Tot Bwd Pkts", b"Src Port", b"SrcIP"])
def test_names_that_look_alike_are_not_taken(lookalike: bytes) -> None:
    assert header_dialect(lookalike + b"," + HEADER, DEFAULT).positions == (2, 4, 5, 6, 7)


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert header_dialect(b'\xef\xbb\xbf"Src IP",Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts', DEFAULT).src == 0


def test_missing_columns_are_named_with_what_was_found_and_the_way_out() -> None:
    with pytest.raises(FileRefused) as refusal:
        header_dialect(b"Source IP,,Timestamp,Length", DEFAULT)
    reason = str(refusal.value)
    assert re.match(
        r"no column for dst \(.*'dst ip'\), duration \(.*'flow duration'\), packets \(.*'tot fwd pkts'\)", reason
    )
    assert "found: Source IP, (empty), Timestamp, Length;" in reason
    assert "--map dst=NAME" in reason


def test_a_file_with_none_of_the_columns_is_said_to_be_no_flow_csv() -> None:
    with pytest.raises(FileRefused, match=r"^no flow CSV: .*'src ip', 'dst ip'.* found: Date, Price$"):
        header_dialect(b"Date,Price", DEFAULT)


def test_what_was_found_is_listed_at_a_readable_length() -> None:
    names = [b"x" * 99, *(b"c%d" % number for number in range(1, 15))]
    with pytest.raises(FileRefused, match=r"found: x{30}, c1, .*, c11 and 3 more(;|$)"):
        header_dialect(b",".join(names), DEFAULT)


def test_what_was_found_cannot_steer_a_terminal() -> None:
    with pytest.raises(FileRefused, match=r"found: \\x1b\[31mred$"):
        header_dialect(b"\x1b[31mred", DEFAULT)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (HEADER.decode().encode("utf-16"), "NUL bytes"),
        (HEADER + b"\r" + HEADER, "CR alone"),
        (HEADER + b',"open', "the header has broken quoting"),
    ],
)
def test_what_is_no_header_is_refused_with_the_reason(line: bytes, reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        header_dialect(line, DEFAULT)


def test_an_added_name_is_found_beside_the_known_ones() -> None:
    options = ReadingOptions(names=(("src", "Client_Address"), ("packets", "n")))
    header = b"client address,Dst IP,Timestamp,Flow Duration,N"
    assert header_dialect(header, options).positions == (0, 1, 2, 3, 4)
    assert header_dialect(HEADER, options).positions == (1, 3, 4, 5, 6)


def test_a_header_further_down_is_known_as_one() -> None:
    repeated = repeated_header(b'"SRC_IP",Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts', DEFAULT)
    assert repeated is not None
    assert repeated.positions == (0, 1, 2, 3, 4)
    assert repeated_header(b"192.168.1.7,192.168.1.9,3/4/2022,5,6", DEFAULT) is None


def test_options_say_the_same_however_names_were_given() -> None:
    one = ReadingOptions(names=(("src", "Client_IP"), ("dst", "server ip"), ("src", "client-ip")))
    other = ReadingOptions(names=(("dst", "SERVER IP"), ("src", "client ip")))
    assert one == other
    assert one.digest() == other.digest()
    assert one.names == (("dst", "server ip"), ("src", "client ip"))


def test_other_options_have_another_digest() -> None:
    options = [
        DEFAULT,
        ReadingOptions(day_order="mdy"),
        ReadingOptions(duration_unit="s"),
        ReadingOptions(names=(("src", "client"),)),
        ReadingOptions(names=(("dst", "client"),)),
        ReadingOptions(pseudonym="1a2b3c4d"),
    ]
    assert len({option.digest() for option in options}) == len(options)
    assert all(len(option.digest()) == 16 for option in options)


def test_what_names_options_never_changes() -> None:
    # Contributions are named by it: under another digest, what was counted would no longer be found.
    assert DEFAULT.digest() == "afd90d6e1846c953"
    assert ReadingOptions("mdy", "s", (("src", "client"),)).digest() == "95f2387983c7c8f8"
    assert ReadingOptions(pseudonym="1a2b3c4d").digest() == "1f3ea1fb8e20ed9a"


@pytest.mark.parametrize(("role", "name", "reason"), [("port", "x", "'port' is no column"), ("src", " _ ", "is empty")])
def test_a_name_that_makes_no_sense_is_refused(role: str, name: str, reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason):
        ReadingOptions(names=((role, name),))


@settings(max_examples=examples(300), deadline=None)
@given(st.text('ab",é ', max_size=12).map(str.encode))
def test_fields_follow_csv_rules(line: bytes) -> None:
    expected = csv_fields(line)
    if expected is None:
        with pytest.raises(ValueError, match=r"^broken quoting: "):
            split_fields(line)
    else:
        assert split_fields(line) == expected


def test_a_quoted_field_may_be_as_long_as_a_line() -> None:
    label = b"x" * (MAX_LINE - 4)
    assert split_fields(b'a,"%s"' % label) == [b"a", label]


def test_splitting_leaves_the_limit_of_the_csv_module_to_other_threads() -> None:
    label = b"x" * (MAX_LINE - 4)
    with patch("csv.field_size_limit", side_effect=AssertionError("another thread's limit was changed")):
        assert split_fields(b'a,"%s"' % label) == [b"a", label]


def test_a_cr_inside_a_line_is_a_byte_like_any_other_beside_quotes() -> None:
    assert split_fields(b'a\rb,"c\rd"') == [b"a\rb", b"c\rd"]


@pytest.mark.parametrize(
    "options",
    [
        DEFAULT,
        ReadingOptions("mdy", "ms"),
        ReadingOptions("mdy", "ms", (), "1a2b3c4d"),
        ReadingOptions("dmy", "s", (("src", "Client Address"), ("src", "client"), ("dst", "sérver"))),
    ],
)
def test_stored_options_come_back(options: ReadingOptions) -> None:
    assert ReadingOptions.from_json(json.loads(json.dumps(options.as_json()))) == options


def test_what_is_not_stored_is_as_usual() -> None:
    assert ReadingOptions.from_json({}) == DEFAULT
    assert ReadingOptions.from_json({"duration_unit": "s"}) == ReadingOptions(duration_unit="s")


@pytest.mark.parametrize(
    "stored",
    [
        [],
        7,
        "auto",
        None,
        {"names": 7},
        {"names": ["src"]},
        {"names": [["src"]]},
        {"names": [["src", "a", "b"]]},
        {"duration_unit": []},
        {"day_order": "ydm"},
        {"day_order": 1},
        {"duration_unit": "h"},
        {"names": [["colour", "red"]]},
        {"names": [["src", " "]]},
        {"pseudonym": "1A2B3C4D"},
        {"pseudonym": "1a2b3c4d5e"},
        {"pseudonym": 12345678.5},
        {"pseudonym": None},
    ],
)
def test_options_that_nobody_stored_are_refused(stored: Any) -> None:
    with pytest.raises(InvalidValue):
        ReadingOptions.from_json(stored)


@pytest.mark.parametrize("name", ['" "" "', '"" "src ip" ""', '_"_"src ip"_"_'])
def test_a_name_folds_once_and_for_all(name: str) -> None:
    assert folded(folded(name)) == folded(name) in {"", "src ip"}
