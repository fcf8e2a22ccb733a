"""When a day stands out: all limits in one place, each with its reason.

They were set on made traffic with a seed of its own; docs/explanation/what-stands-out.md shows what they find, and how
often they are wrong, on other traffic.
"""

from __future__ import annotations

WINDOW = 60
"""Days before a day that it is compared with: two months, so that a slow change of habits becomes the habit."""

LEAST = 7
"""Observed days in the window below which nothing is said: a week."""

AGREED = 2.9
"""Deviations by which *every* measure has to be off, in the same direction.

For one measure that would be far too little: one normal day in 190 is off by as much, with few days before it one in
80. Flows, durations and packets of a pair move together when its traffic changes, and much less so by chance.
"""

EARLY = 14
"""Observed days in the window below which a deviation is known too badly for that."""

AGREED_EARLY = 4.0
"""Deviations by which every measure has to be off where fewer days were observed."""

ALONE = 10.0
"""Deviations by which one measure has to be off where the others are not."""

ALONE_TIMES = 4
"""How many times the usual one measure alone has to be, or a part of it: large and rare transfers make heavy tails."""

RELATIVE = 1.3
"""How many times the usual a day has to be, or a part of it: a pair may be steadier than anybody cares."""

FLOWS_WORTH_A_WORD = 20
"""The least difference in flows; those of the metrics are in their table."""

STEADIEST = 32
"""A pair is never taken for steadier than this part of its mean: a constant history has no deviation at all."""

OUTLIER = 6.0
"""Robust deviations by which a day of the window has to be off in every measure to be left aside.

One huge day would hide all others for two months.
"""

APART = 3
"""Deviations of the distance between the means of weekdays and weekends from which on they are judged apart.

Most machines know no weekend: to compare their Sundays with Sundays alone would be to know less of them for nothing.
"""

WEEKEND = 5
"""The first day of a weekend, counted from Monday as 0."""

ENOUGH_MISSED = 7
"""Flows that have to be missing before a pair is silent: where they come by chance, none comes once in 1,100 times."""

OFTEN = 10
"""Flows a day from which on a silence is more than a trifle."""

LONGEST_PATIENCE = 14
"""Missing days after which nothing is said any more: who comes that rarely is not missed."""

FAN_OUT_LEAST = 20
"""Destinations of a device in a day below which there is no burst."""

FAN_OUT_TIMES = 3
"""How many times the usual number of destinations a burst has."""

FAN_OUT_SCORE = 4.0
"""Deviations of the number of destinations that a burst has."""

SETTLING = 14
"""Days for which a device has to be known before a new pair of it says anything."""

RARELY = 30
"""A device rarely makes new pairs if it did so on no more than one day in so many."""

SHARE_OF_A_DAY = 20
"""A site sent its day if it sent at least this part of the median of its days: a clock that is wrong moves little."""

REJECTS_WORTH_A_WORD = 10
"""Rejected rows of a file below which nothing is said."""

REJECTS_TIMES = 5
"""How many times the usual share of rejected rows a file has to have."""

MANY_REJECTS = 0.1
"""The share of rejected rows that speaks for itself where there are too few other files."""
