"""What was stored and is read back in another form."""

from __future__ import annotations

import pytest

from iotagg.core.intact import intact
from iotagg.errors import Damaged, NotFound


@pytest.mark.parametrize(
    "sign", [ValueError("odd"), KeyError("day"), TypeError("odd"), EOFError("cut"), RecursionError("deep")]
)
def test_what_cannot_be_read_back_is_said_to_be_damaged(sign: Exception) -> None:
    with (
        pytest.raises(Damaged, match=r"the head of a file is damaged \(.+\); bring it back from a backup"),
        intact("the head of a file"),
    ):
        raise sign


def test_a_sign_without_a_text_is_named_by_its_kind() -> None:
    with pytest.raises(Damaged, match=r"damaged \(EOFError\)"), intact("it"):
        raise EOFError


def test_the_reason_is_one_short_line_that_moves_no_cursor() -> None:
    with pytest.raises(Damaged) as damaged, intact("it"):
        raise ValueError("\x1b[2J\n" * 1000)
    assert str(damaged.value).isprintable()
    assert len(str(damaged.value)) < 600


def test_other_errors_pass() -> None:
    with pytest.raises(NotFound, match="gone"), intact("it"):
        raise NotFound("gone")
