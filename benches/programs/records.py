"""Reports over records: dataclasses, named tuples, grouping, sorting, totals, formatting; the daily bread of scripts."""

from collections import namedtuple
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter, itemgetter

SIZE = 8000
CHECK = {
    400: ('east      25  p09    4974.00\n'
          'north     25  p06    4334.50\n'
          'south     25  p19    4618.50\n'
          'west      25  p02    5257.75',
          12, 1779.0, 0, 134, 'west', 13439, [0, 0, 0, 0]),
    8000: ('east      25  p24   98994.00\n'
           'north     25  p23   89829.00\n'
           'south     25  p21   94389.25\n'
           'west      25  p22  103498.25',
           12, 34554.25, 4600, 2667, 'west', 13439, [0, 0, 0, 0]),
}


@dataclass(order=True)
class Sale:
    region: str
    product: str
    amount: int
    price: float
    tags: list = field(default_factory=list, compare=False)

    @property
    def total(self):
        return self.amount * self.price


@dataclass(frozen=True)
class Key:
    region: str
    month: int


Line = namedtuple("Line", "region products best total")


def make(n):
    regions = ["north", "south", "east", "west"]
    sales = []
    for i in range(n):
        sale = Sale(regions[i * 7 % 4], "p%02d" % (i * 13 % 25), i * 31 % 17 + 1, (i * 11 % 40) / 4 + 0.5)
        if i % 3 == 0:
            sale.tags.append("web")
        sales.append(sale)
    return sales


def run(n):
    sales = make(n)
    lines = []
    for region, group in groupby(sorted(sales, key=attrgetter("region")), key=attrgetter("region")):
        group = list(group)
        best = max(group, key=lambda sale: (sale.total, sale.product))
        lines.append(Line(region, len({sale.product for sale in group}), best.product, sum(sale.total for sale in group)))
    by_key = {}
    for i, sale in enumerate(sales):
        key = Key(sale.region, i % 12)
        by_key[key] = by_key.get(key, 0.0) + sale.total
    ordered = sorted(sales)
    same = sum(1 for a, b in zip(ordered, ordered[1:]) if a == b)
    web = sum(1 for sale in sales if "web" in sale.tags)
    table = "\n".join("%-8s%4d  %s %10.2f" % line for line in lines)
    top = sorted(({"region": line.region, "total": line.total} for line in lines), key=itemgetter("total"), reverse=True)
    texts = sum(len(repr(sale)) for sale in sales[:200])
    moved = [line._replace(total=0)._asdict()["total"] for line in lines]
    return table, len(by_key), round(max(by_key.values()), 2), same, web, top[0]["region"], texts, moved


if __name__ == "__main__":
    from driver import main
    main(globals())
