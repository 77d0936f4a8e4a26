"""Runs jobs of `unifews cluster` on Apache Spark and compares every entry and every logit with the run on one machine.

    python cluster.py UNIFEWS FOLDER [--graph GRAPH] [--families gcn,sage,...] [--blocks 1,2,5,13] [--master local-cluster[2,1,1024]] [--kill] [--epochs N]

FOLDER is for what is made on the way. With --kill the process of one executor is killed in the middle of every hop. Needs the packages of
requirements.txt and Java 17. With --refusals wrong input of every kind is tried, too. The last line says how many jobs were the same; the exit code is 0 if all were.
"""
import argparse
import glob
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

FAMILIES = {
    "gcn": ["--edge-mode", "relative", "--delta-a", "0.8", "--weight-mode", "relative", "--delta-w", "0.5"],
    "sage": ["--edge-mode", "target", "--delta-a", "0.4,0.6", "--weight-mode", "target", "--delta-w", "0.5"],
    "gat": ["--edge-mode", "target", "--delta-a", "0.5", "--weight-mode", "relative", "--delta-w", "0.3"],
    "sgc": ["--edge-mode", "target", "--delta-a", "0.3,0.4,0.5", "--weight-mode", "relative", "--delta-w", "0.5"],
    "appnp": ["--edge-mode", "relative", "--delta-a", "0.5", "--weight-mode", "absolute", "--delta-w", "0.5"],
    "mass": ["--edge-mode", "mass", "--delta-a", "1e-4", "--weight-mode", "relative", "--delta-w", "0.5"],
}
ARCHITECTURES = {"mass": "sgc"}
SHAPES = {"sgc": ["--hops", "3"], "mass": ["--hops", "3"], "appnp": ["--hops", "5"], "gat": ["--hidden", "16", "--heads", "4"]}


def said(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def executors():
    """Processes of executors."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if b"CoarseGrainedExecutorBackend" in file.read():
                    found.append(int(path.split("/")[2]))
        except OSError:
            pass
    return found


def workers():
    """The words of every process of a worker, and its folder in /proc."""
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(os.path.join(path, "cmdline"), "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[1:2] == ["worker"]:
            yield words, path


class Watcher(threading.Thread):
    """The largest memory that a worker took, by stage, bytes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peaks, self.is_done = {}, False

    def run(self):
        while not self.is_done:
            for words, path in workers():
                try:
                    what = words[words.index("--stage") + 1] if "--stage" in words else words[3]
                    with open(os.path.join(path, "status"), encoding="utf-8") as file:
                        peak = [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")]
                    self.peaks[what] = max([self.peaks.get(what, 0), *peak])
                except (OSError, ValueError, IndexError):
                    continue
            time.sleep(0.02)


def shuffled(folder):
    """Bytes that Spark moved between its stages, by the job's own stages, from its event log."""
    stage_of, moved = {}, {}
    for path in glob.glob(os.path.join(folder, "**"), recursive=True):
        if not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.startswith("{"):
                    continue
                event = json.loads(line)
                if event.get("Event") == "SparkListenerJobStart":
                    says = event.get("Properties", {}).get("spark.job.description", "other")
                    for stage in event["Stage IDs"]:
                        stage_of.setdefault(stage, says)
                elif event.get("Event") == "SparkListenerTaskEnd" and event.get("Task Metrics"):
                    says = stage_of.get(event["Stage ID"], "other")
                    moved[says] = moved.get(says, 0) + event["Task Metrics"]["Shuffle Write Metrics"]["Shuffle Bytes Written"]
    return moved


class Killer(threading.Thread):
    """Kills one executor whenever a worker is in the middle of a stage that receives rows, once per stage."""

    def __init__(self, hops):
        super().__init__(daemon=True)
        self.hops, self.killed, self.is_done = {str(at) for at in hops}, [], False

    def run(self):
        while not self.is_done:
            for words, _ in workers():
                stage = words[words.index("--stage") + 1] if "--stage" in words else None
                alive = executors()
                if stage in self.hops and alive:
                    self.hops.discard(stage)
                    victim = alive[len(self.killed) % len(alive)]
                    try:
                        os.kill(victim, signal.SIGKILL)
                        self.killed.append((int(stage), victim))
                    except OSError:
                        pass
            time.sleep(0.005)


def refusals(job_folder, graph, folder):
    """Wrong input is refused in words, before any stage."""
    spec = importlib.util.spec_from_file_location("job", os.path.join(job_folder, "job.py"))
    job = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(job)
    from pyspark.sql import SparkSession
    import pyspark.sql.functions as F
    with open(os.path.join(job_folder, "job.json"), encoding="utf-8") as file:
        note = json.load(file)
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    shutil.rmtree(folder, ignore_errors=True)
    nodes = spark.read.parquet(os.path.join(graph, "nodes.parquet"))
    edges = spark.read.parquet(os.path.join(graph, "edges.parquet"))
    n = nodes.count()

    def written(frame, name):
        path = os.path.join(folder, name)
        frame.coalesce(1).write.parquet(path)
        return path

    def refused(words, work):
        try:
            work()
        except job.Refused as error:
            assert words in str(error), f"expected {words!r}, found {error}"
            print(f"refused: {str(error)[:140]}", flush=True)
            return
        raise AssertionError(f"not refused: {words}")

    read = lambda frame, name: job.read_nodes(spark, written(frame, name), note)
    refused("expected every id once", lambda: read(nodes.unionByName(nodes.limit(2)), "twice"))
    refused("expected a column id", lambda: read(nodes.drop("id"), "no-id"))
    refused("expected an id in every row", lambda: read(nodes.withColumn("id", F.when(F.col("id") > 3, F.col("id"))), "null-id"))
    narrow = F.when(F.col("id") == 5, F.slice("features", 1, 3)).otherwise(F.col("features"))
    refused(f"expected {note['n_features']} in every row", lambda: read(nodes.withColumn("features", narrow), "narrow"))
    refused("empty or NaN", lambda: read(nodes.withColumn("features", F.transform("features", lambda x: x + F.lit(float("nan")))), "nan"))
    refused("infinite", lambda: read(nodes.withColumn("features", F.transform("features", lambda x: x + F.lit(float("inf")))), "inf"))
    refused("a list of numbers", lambda: read(nodes.withColumn("features", F.lit("a")), "text"))
    refused("expected nodes, found none", lambda: read(nodes.limit(0), "none"))
    numbered, by_number = job.numbered(job.read_nodes(spark, os.path.join(graph, "nodes.parquet"), note)[0], n)
    assert by_number
    join = lambda frame, name, weights=None: job.read_edges(spark, written(frame, name), numbered, True, weights)
    refused("edges between nodes of --nodes", lambda: join(edges.withColumn("target", F.col("target") + 3), "unknown"))
    refused("edges between nodes of --nodes", lambda: join(edges.withColumn("source", F.lit(None).cast("long")), "null-edge"))
    refused("expected columns source and target", lambda: join(edges.drop("target"), "one-end"))
    refused("expected a column weight", lambda: join(edges, "unweighted", True))
    for name, weight in (("negative", -1.0), ("nan", float("nan")), ("infinite", float("inf")), ("null", None)):
        weighted = edges.withColumn("weight", F.lit(weight).cast("float"))
        refused("finite numbers of at least 0", lambda: join(weighted, f"weight-{name}"))
    # Ids that are texts are numbered in ascending order, and edges follow.
    named, by_number = job.numbered(nodes.withColumn("id", F.concat(F.lit("n"), F.col("id"))), n)
    assert not by_number and named.agg(F.countDistinct("row"), F.max("row")).first()[:] == (n, n - 1)
    text = edges.select(F.concat(F.lit("n"), F.col("source")).alias("source"), F.concat(F.lit("n"), F.col("target")).alias("target"))
    found, _ = job.read_edges(spark, written(text, "named"), named, False, None)
    assert found.count() == edges.count()
    worker = job.Worker("/nowhere/unifews", False)
    refused("no program", lambda: job.check_workers(spark, worker, note))
    with tempfile.TemporaryDirectory() as old:
        program = os.path.join(old, "unifews")
        with open(program, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho 0.0.9\n")
        os.chmod(program, 0o755)
        refused("found 0.0.9", lambda: job.check_workers(spark, job.Worker(program, False), note))
    spark.stop()
    home = os.environ.get("JAVA_HOME")
    with tempfile.TemporaryDirectory() as old:
        os.environ["JAVA_HOME"] = old
        refused("found none", job.java_version)
        os.makedirs(os.path.join(old, "bin"))
        for says, found in (('openjdk version "11.0.2" 2019-01-15', "found 11.0.2"), ('java version "1.8.0_292"', "found 1.8.0_292")):
            with open(os.path.join(old, "bin", "java"), "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\necho '{says}' >&2\n")
            os.chmod(os.path.join(old, "bin", "java"), 0o755)
            refused(found, job.java_version)
    if home is None:
        del os.environ["JAVA_HOME"]
    else:
        os.environ["JAVA_HOME"] = home
    job.java_version()
    print("all wrong input was refused", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("unifews")
    parser.add_argument("folder")
    parser.add_argument("--graph", default="sample:cora")
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--blocks", default="1,2,5,13")
    parser.add_argument("--master", default="local-cluster[2,1,1024]")
    parser.add_argument("--epochs", default="5")
    parser.add_argument("--hidden", default="32")
    parser.add_argument("--measure", action="store_true", help="bytes that were shuffled by stage, and the memory of workers, beside each job")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--refusals", action="store_true", help="then give the first family's job wrong input of every kind")
    args = parser.parse_args()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_HOSTNAME", "localhost")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    unifews, folder = os.path.abspath(args.unifews), os.path.abspath(args.folder)
    os.makedirs(folder, exist_ok=True)
    in_folder = lambda *parts: os.path.join(folder, *parts)
    said([unifews, "store", args.graph, "--as", "parquet", "-o", in_folder("graph"), "--quiet"])
    graph = in_folder("graph")

    n_same = n_jobs = 0
    for family in args.families.split(","):
        model, bundle, job_folder = in_folder(f"{family}.safetensors"), in_folder(f"{family}-bundle"), in_folder(f"{family}-job")
        hidden = [] if "--hidden" in SHAPES.get(family, []) else ["--hidden", args.hidden]
        said([unifews, "train", graph, "-o", model, "--arch", ARCHITECTURES.get(family, family), *hidden, *SHAPES.get(family, []), "--epochs", args.epochs, "--quiet"])
        began = time.time()
        said([unifews, "prune", graph, model, "-o", bundle, "--recover", "none", *FAMILIES[family], "--no-timing", "--quiet"])
        alone = time.time() - began
        said([unifews, "cluster", bundle, "-o", job_folder, "--quiet"])
        with open(os.path.join(job_folder, "job.json"), encoding="utf-8") as file:
            note = json.load(file)
        for n_blocks in args.blocks.split(","):
            n_jobs += 1
            out = in_folder(f"{family}-{n_blocks}")
            shutil.rmtree(out, ignore_errors=True)
            command = [sys.executable, os.path.join(job_folder, "job.py"), "--master", args.master, "--worker", unifews,
                       "--nodes", os.path.join(graph, "nodes.parquet"), "--edges", os.path.join(graph, "edges.parquet"),
                       "--out", out, "--blocks", n_blocks]
            killer = None
            if args.kill:
                plan = json.loads(said([unifews, "worker", job_folder, "plan", "--nodes", str(note["n_nodes"]), "--blocks", n_blocks,
                                        "--direction", note["direction"]]))
                hops = [at for at, stage in enumerate(plan["stages"]) if (stage["receives"] or "").startswith(("value", "pushed"))]
                killer = Killer(hops)
                killer.start()
            watcher, environment, log = None, dict(os.environ), in_folder(f"{family}-{n_blocks}-events")
            if args.measure:
                shutil.rmtree(log, ignore_errors=True)
                os.makedirs(log)
                conf = f"--conf spark.eventLog.enabled=true --conf spark.eventLog.compress=false --conf spark.eventLog.dir=file://{log}"
                environment["PYSPARK_SUBMIT_ARGS"] = f"{conf} --conf spark.shuffle.compress=false pyspark-shell"
                watcher = Watcher()
                watcher.start()
            began = time.time()
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
            secs = time.time() - began
            if watcher:
                watcher.is_done = True
                watcher.join()
            if killer:
                killer.is_done = True
                killer.join()
            if done.returncode != 0:
                print(f"{family}, {n_blocks} blocks: exit code {done.returncode}\n{done.stdout}{done.stderr[-4000:]}", flush=True)
                continue
            compared = subprocess.run([unifews, "compare-run", out, bundle, "--json", "--quiet"], capture_output=True, text=True, check=False)
            found = json.loads(compared.stdout) if compared.stdout else {"is_same": False}
            n_same += found["is_same"]
            if watcher:
                for says, n_bytes in shuffled(log).items():
                    if n_bytes:
                        print(f"  {says}: {n_bytes:,} bytes shuffled", flush=True)
                print(f"  memory of workers: {', '.join(f'{what} {peak:,}' for what, peak in sorted(watcher.peaks.items()))}", flush=True)
            killed = f", killed {len(killer.killed)} executors" if killer else ""
            print(f"{family}, {n_blocks} blocks: {'the same' if found['is_same'] else 'DIFFERENT ' + compared.stdout + compared.stderr}"
                  f" ({secs:.1f} s; prune alone {alone:.1f} s{killed})", flush=True)
    if args.refusals:
        family = args.families.split(",")[0]
        refusals(in_folder(f"{family}-job"), graph, in_folder("refused"))
    print(f"{n_same} of {n_jobs} jobs gave the same masks and bits")
    sys.exit(0 if n_same == n_jobs else 1)


if __name__ == "__main__":
    main()
