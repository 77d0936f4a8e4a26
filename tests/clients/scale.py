"""Time and memory of a propagation as the graph grows, in memory and from the disk.

usage: scale.py UNIFEWS FOLDER [LARGEST_STORED]

Makes power-law graphs of 10^4 to 10^7 entries (32 features, 20 entries a node) in FOLDER and stores them, propagates each over 4 hops with half of the
entries removed in the first, and prints a table; LARGEST_STORED is a stored graph for the last row (`unifews store`). Each run is a process of its own; time
is that of its hops, memory the process's peak. With matplotlib, writes FOLDER/growth.svg.
"""
import json, os, pathlib, subprocess, sys, tempfile

program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
N_HOPS = 4


def run(*arguments):
    """Runs the program; gives its document, what it said, and the peak of its memory in bytes."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([program, *map(str, arguments), "--json"], stdout=subprocess.PIPE, stderr=said)
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        said.seek(0)
        words = said.read()
    assert status == 0, (arguments, status, words)
    return json.loads(text), words, usage.ru_maxrss * 1024


rows = []
graphs = []
for power in range(4, 8):
    stored = folder / f"1e{power}"
    if not stored.exists():
        n_entries = 10**power
        run("store", f"sample:powerlaw?nodes={n_entries // 20}&edges={n_entries}&features=32&classes=8&seed=7", "-o", stored)
    graphs.append(stored)
graphs += map(pathlib.Path, sys.argv[3:])
for graph in graphs:
    size = json.load(open(graph / "graph.json"))
    n, m, f = size["n_nodes"], size["n_entries"], size["n_features"]
    data = 8 * n + 4 * m + 4 * n * f
    how = ["--hops", N_HOPS, "--edge-mode", "target", "--delta-a", "0.5", "--threads", "2"]
    memory, _, peak = run("propagate", graph, "-o", folder / "memory", *how)
    # The least that the plan allows: one block of 32 columns.
    least = (96 * 2**20 + 24 * n + 128 * n) / 2**30 + 0.001
    disk, words, disk_peak = run("propagate", graph, "-o", folder / "disk", *how, "--max-memory", f"{least:.4f}")
    if "working from the disk" not in words:
        # What fits into so little is not worth the disk.
        disk, disk_peak = None, float("nan")
    seconds = memory["metrics"]["elapsed_secs"] / N_HOPS
    disk_seconds = disk["metrics"]["elapsed_secs"] / N_HOPS if disk else float("nan")
    rows.append((m, n, f, data, seconds, peak, disk_seconds, disk_peak))
    print(
        f"| {m:,} | {n:,} | {f} | {data / 1e6:,.1f} MB | {seconds:.4f} s | {1e9 * seconds / m / f:.2f} ns | {peak / 1e6:,.0f} MB "
        f"| {disk_seconds:.3f} s | {disk_peak / 1e6:,.0f} MB |",
        flush=True,
    )
try:
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    entries = [row[0] for row in rows]
    left.loglog(entries, [row[4] for row in rows], "o-", label="in memory")
    left.loglog(entries, [row[6] for row in rows], "s--", label="from the disk")
    left.set(xlabel="entries", ylabel="seconds a hop")
    right.loglog(entries, [row[5] / 1e6 for row in rows], "o-", label="in memory")
    right.loglog(entries, [row[7] / 1e6 for row in rows], "s--", label="from the disk")
    right.loglog(entries, [row[3] / 1e6 for row in rows], "k:", label="graph and features")
    right.set(xlabel="entries", ylabel="peak MB")
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
    figure.savefig(folder / "growth.svg")
except ImportError:
    print("no matplotlib, no picture")
