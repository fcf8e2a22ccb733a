"""Pairs of addresses, and how groups of alike pairs share a site's traffic among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import NamedTuple

from iotagg.sample.behaviours import Behaviour, Service
from iotagg.sample.chance import Chance, zipf_weights

# Weights count billionths of a file's rows on a usual weekday.
WHOLE = 1_000_000_000
THOUSANDTH = WHOLE // 1_000
_REPLY_SHARE = 4  # replies taken for a flow of their own are a quarter as frequent as what they answer


@dataclass(frozen=True, slots=True)
class Pair:
    """An ordered pair of addresses and what its flows look like; `packets` is its usual number per flow, forward."""

    source: str
    destination: str
    service: Service
    behaviour: Behaviour
    weight: int
    packets: float
    is_reply: bool = False


class Group(NamedTuple):
    """Pairs of a device and an Internet peer that behave alike, at the size of 15 devices and 15,000 rows or more."""

    behaviour: Behaviour
    thousandths: int
    pairs: int
    least: int = 1
    replies: int = 0  # percent of the pairs that are also seen the other way round
    ranks_skipped: int = 0  # the more, the more alike are the pairs' weights


def group_pairs(group: Group, sources: Sequence[str], destinations: Sequence[str], chance: Chance) -> list[Pair]:
    """Return the pairs of a group and their replies, weighted by Zipf's law; together they have its share."""
    count = len(sources)
    ranking = zipf_weights(count, group.ranks_skipped)
    answered = [bool(percent < group.replies) for percent in chance.below(100, count)]
    # Few pairs have most of the flows; scattered, they stand for the whole curve nonetheless.
    usual = group.behaviour.packets.at(chance.scattered(count))
    total = sum(ranking) + sum(
        weight // _REPLY_SHARE for weight, answer in zip(ranking, answered, strict=True) if answer
    )
    services = cycle(group.behaviour.services)
    pairs = []
    for number, (source, destination) in enumerate(zip(sources, destinations, strict=True)):
        weight = group.thousandths * THOUSANDTH * ranking[number] // total
        pair = Pair(source, destination, next(services), group.behaviour, weight, float(usual[number]))
        pairs += [pair, _reply(pair)] if answered[number] else [pair]
    return pairs


def _reply(pair: Pair) -> Pair:
    weight = pair.weight // _REPLY_SHARE
    return replace(pair, source=pair.destination, destination=pair.source, weight=weight, is_reply=True)
