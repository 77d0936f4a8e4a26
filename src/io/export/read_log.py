#!/usr/bin/env python3
"""Say whether the pruned model keeps within its limit, by the log of serve.py.

Needs numpy, scipy and safetensors. Without labels: at how many sampled nodes the two answers differ; no more accuracy
can be lost than that. With --labels, a CSV of ids and classes that came later: the exact paired test of the certificate,
in both directions. Every node counts once.

Exit code 0: within the limit. 3: not shown. 4: worse than the limit. 1, 2: it could not be read; the message says why.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(FOLDER / "baseline"))

import load_bundle  # noqa: E402

ARMS = ("baseline", "pruned")
CODES = {"within": 0, "not-shown": 3, "worse": 4}
TITLES = {"within": "Within the limit", "not-shown": "Not shown", "worse": "Worse than the limit"}
# What an interval may miss, in tables. Whether the limit is kept is tested at the level of pilot.json.
MISS = 0.05


def read_log(path, pilot):
    """What the log says of every node, how long single requests took, and what was left out."""
    log = {"n_lines": 0, "n_broken": 0, "n_of_others": 0, "n_contradictions": 0, "both": {}, "arms": {}, "answered": {arm: 0 for arm in ARMS}}
    log["milliseconds"] = {arm: [] for arm in ARMS}
    with open(path, encoding="utf-8", errors="replace") as file:
        for text in file:
            if text.strip():
                log["n_lines"] += 1
                read_line(text, pilot, log)
    return log


def read_line(text, pilot, log):
    try:
        line = json.loads(text)
        if line["pilot"] != pilot["id"]:
            log["n_of_others"] += 1
            return
        node, arm, other = line["id"], line["arm"], line.get("other")
        sides = [(arm, line)] + ([(other["arm"], other)] if other else [])
        said = {side: (int(part["answer"]), float(part["milliseconds"]), int(part["batch"])) for side, part in sides}
        if not set(said) <= set(ARMS) or len(said) != len(sides):
            raise ValueError(arm)
    except (ValueError, KeyError, TypeError):  # a kill in the middle of a write
        log["n_broken"] += 1
        return
    log["answered"][arm] += 1
    log["arms"].setdefault(node, set()).add(arm)
    if said[arm][2] == 1:
        log["milliseconds"][arm].append(said[arm][1])
    if other:
        both = tuple(said[side][0] for side in ARMS)
        log["n_contradictions"] += log["both"].setdefault(node, both) != both


def read_labels(path, pilot, log, with_known):
    """The class of every sampled node that has one, as number; -1: one that the models do not know."""
    numbers = {str(number): number for number in range(pilot["n_classes"])}
    numbers |= {name: number for number, name in enumerate(pilot["class_names"])}
    known = set() if with_known else labelled_before()
    labels, n_known, rows = {}, 0, 0
    with open(path, newline="", encoding="utf-8-sig") as file:
        for at, row in enumerate(csv.reader(file)):
            if len(row) < 2 or not row[1].strip():
                continue
            node, word = row[0].strip(), row[1].strip()
            if at == 0 and word not in numbers and node not in log["arms"]:
                continue  # names of columns
            rows += 1
            if node in log["both"] and node in known:
                n_known += 1
            elif node in log["both"]:
                labels[node] = numbers.get(word, -1)
    return labels, {"n_rows": rows, "n_known_before": n_known, "n_unknown_classes": sum(label < 0 for label in labels.values())}


def labelled_before():
    """Nodes whose label the graph had when it was pruned: the models were trained or chosen by some of them."""
    with open(FOLDER / "baseline" / "predictions.csv", newline="", encoding="utf-8") as file:
        return {row["node"] for row in csv.DictReader(file) if row["label"]}


def agreement(log, level):
    """At how many sampled nodes the answers are the same, and the largest share of others that may be in all."""
    n = len(log["both"])
    n_changed = sum(baseline != pruned for baseline, pruned in log["both"].values())
    if n == 0:
        return {"n": 0, "n_changed": 0, "agreement": None, "interval": None, "changed_at_most": 1.0}
    low, high = load_bundle.discordance_interval(n, n - n_changed, MISS)
    at_most = load_bundle.discordance_interval(n, n_changed, 2 * (1 - level))[1]
    return {"n": n, "n_changed": n_changed, "agreement": 1 - n_changed / n, "interval": [low, high], "changed_at_most": at_most}


def paired_test(log, labels, limit, pilot):
    """The certificate's test on the labelled nodes of the sample, and the same the other way round."""
    n, harmed, helped, right = 0, 0, 0, [0, 0]
    for node, label in labels.items():
        is_right = [answer == label for answer in log["both"][node]]
        n, right = n + 1, [count + one for count, one in zip(right, is_right)]
        harmed, helped = harmed + (is_right == [True, False]), helped + (is_right == [False, True])
    if n == 0:
        return None
    interval = load_bundle.discordance_interval(n, harmed + helped, pilot["beta"])

    def p_value(limit):
        return load_bundle.paired_p_value(n, harmed - helped, interval, limit, pilot["beta"], pilot["n_rates"])

    low, high = 0.0, 1.0  # the smallest limit that would be shown to be kept
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if p_value(middle) <= 1 - pilot["level"] else (middle, high)
    return {
        "n": n, "harmed": harmed, "helped": helped, "accuracy": dict(zip(ARMS, (count / n for count in right))), "loss": (harmed - helped) / n,
        "loss_at_most": high, "p_within": p_value(limit), "p_worse": p_worse(n, harmed - helped, interval, limit, pilot),
    }  # fmt: skip


def p_worse(n, net, interval, limit, pilot):
    """Of "the population loses no more than limit": how likely so many net harmed nodes are at most, over the rates of the interval."""
    low, high = interval
    if high <= limit:
        return 1.0
    rates = np.linspace(min(max(low, limit + 1e-9), high), high, pilot["n_rates"])
    return min(1.0, pilot["beta"] + max(1 - load_bundle.paired_tail(n, net - 1, limit, rate) for rate in rates))


def latency(values):
    """Median and 95th percentile with their intervals by order statistics, milliseconds; no interval where there are too few."""
    values = np.sort(values)
    return {"n": len(values), **{name: quantile(values, share) for name, share in (("median", 0.5), ("p95", 0.95))}}


def quantile(values, share):
    n = len(values)
    if n == 0:
        return {"value": None, "interval": None}
    below = np.cumsum(load_bundle.binomial_pmf(np.arange(n + 1), n, share))
    first, last = int((below <= MISS / 2).sum()), int((below < 1 - MISS / 2).sum()) + 1
    interval = [float(values[first - 1]), float(values[last - 1])] if first >= 1 and last <= n else None
    return {"value": float(np.quantile(values, share)), "interval": interval}


def judge(same, test, limit, pilot):
    """Within, not shown or worse, and why in one sentence. Labels decide where there are some."""
    error, points, level = 1 - pilot["level"], f"{100 * limit:.1f} points", f"{percent(pilot['level'], digits=0)} confidence"
    if test:
        counts = f"{test['n']} labelled nodes, {test['harmed']} harmed, {test['helped']} helped"
        if test["p_within"] <= error:
            return "within", f"less than {points} of accuracy are lost with {level} ({counts}; p = {p_text(test['p_within'])})"
        if test["p_worse"] <= error:
            return "worse", f"more than {points} of accuracy are lost with {level} ({counts}; p = {p_text(test['p_worse'])})"
        at_most = f"at most {100 * test['loss_at_most']:.1f} points can be said to be lost"
        return "not-shown", f"a loss above {points} can be neither shown nor ruled out with {level} ({counts}; {at_most}); more labels decide"
    if same["n"] == 0:
        return "not-shown", "the log has no node with both answers; more requests, or a larger sample in pilot.json"
    counts = f"another one at {same['n_changed']} of {same['n']} sampled nodes"
    if same["changed_at_most"] <= limit:
        return "within", f"at most {percent(same['changed_at_most'])} of the answers differ with {level}, so no more than {points} can be lost ({counts})"
    more = "labels decide" if same["n_changed"] / same["n"] > limit else "more requests or labels decide"
    return "not-shown", f"up to {percent(same['changed_at_most'])} of the answers may differ, and the limit is {points} ({counts}); {more}"


def p_text(p):
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def routed(log, pilot):
    """How many of the nodes went to the pruned model."""
    n, n_pruned = len(log["arms"]), sum("pruned" in arms for arms in log["arms"].values())
    n_both = sum(len(arms) > 1 for arms in log["arms"].values())
    interval = list(load_bundle.discordance_interval(n, n_pruned, MISS)) if n else None
    return {"n_nodes": n, "n_pruned": n_pruned, "share": n_pruned / n if n else None, "interval": interval, "expected": pilot["share"], "n_in_both_arms": n_both}


def percent(share, interval=None, digits=1):
    text = "–" if share is None else f"{100 * share:.{digits}f} %"
    return f"{text} ({percent(interval[0])} to {percent(interval[1])})" if interval else text


def table(document):
    """Rows of two cells."""
    log, same, test, to = (document[name] for name in ("log", "agreement", "test", "routing"))
    limit = f"{100 * document['limit']:.1f} points ({document['limit_is']})"
    yield "answered nodes", f"{log['answered']['baseline']} by the baseline, {log['answered']['pruned']} by the pruned model"
    yield "nodes to the pruned model", f"{percent(to['share'], to['interval'])} of {to['n_nodes']}, set: {percent(to['expected'])}"
    yield "same answer", f"{percent(same['agreement'], same['interval'])} of {same['n']} sampled nodes; of the graph when pruned: {percent(document['agreement_when_pruned'])}"
    if test:
        yield "accuracy", f"baseline {percent(test['accuracy']['baseline'])}, pruned {percent(test['accuracy']['pruned'])} of {test['n']} labelled nodes"
        yield "harmed, helped", f"{test['harmed']}, {test['helped']}"
        yield "lost", f"{100 * test['loss']:.1f} points".replace("-", "−") + f", at most {100 * test['loss_at_most']:.1f}"
        yield "p: keeps the limit", p_text(test["p_within"])
        yield "p: exceeds the limit", p_text(test["p_worse"])
    yield "limit", limit
    for arm in ARMS:
        side = document["milliseconds"][arm]
        cells = [f"{name} {time_text(side[key])}" for name, key in (("median", "median"), ("95th percentile", "p95"))]
        yield f"milliseconds, {arm}", f"{', '.join(cells)}; {side['n']} computed alone"


def time_text(quantile):
    if quantile["value"] is None:
        return "–"
    interval = quantile["interval"]
    return f"{quantile['value']:.2f}" + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else "")


def notes(document):
    log, labels, to = document["log"], document["labels"], document["routing"]
    if log["n_broken"]:
        yield f"{log['n_broken']} of {log['n_lines']} lines are broken and were left out"
    if log["n_of_others"]:
        yield f"{log['n_of_others']} lines are of another pilot and were left out"
    if log["n_contradictions"]:
        yield f"{log['n_contradictions']} times a node had other answers than before: were the bundles exchanged?"
    if to["n_in_both_arms"]:
        yield f"{to['n_in_both_arms']} nodes were answered by both models in turn: the share was changed meanwhile"
    if labels and document["verdict"] == "not-shown" and document["agreement"]["changed_at_most"] <= document["limit"]:
        yield "without labels the answers alone show it: no more is lost than answers differ; labels would only say how much less"
    if labels and labels["n_known_before"]:
        yield f"{labels['n_known_before']} labels were known when the model was pruned and do not count (--known-labels takes them)"
    if labels and labels["n_unknown_classes"]:
        yield f"{labels['n_unknown_classes']} labels are of classes that the models do not know: no answer is right there"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", nargs="?", default="requests.jsonl", help="default: requests.jsonl")
    parser.add_argument("--labels", metavar="FILE", help="ids and classes, by number or name, as CSV")
    parser.add_argument("--known-labels", action="store_true", help="count labels, too, that the graph had when it was pruned")
    parser.add_argument("--limit", metavar="POINTS", type=float, help="accuracy that may be lost; default: that of pilot.json")
    parser.add_argument("--json", action="store_true", help="every number, for programs")
    options = parser.parse_args()
    pilot = json.loads((FOLDER / "pilot.json").read_text(encoding="utf-8"))
    if pilot["format"] != "unifews-pilot/1":
        sys.exit(f"expected unifews-pilot/1, found {pilot['format']}: {FOLDER / 'pilot.json'}")
    if options.limit is not None and not 0 < options.limit < 100:
        parser.error(f"--limit: expected points above 0 and below 100, found {options.limit}")
    limit = pilot["limit"] if options.limit is None else options.limit / 100
    try:
        log = read_log(options.log, pilot)
        labels, about_labels = read_labels(options.labels, pilot, log, options.known_labels) if options.labels else ({}, None)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        sys.exit(f"cannot be read: {error}")
    same, test = agreement(log, pilot["level"]), paired_test(log, labels, limit, pilot)
    verdict, why = judge(same, test, limit, pilot)
    document = {
        "verdict": verdict, "says": f"{TITLES[verdict]}: {why}", "limit": limit, "limit_is": pilot["limit_is"] if options.limit is None else "asked",
        "level": pilot["level"], "agreement_when_pruned": pilot["agreement"], "agreement": same, "test": test, "labels": about_labels,
        "routing": routed(log, pilot), "milliseconds": {arm: latency(log["milliseconds"][arm]) for arm in ARMS},
        "log": {name: log[name] for name in ("n_lines", "n_broken", "n_of_others", "n_contradictions", "answered")},
    }  # fmt: skip
    if options.json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        rows = list(table(document))
        width = max(len(name) for name, _ in rows)
        print("\n".join([document["says"], "", *(f"{name:<{width}}  {cell}" for name, cell in rows), *(f"note: {note}" for note in notes(document))]))
    return CODES[verdict]


if __name__ == "__main__":
    sys.exit(main())
