"""What stands out by its size: the first of a site's pairs, sources or destinations, without a look at all of them.

`question.py` is what is asked, `rows.py` says where to look, `walk.py` and `devices.py` find who may be among the
first, `first.py` reads the exact sums of as few of them as it takes, and `answer.py` says it.
"""

from iotagg.top.answer import Answer, Entry, top
from iotagg.top.latest import latest_month, latest_span, span_asked
from iotagg.top.question import FEWEST_PACKETS, MOST_MONTHS, By, Of, Question
from iotagg.top.record import add_shares, records
from iotagg.top.whole import total_of

__all__ = [
    "FEWEST_PACKETS",
    "MOST_MONTHS",
    "Answer",
    "By",
    "Entry",
    "Of",
    "Question",
    "add_shares",
    "latest_month",
    "latest_span",
    "records",
    "span_asked",
    "top",
    "total_of",
]
