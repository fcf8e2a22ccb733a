"""Who talks to whom in a site: the pairs that return every day, and the new ones of a single day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from iotagg.sample import addresses, behaviours
from iotagg.sample.behaviours import Service
from iotagg.sample.chance import Chance, Purpose, as_integers
from iotagg.sample.options import SampleOptions
from iotagg.sample.pairs import THOUSANDTH, Group, Pair, group_pairs

_ANNOUNCEMENTS = (
    ("224.0.0.251", Service(behaviours.UDP, 5353, client_port=5353)),
    (addresses.LIMITED_BROADCAST, Service(behaviours.UDP, 17500, client_port=17500)),
    ("239.255.255.250", Service(behaviours.UDP, 1900)),
    (addresses.LOCAL_BROADCAST, Service(behaviours.UDP, 137, client_port=137)),
    ("224.0.0.22", Service(behaviours.OTHER, 0, client_port=0)),
)
_RECURRING = (
    Group(behaviours.STREAM, 60, 3),
    Group(behaviours.HEARTBEAT, 42, 6),
    Group(behaviours.KEEP_ALIVE, 14, 4),
    Group(behaviours.LOOKUP, 60, 5),
    Group(behaviours.BULK, 10, 20, ranks_skipped=10),
    Group(behaviours.BROWSING, 180, 56, least=2, replies=55),
    # Anomalies are planted among these: a small network, too, needs one for each.
    Group(behaviours.CLOUD, 220, 50, least=15),
)
_NEWCOMERS = Group(behaviours.BROWSING, 1_000, 290, least=4, replies=50, ranks_skipped=10)


@dataclass(frozen=True, slots=True)
class Network:
    """A site's devices, the most talkative first, and the pairs that return every day.

    `first_newcomer` numbers the first of the peers that come for a day only; each day takes the next ones.
    """

    site: str
    devices: Sequence[str]
    recurring: Sequence[Pair]
    first_newcomer: int

    @property
    def cloud(self) -> list[Pair]:
        """Pairs driven by machines, with steady totals, the busiest first."""
        return [pair for pair in self.recurring if pair.behaviour is behaviours.CLOUD]


def build_network(options: SampleOptions, site: str) -> Network:
    """Return the part of a site's network that stays the same on all days."""
    chance = Chance(options.seed, Purpose.NETWORK, site)
    devices = [addresses.device(int(number)) for number in chance.shuffled(options.devices)]
    recurring = [*_fixed_pairs(), *_announcements(devices, chance), *_local_pairs(devices, chance)]
    recurring += _internet_pairs(options, devices, chance)
    return Network(site, devices, recurring, int(chance.below(addresses.NEWCOMERS, 1)[0]))


def newcomers(options: SampleOptions, network: Network, day: date) -> list[Pair]:
    """Return the pairs that exist on this day only, with their shares of what the other pairs leave as weights."""
    chance = Chance(options.seed, Purpose.NEWCOMERS, network.site, day)
    count = _scaled(options, _NEWCOMERS)
    first = network.first_newcomer + ((day - options.first_day).days + 1) * count
    peers = [addresses.newcomer(first + number) for number in range(count)]
    owners = _owners(network.devices, count, chance)
    return group_pairs(_NEWCOMERS, owners, peers, chance)


def _fixed_pairs() -> list[Pair]:
    artefact, dhcp = behaviours.ARTEFACT, behaviours.DHCP
    source, destination = addresses.NOT_IP
    unconfigured, everyone = addresses.UNCONFIGURED, addresses.LIMITED_BROADCAST
    return [
        Pair(source, destination, artefact.services[0], artefact, 30 * THOUSANDTH, 17),
        Pair(unconfigured, everyone, dhcp.services[0], dhcp, 3 * THOUSANDTH, 2),
    ]


def _announcements(devices: Sequence[str], chance: Chance) -> list[Pair]:
    count = max(2, 25 * len(devices) // 15)
    weight = 240 * THOUSANDTH // count
    packets = behaviours.ANNOUNCEMENT.packets.at(chance.scattered(count))
    pairs = []
    for number in range(count):
        turn, device = divmod(number, len(devices))
        destination, service = _ANNOUNCEMENTS[(device + turn) % len(_ANNOUNCEMENTS)]
        usual = float(packets[number])
        pairs.append(Pair(devices[device], destination, service, behaviours.ANNOUNCEMENT, weight, usual))
    return pairs


def _local_pairs(devices: Sequence[str], chance: Chance) -> list[Pair]:
    count = min(5, len(devices))
    neighbours = [devices[(number + 1) % len(devices)] for number in range(count)]
    return group_pairs(Group(behaviours.LOCAL, 20, count), devices[:count], neighbours, chance)


def _internet_pairs(options: SampleOptions, devices: Sequence[str], chance: Chance) -> list[Pair]:
    counts = [_scaled(options, group) for group in _RECURRING]
    peers = chance.shuffled(max(sum(counts), addresses.DOCUMENTATION_PEERS))
    owners = _owners(devices, sum(counts), chance)
    pairs: list[Pair] = []
    begin = 0
    for group, count in zip(_RECURRING, counts, strict=True):
        end = begin + count
        names = [addresses.recurring_peer(int(number)) for number in peers[begin:end]]
        pairs += group_pairs(group, owners[begin:end], names, chance)
        begin = end
    return pairs


def _scaled(options: SampleOptions, group: Group) -> int:
    """Return how many pairs a group has in a network of this size: fewer rows than 15,000 could not show them all."""
    return max(group.least, group.pairs * min(options.devices * 1_000, options.rows) // 15_000)


def _owners(devices: Sequence[str], count: int, chance: Chance) -> list[str]:
    """Return the device of each of `count` peers: two devices have 60 % of all, the others ever fewer."""
    others = [1_000_000 // rank for rank in range(1, len(devices) - 1)]
    unit = max(1, sum(others))
    weights = as_integers([35 * unit, 25 * unit, *(40 * share for share in others)])
    picked = chance.apportion(weights, count)[chance.shuffled(count)]
    return [devices[int(number)] for number in picked]
