"""Sends requests to a pilot's server over all nodes and compares every answer with what the bundles say.

    python pilot.py URL FOLDER N_REQUESTS [SIZE]

FOLDER is the pilot's; four threads ask for single nodes, or for SIZE nodes at a time (then every node once). Prints one
JSON document; ends with a message and exit code 1 where an answer is another one.
"""

import csv
import hashlib
import http.client
import json
import random
import sys
import threading
from pathlib import Path
from urllib.parse import quote, urlsplit

N_THREADS = 4


def expected(folder):
    """For every arm class and margin of every node."""
    said = {}
    for arm in ("baseline", "pruned"):
        with open(folder / arm / "predictions.csv", newline="", encoding="utf-8") as file:
            said[arm] = {row["node"]: (int(row["pruned_prediction"]), float(row["margin"])) for row in csv.DictReader(file)}
    return said


def arm_of(note, node):
    """As the pilot's README tells it."""
    digest = hashlib.sha256((note["salt"] + "\n" + "arm" + "\n" + node).encode()).digest()
    return "pruned" if int.from_bytes(digest[:8], "big") / 2**64 < note["share"] else "baseline"


def ask(connection, method, path, body=None):
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def work(address, batches, answers, lock):
    connection = http.client.HTTPConnection(*address, timeout=60)
    for nodes in batches:
        if len(nodes) == 1:
            status, said = ask(connection, "GET", "/predict?node=" + quote(nodes[0]))
            said = {"answers": [said]}
        else:
            status, said = ask(connection, "POST", "/predict", json.dumps({"nodes": nodes}))
        if status != 200 or [answer["node"] for answer in said["answers"]] != nodes:
            sys.exit(f"{nodes[:3]}: {status} {said}")
        with lock:
            answers.extend(said["answers"])


def refusals(address, node):
    """Requests that have no answer, with what they get."""
    many = json.dumps({"nodes": [node] * 1001})
    asked = {
        "unknown": ("GET", "/predict?node=nobody", None),
        "unknown_of_many": ("POST", "/predict", json.dumps({"nodes": [node, "nobody"]})),
        "no_node": ("GET", "/predict", None),
        "path": ("GET", "/models", None),
        "method": ("DELETE", "/predict", None),
        "post_health": ("POST", "/health", "{}"),
        "not_json": ("POST", "/predict", "node=1"),
        "no_list": ("POST", "/predict", '{"nodes": 3}'),
        "too_many": ("POST", "/predict", many),
        "too_large": ("POST", "/predict", "x" * (1 << 21)),
    }
    found = {}
    for name, (method, path, body) in asked.items():
        connection = http.client.HTTPConnection(*address, timeout=60)
        status, said = ask(connection, method, path, body)
        found[name] = [status, said["error"]]
    return found


def main():
    url, folder, n_requests = urlsplit(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    size = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    address, note, said = (url.hostname, url.port), json.loads((folder / "pilot.json").read_text()), expected(folder)
    nodes = list(said["baseline"])
    if size == 1:
        rng = random.Random(7)
        asked = nodes + [rng.choice(nodes) for _ in range(n_requests - len(nodes))]
        rng.shuffle(asked)
    else:
        asked = nodes
    batches = [asked[at:at + size] for at in range(0, len(asked), size)]
    answers, lock = [], threading.Lock()
    threads = [threading.Thread(target=work, args=(address, batches[nth::N_THREADS], answers, lock)) for nth in range(N_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arms = {}
    for answer in answers:
        node, arm = answer["node"], answer["arm"]
        if arms.setdefault(node, arm) != arm or arm != arm_of(note, node):
            sys.exit(f"{node}: answered by {arm}, expected {arm_of(note, node)}")
        number, margin = said[arm][node]
        if answer["class"] != number or abs(answer["margin"] - margin) > 1e-3:
            sys.exit(f"{node}, {arm}: expected class {number} with margin {margin}, found {answer}")
    connection = http.client.HTTPConnection(*address, timeout=60)
    found = {"n_answers": len(answers), "n_nodes": len(arms), "n_pruned": sum(arm == "pruned" for arm in arms.values())}
    found["refusals"] = refusals(address, nodes[0])
    found["health"] = ask(connection, "GET", "/health")[1]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
