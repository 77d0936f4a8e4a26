"""Runs a pruned graph neural network on a graph that no single machine holds. Written by `unifews cluster`; see README.md.

    spark-submit job.py --worker unifews --nodes nodes.parquet --edges edges.parquet --out DIR

Spark partitions, moves, retries and commits; what is computed in a block, and what is decided, is `unifews worker`. Nodes lie in blocks of rows.
Before a stage that needs other blocks, each part of a block goes once to every block that reads from it.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ["job.json", "recipe.toml", "model.safetensors", "masks.safetensors"]
BLOCK = "block long, part string, payload binary"


class Refused(Exception):
    """Something is wrong with what came in; the message says what, where, and the way out."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", required=True, help="Parquet: id, features (a list, or one column each), and if there are: label, split")
    parser.add_argument("--edges", required=True, help="Parquet: source, target, and if there is one: weight")
    parser.add_argument("--out", required=True, help="folder for predictions, entries and metrics.json; must not exist")
    parser.add_argument("--worker", default="unifews", help="the program: a path on this machine, which is sent along, or a name on the workers' path")
    parser.add_argument("--master", help="where to run, if not through spark-submit: local[4], spark://HOST:7077 ...")
    parser.add_argument("--blocks", type=int, help="blocks of rows; default: twice as many as there are cores, so that none has more than 64 MiB of features")
    parser.add_argument("--thresholds", choices=["recipe", "bundle"], default="recipe",
                        help="recipe: decided on this graph as the recipe says; bundle: entries go below the thresholds that the bundle's run found")
    parser.add_argument("--checkpoints", help="folder that every executor reaches, for what lies between two stages; removed at the end; default: beside --out")
    parser.add_argument("--direction", choices=["as-stored", "reversed", "symmetrised"], help="which way messages go; default: as in the bundle")
    parser.add_argument("--self-loops", choices=["as-stored", "added", "removed"], help="default: as in the bundle")
    return parser.parse_args()


def versions():
    """Refuses what is too old before anything runs."""
    if sys.version_info < (3, 9):
        raise Refused(f"Python: expected 3.9 or later, found {sys.version.split()[0]}")
    try:
        import pyspark
    except ImportError:
        raise Refused("pyspark: expected 4.0 or later, found none (pip install -r requirements.txt)") from None
    if int(pyspark.__version__.split(".")[0]) < 4:
        raise Refused(f"pyspark: expected 4.0 or later, found {pyspark.__version__} (pip install -r requirements.txt)")
    for name in ("pyarrow", "pandas"):
        try:
            __import__(name)
        except ImportError:
            raise Refused(f"{name}: expected on this machine and on the workers, found none (pip install -r requirements.txt)") from None
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        java_version()


def java_version():
    """Refuses a Java that is too old, where Spark is still to be started: it would end with a trace."""
    home = os.environ.get("JAVA_HOME")
    java = os.path.join(home, "bin", "java") if home else "java"
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        raise Refused(f"Java: expected 17 or later, found none as {java} (JAVA_HOME says where it is)") from None
    found = re.search(r'version "([^"]+)"', said)
    number = found.group(1) if found else "no version"
    major = number.split(".")[1] if number.startswith("1.") else re.split(r"[.\-+]", number)[0]
    if not major.isdigit() or int(major) < 17:
        raise Refused(f"Java: expected 17 or later, found {number} as {java} (JAVA_HOME says which)")


class Worker:
    """Calls `unifews worker` on a partition. Goes to the executors with the functions that use it."""

    def __init__(self, program, is_sent):
        self.program, self.is_sent = program, is_sent

    def command(self, *options, folder=None):
        from pyspark import SparkFiles
        program = self.program
        if self.is_sent:
            program = SparkFiles.get(os.path.basename(program))
            if os.path.exists(program) and not os.access(program, os.X_OK):
                os.chmod(program, 0o755)
        return [program, "worker", folder or SparkFiles.getRootDirectory(), *options]

    def stream(self, options, decisions=None):
        """A function for mapInArrow."""
        def run(batches):
            import pyarrow as pa
            batches = iter(batches)
            first = next(batches, None)
            if first is None:
                return
            file = None
            try:
                command = self.command(*options)
                if decisions is not None:
                    file = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
                    file.write(decisions.value)
                    file.close()
                    command += ["--decisions", file.name]
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                said, broken = [], []

                def feed():
                    try:
                        with pa.ipc.new_stream(process.stdin, first.schema) as writer:
                            writer.write_batch(first)
                            for batch in batches:
                                writer.write_batch(batch)
                        process.stdin.close()
                    except BrokenPipeError:
                        pass  # the worker says why on stderr
                    except BaseException as error:  # what fails upstream fails here
                        broken.append(error)
                        process.kill()

                threads = [threading.Thread(target=feed), threading.Thread(target=lambda: said.append(process.stderr.read()))]
                for thread in threads:
                    thread.start()
                fault = None
                try:
                    yield from pa.ipc.open_stream(process.stdout)
                except pa.ArrowInvalid as error:
                    fault = error
                finally:
                    if sys.exc_info()[0] is not None:
                        process.kill()  # nobody reads on
                    process.stdout.close()
                    for thread in threads:
                        thread.join()
                    code = process.wait()
                if broken:
                    raise broken[0]
                if code != 0 or fault is not None:
                    words = b"".join(said).decode(errors="replace").strip()
                    raise RuntimeError(words or f"the worker ended with {code}: {fault}")
            finally:
                if file is not None:
                    os.unlink(file.name)
        return run


def on_driver(worker, *options, stdin=None):
    """Calls the worker on this machine; what it says is what the user reads."""
    done = subprocess.run(worker.command(*options, folder=HERE), input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(done.stderr.strip() or f"{worker.program} worker ended with {done.returncode}")
    return done.stdout


def check_workers(spark, worker, job):
    """Every executor has the program, in this version."""
    expected = job["program"]["version"]

    def version(_):
        for name in ("pyarrow", "pandas"):
            try:
                __import__(name)
            except ImportError:
                yield f"no {name} in {sys.executable} (PYSPARK_PYTHON names another Python; pip install -r requirements.txt)"
                return
        try:
            done = subprocess.run(worker.command("check"), capture_output=True, text=True, check=False)
            yield done.stdout.strip() if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"
        except OSError as error:
            yield f"no program: {error}"

    slots = max(spark.sparkContext.defaultParallelism, 1)
    found = set(spark.sparkContext.parallelize(range(slots), slots).mapPartitions(version).collect())
    wrong = found - {expected}
    if wrong:
        raise Refused(f"worker {worker.program}: expected version {expected} on every executor, found {'; '.join(sorted(wrong))} "
                      "(--worker PATH on this machine sends the program along)")


def read_nodes(spark, path, job):
    """id, features as a list of floats, label, split; checked."""
    import pyspark.sql.functions as F
    from pyspark.sql import types as T
    nodes = spark.read.parquet(path)
    if "id" not in nodes.columns:
        raise Refused(f"--nodes {path}: expected a column id, found {', '.join(nodes.columns)}")
    beside = {"id", "label", "split", "features"}
    if "features" in nodes.columns:
        kind = nodes.schema["features"].dataType
        if not isinstance(kind, T.ArrayType):
            raise Refused(f"--nodes {path}, column features: expected a list of numbers, found {kind.simpleString()}")
        features = F.col("features")
    else:
        names = [f.name for f in nodes.schema.fields if f.name not in beside and isinstance(f.dataType, (T.NumericType, T.BooleanType))]
        if not names:
            raise Refused(f"--nodes {path}: expected a column features with lists of numbers, or a column for every feature, found neither")
        features = F.array(*[F.col(f"`{name}`").cast("float") for name in names])
    columns = [F.col("id"), features.cast("array<float>").alias("features")]
    columns += [F.col(name) if name in nodes.columns else F.lit(None).cast("string").alias(name) for name in ("label", "split")]
    nodes = nodes.select(*columns).persist()
    wanted = job["n_features"]
    found = nodes.agg(F.count("*").alias("n"), F.sum(F.col("id").isNull().cast("long")).alias("nulls"), F.countDistinct("id").alias("distinct"),
                      F.min(F.size("features")).alias("least"), F.max(F.size("features")).alias("most"),
                      F.sum(F.exists("features", lambda x: x.isNull() | F.isnan(x) | (F.abs(x) == float("inf"))).cast("long")).alias("no_numbers")).first()
    if found.n == 0:
        raise Refused(f"--nodes {path}: expected nodes, found none")
    if found.nulls:
        raise Refused(f"--nodes {path}, column id: expected an id in every row, found {found.nulls} without")
    if found.distinct < found.n:
        twice = nodes.groupBy("id").count().where("count > 1").orderBy("id").limit(3).collect()
        raise Refused(f"--nodes {path}, column id: expected every id once, found {found.n - found.distinct} more rows, of {', '.join(str(row.id) for row in twice)} ...")
    if found.least != wanted or found.most != wanted:
        other = nodes.where(F.size("features") != wanted).orderBy("id").first()
        size = len(other.features) if other.features is not None else "no"
        raise Refused(f"--nodes {path}, features: expected {wanted} in every row, as the model has, found {size} of node {other.id}")
    if found.no_numbers:
        raise Refused(f"--nodes {path}, features: expected numbers, found nodes with empty or NaN or infinite features: {found.no_numbers}")
    return nodes, found.n


def numbered(nodes, n):
    """Nodes with their number `row`: the id itself where ids count from 0, else their place in ascending order."""
    import pyspark.sql.functions as F
    from pyspark.sql import types as T
    if isinstance(nodes.schema["id"].dataType, T.IntegralType):
        ends = nodes.agg(F.min("id").alias("least"), F.max("id").alias("most")).first()
        if ends.least == 0 and ends.most == n - 1:
            return nodes.withColumn("row", F.col("id").cast("long")), True
    schema = T.StructType([nodes.schema["id"], T.StructField("row", T.LongType(), False)])
    order = nodes.select("id").orderBy("id").rdd.zipWithIndex().map(lambda pair: (pair[0].id, pair[1])).toDF(schema).persist()
    return nodes.join(order, "id"), False


def read_edges(spark, path, nodes, by_number, uses_weights):
    """source, target (numbers), weight; checked."""
    import pyspark.sql.functions as F
    edges = spark.read.parquet(path)
    for name in ("source", "target"):
        if name not in edges.columns:
            raise Refused(f"--edges {path}: expected columns source and target, found {', '.join(edges.columns)}")
    if uses_weights and "weight" not in edges.columns:
        raise Refused(f"--edges {path}: expected a column weight, which the recipe counts, found {', '.join(edges.columns)}")
    is_weighted = "weight" in edges.columns and uses_weights is not False
    weight = F.col("weight").cast("float") if is_weighted else F.lit(1.0).cast("float")
    edges = edges.select("source", "target", weight.alias("weight"))
    if is_weighted:
        wrong = F.col("weight").isNull() | F.isnan("weight") | (F.col("weight") < 0) | (F.col("weight") == float("inf"))
        bad = edges.where(wrong).first()
        if bad is not None:
            raise Refused(f"--edges {path}, column weight: expected finite numbers of at least 0, found {bad.weight} from {bad.source} to {bad.target}")
    known = nodes.select("id", "row")
    if by_number:
        n = known.count()
        inside = lambda end: F.coalesce(F.col(end).cast("long").between(0, n - 1), F.lit(False))
        unknown = edges.where(~(inside("source") & inside("target")))
        edges_by_row = edges.select(F.col("source").cast("long"), F.col("target").cast("long"), "weight")
    else:
        ends = lambda end: known.select(F.col("id").alias(end), F.col("row").alias(f"{end}_row"))
        joined = edges.join(ends("source"), "source", "left").join(ends("target"), "target", "left")
        unknown = joined.where("source_row is null or target_row is null").select("source", "target")
        edges_by_row = joined.select(F.col("source_row").alias("source"), F.col("target_row").alias("target"), "weight")
    some = unknown.limit(3).collect()
    if some:
        shown = ", ".join(f"{row.source} to {row.target}" for row in some)
        raise Refused(f"--edges {path}: expected edges between nodes of --nodes, found {shown} ...")
    return edges_by_row, is_weighted


def main():
    args = arguments()
    versions()
    with open(os.path.join(HERE, "job.json"), encoding="utf-8") as file:
        job = json.load(file)
    is_sent = os.path.isfile(args.worker)
    worker = Worker(os.path.abspath(args.worker) if is_sent else args.worker, False)
    try:
        found = on_driver(worker, "check").strip()
    except OSError as error:
        raise Refused(f"--worker {args.worker}: expected the program unifews, {job['program']['version']}: {error}") from None
    if found != job["program"]["version"]:
        raise Refused(f"--worker {args.worker}: expected version {job['program']['version']}, found {found}")

    from pyspark.sql import SparkSession
    import pyspark.sql.functions as F
    builder = SparkSession.builder.appName(f"unifews {job['model']}").config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.cleaner.referenceTracking.cleanCheckpoints", "true")
    if args.master:
        builder = builder.master(args.master)
        if args.master.startswith("local"):
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = builder.getOrCreate()
    try:
        spark.sparkContext.setLogLevel("ERROR")
        target, system = on_storage(spark, args.out)
        if system.exists(target):
            raise Refused(f"--out {args.out}: expected a new folder, found one")
        checkpoints = args.checkpoints or args.out.rstrip("/") + ".unifews-checkpoints"
        spark.sparkContext.setCheckpointDir(checkpoints)
        # Rows are whole blocks: one at a time is enough.
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "1")
        for name in FILES:
            spark.sparkContext.addFile(os.path.join(HERE, name))
        if is_sent:
            spark.sparkContext.addFile(worker.program)
        on_executors = Worker(worker.program, is_sent)
        check_workers(spark, on_executors, job)
        try:
            run(spark, F, args, job, worker, on_executors)
        finally:
            folder, system = on_storage(spark, checkpoints)
            system.delete(folder, True)
    finally:
        spark.stop()


def on_storage(spark, path):
    """A path and its file system, as Spark has them."""
    path = spark.sparkContext._jvm.org.apache.hadoop.fs.Path(path)
    return path, path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())


def run(spark, F, args, job, worker, on_executors):
    describe = spark.sparkContext.setJobDescription
    describe("reading nodes and edges")
    nodes, n = read_nodes(spark, args.nodes, job)
    nodes, by_number = numbered(nodes, n)
    edges, is_weighted = read_edges(spark, args.edges, nodes, by_number, job["weights"])
    slots = max(spark.sparkContext.defaultParallelism, 1)
    n_blocks = args.blocks or max(2 * slots, n * job["n_features"] * 4 // (64 << 20) + 1)
    direction, self_loops = args.direction or job["direction"], args.self_loops or job["self_loops"]
    weighted = ["--weighted"] if is_weighted else []
    plan = json.loads(on_driver(worker, "plan", "--nodes", str(n), "--blocks", str(n_blocks), "--thresholds", args.thresholds,
                                "--direction", direction, *weighted))
    rows, n_blocks = plan["rows_per_block"], plan["n_blocks"]
    shape = ["--nodes", str(n), "--rows-per-block", str(rows), "--thresholds", args.thresholds]
    print(f"{n} nodes in {n_blocks} blocks of {rows} rows, {len(plan['stages'])} stages", file=sys.stderr, flush=True)

    def in_blocks(frame, *within):
        return frame.repartition(n_blocks, "block").sortWithinPartitions("block", *within)

    block_of = lambda row: (F.col(row) / F.lit(rows)).cast("long")
    # Rows of features and edges are small, and many go in a batch.
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "4096")
    packed = in_blocks(nodes.select(block_of("row").alias("block"), "row", "features"), "row")
    packed = packed.mapInArrow(on_executors.stream(["pack", *shape]), BLOCK)
    end = lambda row, column, against: edges.select(F.col(row).alias("row"), F.col(column).alias("column"), "weight", F.lit(against).alias("against"))
    ends = end("source", "target", False) if direction == "reversed" else end("target", "source", False)
    if direction == "symmetrised":
        ends = ends.unionByName(end("source", "target", True))
    ends = ends.withColumn("block", block_of("row")).withColumn("position", F.monotonically_increasing_id())
    every = spark.range(n_blocks).select(F.lit(-1).cast("long").alias("row"), F.lit(-1).cast("long").alias("column"), F.lit(1.0).cast("float").alias("weight"),
                                         F.lit(False).alias("against"), F.col("id").alias("block"), F.lit(-1).cast("long").alias("position"))
    ends = in_blocks(ends.unionByName(every), "position").select("block", "row", "column", "weight", "against")
    describe("making blocks")
    entries = ends.mapInArrow(on_executors.stream(["assemble", *shape, "--self-loops", self_loops, *weighted]), BLOCK).checkpoint()
    import numpy
    pairs = [(int(source), row.block) for row in entries.where("part = 'reads'").collect() for source in numpy.frombuffer(row.payload, "<i8")]
    readers = F.broadcast(spark.createDataFrame(pairs, "source long, reader long")) if pairs else None
    state = entries.where("part != 'reads'").unionByName(packed)
    decisions = "{}"
    is_placed = False
    for at, stage in enumerate(plan["stages"]):
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "1")
        describe(f"stage {at + 1}: {stage['title']}")
        own = state.select("block", F.lit(-1).cast("long").alias("source"), "part", "payload")
        if stage["receives"] is not None:
            sent = state.where(F.col("part") == stage["receives"]).withColumnRenamed("block", "source")
            if readers is None:
                sent = sent.limit(0).withColumn("reader", F.col("source"))
            else:
                sent = sent.join(readers, "source")
            own = own.unionByName(sent.select(F.col("reader").alias("block"), "source", "part", "payload"))
        if stage["receives"] is not None or not is_placed:
            own = in_blocks(own, "source")
            is_placed = True
        given = spark.sparkContext.broadcast(decisions)
        # What a stage leaves outlives its executors, and the next one does not depend on how it came about.
        out = own.mapInArrow(on_executors.stream(["stage", *shape, "--stage", str(at)], given), BLOCK).checkpoint()
        summaries = [bytes(row.payload).decode() for row in out.where("part = 'summary'").select("payload").collect()]
        if len(summaries) != n_blocks:
            raise RuntimeError(f"stage {at}: expected {n_blocks} summaries, found {len(summaries)}")
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            file.write(decisions)
        try:
            decisions = on_driver(worker, "decide", *shape, "--stage", str(at), "--decisions", file.name, stdin="\n".join(summaries))
        finally:
            os.unlink(file.name)
        state = out.where("part != 'summary'")
        given.destroy()
        print(f"stage {at + 1} of {len(plan['stages'])}: {stage['title']}", file=sys.stderr, flush=True)

    describe("writing")
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "1")
    said = state.select("block", "part", "payload").mapInArrow(
        on_executors.stream(["predictions", *shape]), "node long, prediction int, margin float, logits array<float>")
    said = said.join(nodes.select("id", "row", "label", "split").withColumnRenamed("row", "node"), "node")
    if job["class_names"]:
        names = F.array(*[F.lit(name) for name in job["class_names"]])
        said = said.withColumn("class", F.element_at(names, F.col("prediction") + 1))
        is_class = lambda label: (label.cast("string") == F.col("class")) | (label.cast("string") == F.col("prediction").cast("string"))
    else:
        said = said.withColumn("class", F.col("prediction").cast("string"))
        is_class = lambda label: label.cast("string") == F.col("prediction").cast("string")
    said = said.persist()
    kept = state.select("block", "part", "payload").mapInArrow(
        on_executors.stream(["entries", *shape]), "step int, source long, target long, value float")
    if not by_number:
        ids = lambda end: nodes.select(F.col("row").alias(end), F.col("id").alias(f"{end}_id"))
        kept = kept.join(ids("source"), "source").join(ids("target"), "target")
        kept = kept.select("step", F.col("source_id").alias("source"), F.col("target_id").alias("target"), "value")
    scores = {}
    if job["is_single"]:
        labelled = said.where("label is not null").groupBy(F.coalesce(F.col("split").cast("string"), F.lit("all")).alias("part"))
        counted = labelled.agg(F.count("*").alias("n"), F.sum(is_class(F.col("label")).cast("long")).alias("right")).collect()
        scores = {row.part: {"n": row.n, "right": row.right, "accuracy": row.right / row.n} for row in counted}
    said.select("id", "prediction", "class", "margin", "logits").write.parquet(os.path.join(args.out, "predictions"))
    kept.write.parquet(os.path.join(args.out, "entries"))
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        file.write(decisions)
    try:
        metrics = json.loads(on_driver(worker, "metrics", *shape, "--decisions", file.name))
    finally:
        os.unlink(file.name)
    metrics["scores"] = scores
    metrics["n_blocks"], metrics["rows_per_block"] = n_blocks, rows
    text = json.dumps(metrics, indent=2)
    target, system = on_storage(spark, os.path.join(args.out, "metrics.json"))
    stream = system.create(target, True)
    stream.write(bytearray(text.encode()))
    stream.close()
    for part, score in sorted(scores.items()):
        print(f"{part}: {100 * score['accuracy']:.2f} % of {score['n']} right", file=sys.stderr)
    print(f"wrote {args.out}", file=sys.stderr, flush=True)


def said_by_worker(error):
    """What a worker said on its stderr, out of Spark's traces."""
    lines = [line.split("RuntimeError: ", 1)[1] for line in str(error).splitlines() if "RuntimeError: " in line]
    return lines[0].strip() if lines else None


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(f"error: {refused}")
    except Exception as error:
        words = said_by_worker(error)
        if words is None:
            raise
        sys.exit(words)
