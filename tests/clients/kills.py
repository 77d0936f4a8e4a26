"""Kills every writing command at its system calls, and looks at what is left.

usage: kills.py UNIFEWS [KILLS_PER_COMMAND]

Needs strace, which kills the program as it enters the N-th call that renames, links, makes, writes, syncs or removes something. For each of the commands
(and for a .zip, for work from the disk, and for a system that cannot exchange two names) an old output is made, and a new one is begun over it, or where
nothing stands; the N are spread evenly over all calls. After each kill:

* under the name stands the whole old output, the whole new one, or nothing where nothing was. A folder is compared file by file with the list in it, a
  bundle is replayed. Where names cannot be exchanged, and for the two files of `train`, this is asked when another output has been begun in the folder;
* files of other people, some of them named like ours, are as they were;
* after one more successful run of the command nothing else is left in the folder.

Prints a table and ends with 1 where anything was otherwise.
"""
import collections, concurrent.futures, hashlib, json, os, pathlib, re, shutil, subprocess, sys, tempfile, zipfile

program = os.path.abspath(sys.argv[1])
n_kills = int(sys.argv[2]) if len(sys.argv) > 2 else 32
CALLS = "rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,mkdir,mkdirat,write,pwrite64,fsync,fdatasync,fchmod,chmod,flock,ftruncate"
GRAPH = "sample:karate"
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
FOREIGN = {
    "notes.txt": "mine",
    "out.unifews-old/thesis.txt": "mine",
    ".unifews-0123456789abcdef.part/thesis.txt": "mine",
    ".unifews-0123456789abcdee.part/lock": "mine",
    ".unifews-half.part": "mine",
}

Command = collections.namedtuple("Command", "name output arguments old new extra strace every", defaults=([], [], 1))


def run(folder, arguments, *, strace=(), check=True):
    done = subprocess.run(
        [*strace, program, *arguments], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 0 or not check, (arguments, done.returncode, done.stderr)
    return done.returncode


def whole(path):
    """What stands at a path: None, "whole" with a key that tells old from new, or what is wrong."""
    if not os.path.lexists(path):
        return None
    if path.is_file():
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                files = json.loads(archive.read("manifest.json"))["files"]
                for name, note in files.items():
                    assert hashlib.sha256(archive.read(name)).hexdigest() == note["sha256"], name
                assert set(archive.namelist()) == {*files, "manifest.json"}
                return hashlib.sha256(archive.read("recipe.toml")).hexdigest()
        return hashlib.sha256(path.read_bytes()).hexdigest()
    listed = json.loads((path / ".unifews-files.json").read_text())
    assert listed["is_whole"], "the list says unfinished"
    found = {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()} - {".unifews-files.json"}
    assert found == set(listed["files"]), found ^ set(listed["files"])
    key = hashlib.sha256()
    for name, note in sorted(listed["files"].items()):
        content = (path / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (note["size_bytes"], note["sha256"]), name
        if name.split("/")[-1] in ("recipe.toml", "graph.json", "features.npy"):
            key.update(content)
    return key.hexdigest()


def pair(folder):
    return tuple(whole(folder / name) for name in ("out.safetensors", "out.recipe.toml"))


def state(command, folder):
    if command.name == "train":
        return pair(folder)
    return whole(folder / command.output)


def prepare(command, folder, base, has_old):
    for name in ("model.safetensors", "bundle", "stored"):
        if (base / name).is_dir():
            # Times are part of what a propagation asks of a stored graph.
            shutil.copytree(base / name, folder / name, copy_function=shutil.copy2)
        else:
            shutil.copy2(base / name, folder / name)
    for name, text in FOREIGN.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    if has_old:
        for source in (base / ("old-" + command.name)).iterdir():
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / source.name)


def calls_of(command, base, has_old):
    """The calls of the thread that writes, in order: their names, and which one of its name each is. strace counts the same way."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prepare(command, folder, base, has_old)
        log = folder / "strace.log"
        run(folder, command.arguments + command.new, strace=["strace", "-f", "-qq", "-o", log, "-e", "trace=" + CALLS, *command.strace])
        lines = [m.groups() for m in re.finditer(r"^(\d+) +(\w+)\(", log.read_text(), re.M)]
        ((writer, _),) = collections.Counter(thread for thread, _ in lines).most_common(1)
        seen, calls = collections.Counter(), []
        for name in (name for thread, name in lines if thread == writer):
            seen[name] += 1
            # A call cannot be told to fail and to kill.
            if not (command.strace and name == "renameat2"):
                calls.append((name, seen[name]))
        return calls


def one_kill(command, base, has_old, at):
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prepare(command, folder, base, has_old)
        old = state(command, folder)
        before = set(os.listdir(folder))
        kill = ["-e", "inject={}:signal=KILL:when={}".format(*at), *command.strace]
        code = run(folder, command.arguments + command.new, strace=["strace", "-f", "-qq", "-o", "/dev/null", *kill], check=False)
        killed = code != 0
        try:
            is_later = command.name == "train" or command.strace
            if is_later:
                # The next start of a write beside it.
                run(folder, ["store", GRAPH, "-o", "other", "--quiet"])
                shutil.rmtree(folder / "other")
            now = state(command, folder)
            new = NEW[command.name]
            if now not in (old, new):
                faults.append(f"neither old nor new: {now}")
            if command.name == "prune" and now is not None:
                run(folder, ["replay", command.output, "--quiet"])
        except Exception as error:
            faults.append(f"{type(error).__name__}: {error}")
        try:
            run(folder, command.arguments + command.new)
            if state(command, folder) != NEW[command.name]:
                faults.append("the next run did not write the new output")
            left = set(os.listdir(folder)) - before - {command.output, *command.extra}
            if left:
                faults.append(f"left behind: {sorted(left)}")
        except Exception as error:
            faults.append(f"next run: {type(error).__name__}: {error}")
        for name, text in FOREIGN.items():
            if not (folder / name).is_file() or (folder / name).read_text() != text:
                faults.append(f"lost: {name}")
        for name in ("model.safetensors", "bundle", "stored"):
            if not (folder / name).exists():
                faults.append(f"lost: {name}")
    return killed, faults


commands = [
    Command("prune", "out", ["prune", GRAPH, "model.safetensors", "-o", "out", "--quiet"], ["--delta-a", "0.2"], ["--delta-a", "0.5"]),
    Command("prune-zip", "out.zip", ["prune", GRAPH, "model.safetensors", "-o", "out.zip", "--quiet"], ["--delta-a", "0.2"], ["--delta-a", "0.5"]),
    Command(
        "train",
        "out.safetensors",
        ["train", GRAPH, "-o", "out.safetensors", "--epochs", "2", "--threads", "1", "--quiet"],
        ["--hidden", "4"],
        ["--hidden", "8"],
        ["out.recipe.toml"],
    ),
    Command("sweep", "out", ["sweep", GRAPH, "model.safetensors", "-o", "out", "--grid-w", "0", "--grid-a", "0,1", "--quiet"], ["--seed", "1"], ["--seed", "2"]),
    Command("propagate", "out", ["propagate", GRAPH, "-o", "out", "--hops", "2", "--quiet"], ["--delta-a", "0.2"], ["--delta-a", "0.5"]),
    Command(
        "propagate-disk",
        "out",
        ["propagate", "stored", "-o", "out", "--hops", "2", "--max-memory", "0.11", "--quiet"],
        ["--delta-a", "0.2"],
        ["--delta-a", "0.5"],
        [],
        [],
        2,
    ),
    Command("store", "out", ["store", "-o", "out", "--quiet"], [GRAPH], ["sample:powerlaw?nodes=60&edges=200&features=4&classes=2"]),
    Command("export", "out", ["export", "bundle", "-o", "out", "--quiet", "--as"], ["recipe"], ["recipe,predictions,metrics,weights"]),
    Command("main job", "unifews-out", ["--headless", GRAPH, "model.safetensors", "--quiet"], ["bundle/recipe.toml"], [], [], [], 2),
    Command(
        "prune, no exchange",
        "out",
        ["prune", GRAPH, "model.safetensors", "-o", "out", "--quiet"],
        ["--delta-a", "0.2"],
        ["--delta-a", "0.5"],
        [],
        ["-e", "inject=renameat2:error=ENOSYS"],
    ),
]
NEW = {}

with tempfile.TemporaryDirectory() as base:
    base = pathlib.Path(base)
    run(base, ["train", GRAPH, "-o", "model.safetensors", "--epochs", "2", "--hidden", "8", "--quiet"])
    run(base, ["prune", GRAPH, "model.safetensors", "-o", "bundle", "--delta-a", "0.3", "--quiet"])
    run(base, ["store", "sample:powerlaw?nodes=20000&edges=60000&features=512&seed=3", "-o", "stored", "--quiet"])
    print(f"{'command':20} {'over':8} {'calls':>6} {'kills':>6} {'faults':>7}")
    total = collections.Counter()
    for command in commands:
        for name, key in (("old-", "old"), ("new-", "new")):
            made = base / (name + command.name)
            made.mkdir()
            for given in ("model.safetensors", "bundle", "stored"):
                os.symlink(base / given, made / given)
            run(made, command.arguments + getattr(command, key))
            for given in ("model.safetensors", "bundle", "stored"):
                os.unlink(made / given)
            if key == "new":
                NEW[command.name] = state(command, made)
        for has_old in (True, False):
            calls = calls_of(command, base, has_old)
            n_calls = len(calls)
            n = min(n_calls, max(1, n_kills // 2 // command.every))
            places = {(n_calls - 1) * i // max(1, n - 1) for i in range(n)}
            # What matters most lies at the end: the renames and what follows them.
            places = [calls[at] for at in sorted({*places, *range(max(0, n_calls - n_kills // 4), n_calls)})]
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                results = list(pool.map(lambda at: one_kill(command, base, has_old, at), places))
            killed = sum(k for k, _ in results)
            faults = [(at, f) for at, (_, fs) in zip(places, results) for f in fs]
            total.update(kills=killed, faults=len(faults))
            print(f"{command.name:20} {'old' if has_old else 'nothing':8} {n_calls:6} {killed:6} {len(faults):7}", flush=True)
            for at, fault in faults[:10]:
                print(f"    {at[0]} {at[1]}: {fault}")
    print(f"{'all':29}        {total['kills']:6} {total['faults']:7}")
sys.exit(total["faults"] > 0)
