"""Writes `customers/`: edges, features and classes of 900 invented customers as an analyst's tables, with numpy and a fixed seed.

    python make_customers.py
    python make_customers.py --months FOLDER

The second writes later months into FOLDER instead, for docs/OPERATIONS.md: `customers-may`, where 100 more have come and all have a class, and
`customers-june`, where another 100 come whose habits are others.

Nobody in it exists. Customers of one class buy from the same people more often; 8 in 100 have no class yet.
"""

import argparse
import csv
import pathlib

import numpy as np

N_CUSTOMERS, N_EDGES, N_ARRIVALS = 900, 4200, 100
CLASSES = ["loyal", "occasional", "leaving"]
COLUMNS = ["age", "months_as_customer", "visits_per_month", "basket_eur", "returns", "newsletter", "complaints", "app_sessions",
           "discount_share", "distance_km", "night_share", "gift_cards"]
MEANS = np.array([[48, 60, 6, 52, .4, .7, .2, 9, .15, 4, .1, .8],
                  [44, 40, 4.2, 44, .6, .5, .4, 7, .25, 6, .14, .6],
                  [41, 30, 3.2, 40, .9, .4, .8, 5, .33, 8, .17, .4]])
SPREADS = np.array([13, 24, 2.6, 16, .8, .5, .8, 4.5, .14, 4, .09, .8])
FORMATS = ["{:.0f}", "{:.0f}", "{:.1f}", "{:.2f}", "{:.0f}", "{:.0f}", "{:.0f}", "{:.0f}", "{:.2f}", "{:.1f}", "{:.2f}", "{:.0f}"]


def draw_edges(rng, classes):
    """Pairs of customers, busy ones more often, of one class in 78 of 100."""
    busy = rng.pareto(2.5, N_CUSTOMERS) + .4
    pairs = set()
    while len(pairs) < N_EDGES:
        a = rng.choice(N_CUSTOMERS, p=busy / busy.sum())
        pool = np.flatnonzero(classes == classes[a]) if rng.random() < .78 else np.arange(N_CUSTOMERS)
        b = pool[rng.choice(len(pool), p=busy[pool] / busy[pool].sum())]
        if a != b:
            pairs.add((min(a, b), max(a, b)))
    return pairs


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_customers(folder, more_months):
    """The 900, and after them 100 for every later month with how much their habits differ, in spreads."""
    rng = np.random.default_rng(20261129)
    folder.mkdir(parents=True, exist_ok=True)
    classes = rng.choice(3, N_CUSTOMERS, p=[.45, .35, .2])
    ids = [f"C{i + 1:04d}" for i in rng.permutation(N_CUSTOMERS)]
    pairs = sorted(draw_edges(rng, classes), key=lambda pair: (ids[pair[0]], ids[pair[1]]))
    edges = [[ids[a], ids[b], 1 + rng.poisson(1.5)] for a, b in pairs]
    features = np.clip(MEANS[classes] + rng.normal(size=(N_CUSTOMERS, len(COLUMNS))) * SPREADS, 0, None)
    features[:, COLUMNS.index("newsletter")] = features[:, COLUMNS.index("newsletter")] > .5
    has_class = rng.random(N_CUSTOMERS) < .92
    for month, drift in enumerate(more_months):
        new = draw_arrivals(np.random.default_rng(20261129 + 1 + month), ids, classes, drift)
        ids, classes, features = ids + new[0], np.append(classes, new[1]), np.vstack([features, new[2]])
        edges, has_class = edges + new[3], np.ones(len(ids), bool)
    write(folder / "edges.csv", ["source", "target", "weight"], edges)
    order = np.argsort(ids)
    write(folder / "features.csv", ["customer_id", *COLUMNS],
          [[ids[i], *(form.format(value) for form, value in zip(FORMATS, features[i]))] for i in order])
    write(folder / "labels.csv", ["customer_id", "class"], [[ids[i], CLASSES[classes[i]]] for i, known in zip(order, has_class) if known])


def draw_arrivals(rng, ids, classes, drift):
    """Ids, classes, features and edges of those who come in one month; each knows four who are there."""
    new_ids = [f"C{len(ids) + i + 1:04d}" for i in range(N_ARRIVALS)]
    new_classes = rng.choice(3, N_ARRIVALS, p=[.45, .35, .2])
    features = np.clip(MEANS[new_classes] + (rng.normal(size=(N_ARRIVALS, len(COLUMNS))) + drift) * SPREADS, 0, None)
    features[:, COLUMNS.index("newsletter")] = features[:, COLUMNS.index("newsletter")] > .5
    edges = []
    for name, own in zip(new_ids, new_classes):
        pool = np.flatnonzero(classes == own) if rng.random() < .78 else np.arange(len(ids))
        edges += [[name, ids[b], 1 + rng.poisson(1.5)] for b in rng.choice(pool, 4, replace=False)]
    return new_ids, new_classes, features, edges


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", metavar="FOLDER", type=pathlib.Path, help="write later months there instead")
    folder = parser.parse_args().months
    if folder is None:
        write_customers(pathlib.Path(__file__).with_name("customers"), [])
    else:
        write_customers(folder / "customers-may", [0])
        write_customers(folder / "customers-june", [0, 2])


if __name__ == "__main__":
    main()
