#!/usr/bin/env python3
"""Answer requests with two models, so that the pruned one proves itself on a share of them.

Needs numpy, scipy and safetensors. A hash of the node's id decides which model answers, always the same one for the
same id. Every answered node is a line of the log; for a sample of the nodes the line holds both answers.

    GET  /predict?node=ID            one node
    POST /predict {"nodes": [ID, …]}  up to 1,000 nodes
    GET  /health                     what is served, and how much so far

SIGTERM or Ctrl+C: no new requests, those at work are answered, exit code 0.
"""

import argparse
import csv
import hashlib
import json
import math
import os
import signal
import socket
import sys
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FOLDER = Path(__file__).resolve().parent
sys.dont_write_bytecode = True  # the bundles' folders stay as they were written
sys.path.insert(0, str(FOLDER / "baseline"))

import load_bundle  # noqa: E402

ARMS = ("baseline", "pruned")
MAX_NODES = 1000
MAX_BODY_BYTES = 1 << 20
# More of a body that nobody wants is not read before the answer says so.
MAX_UNREAD_BYTES = 8 << 20


def fraction(salt, purpose, node):
    """A number from 0 to below 1 that stands for this id."""
    digest = hashlib.sha256(f"{salt}\n{purpose}\n{node}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


class Pilot:
    """Both models, and who is answered by which. Nothing in it changes while requests are answered."""

    def __init__(self, folder, features=None):
        self.note = json.loads((folder / "pilot.json").read_text(encoding="utf-8"))
        if self.note["format"] != "unifews-pilot/1":
            sys.exit(f"expected unifews-pilot/1, found {self.note['format']}: {folder / 'pilot.json'}")
        for name in ("share", "sample"):
            if not 0 <= self.note[name] <= 1:
                sys.exit(f"pilot.json, {name}: expected a number from 0 to 1, found {self.note[name]}")
        self.bundles = {arm: load_bundle.load(folder / arm, features=features) for arm in ARMS}
        baseline, pruned = (self.bundles[arm] for arm in ARMS)
        if pruned["features"] is not None:
            pruned["features"] = baseline["features"]  # of the same graph, so one copy is enough
        with open(folder / "baseline" / "predictions.csv", newline="", encoding="utf-8") as file:
            self.numbers = {row["node"]: at for at, row in enumerate(csv.DictReader(file))}
        for arm in ARMS:  # what cannot be served fails now and not with the first request
            self.answers(arm, list(self.numbers)[:1])

    def arm_of(self, node):
        return "pruned" if fraction(self.note["salt"], "arm", node) < self.note["share"] else "baseline"

    def is_sampled(self, node):
        return fraction(self.note["salt"], "sample", node) < self.note["sample"]

    def answers(self, arm, nodes):
        """Class and margin of every node, and the milliseconds that all of them took."""
        begin = time.perf_counter()
        part, rows = load_bundle.part_of(self.bundles[arm], [self.numbers[node] for node in nodes])
        logits = load_bundle.forward(part)[rows]
        answers = [{"answer": int(row.argmax()), "margin": finite(load_bundle.margin(row))} for row in logits]
        return answers, round(1000 * (time.perf_counter() - begin), 3)

    def predict(self, nodes):
        """For every node what is answered, and its line of the log."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        lines = [None] * len(nodes)
        for arm, other in (ARMS, ARMS[::-1]):
            places = [at for at, node in enumerate(nodes) if self.arm_of(node) == arm]
            for at, line in zip(places, self.lines(arm, [nodes[at] for at in places])):
                lines[at] = {"time": now, "pilot": self.note["id"], "id": nodes[at], "arm": arm, **line}
            sampled = [at for at in places if self.is_sampled(nodes[at])]
            for at, line in zip(sampled, self.lines(other, [nodes[at] for at in sampled])):
                lines[at]["other"] = {"arm": other, **line}
        return [self.said(line) for line in lines], lines

    def lines(self, arm, nodes):
        if not nodes:
            return []
        answers, milliseconds = self.answers(arm, nodes)
        return [{**answer, "milliseconds": milliseconds, "batch": len(nodes)} for answer in answers]

    def said(self, line):
        names = self.note["class_names"]
        name = {"class_name": names[line["answer"]]} if names else {}
        return {"node": line["id"], "class": line["answer"], **name, "margin": line["margin"], "arm": line["arm"]}


def finite(number):
    return round(float(number), 6) if math.isfinite(number) else None


class Log:
    """Lines of JSON that are only ever added: a kill loses at most the line that is being written."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.n_lost = 0
        self.file = open(path, "ab", buffering=0)
        if self.file.tell():
            with open(path, "rb") as file:
                file.seek(-1, 2)
                is_whole = file.read() == b"\n"
            if not is_whole:  # a kill cut the last line: the next one begins on its own
                self.file.write(b"\n")

    def add(self, lines):
        data = memoryview("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
        with self.lock:
            try:
                while data:
                    data = data[self.file.write(data):]
            except OSError as error:  # a full disk takes no answer away
                self.n_lost += len(lines)
                print(f"warning: {len(lines)} lines are not in the log: {error}", file=sys.stderr, flush=True)


class Refused(Exception):
    """A request that is not answered: status, what was expected and what was found."""

    def __init__(self, status, error, **more):
        super().__init__(error)
        self.status, self.more = status, more


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60  # seconds that a connection may say nothing
    is_read = False  # whether the body of the request was

    def do_GET(self):
        self.answer({"/predict": self.one_node, "/health": self.health})

    def do_POST(self):
        self.answer({"/predict": self.many_nodes})

    def answer(self, paths):
        self.is_read = False
        try:
            path = urlsplit(self.path).path
            if path not in ("/predict", "/health"):
                raise Refused(404, f"expected /predict or /health, found {path}")
            if path not in paths:
                raise Refused(405, f"expected GET, found {self.command}")
            self.send(200, paths[path]())
        except Refused as refused:
            self.drain()
            self.send(refused.status, {"error": str(refused), **refused.more})
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True
        except Exception as error:  # one request must not take the others down
            self.close_connection = True
            print(f"error: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self.send(500, {"error": "the answer could not be computed; the server's stderr says why"})

    def drain(self):
        """Reads what is left of a request, so that who sends it gets the answer, and ends the connection behind it."""
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        left = min(int(length), MAX_UNREAD_BYTES) if length.isdigit() and not self.is_read else 0
        while left and (part := self.rfile.read(min(left, 1 << 16))):
            left -= len(part)

    def one_node(self):
        nodes = parse_qs(urlsplit(self.path).query, keep_blank_values=True).get("node", [])
        if len(nodes) != 1:
            raise Refused(400, f"expected one node (/predict?node=ID), found {len(nodes)}")
        return self.predict(nodes)[0]

    def many_nodes(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            raise Refused(411, "expected a body with its Content-Length, found none")
        if int(length) > MAX_BODY_BYTES:
            raise Refused(413, f"expected at most {MAX_BODY_BYTES} bytes, found {length}")
        self.is_read = True
        try:
            nodes = json.loads(self.rfile.read(int(length)))["nodes"]
        except (ValueError, KeyError, TypeError):
            raise Refused(400, 'expected a JSON document {"nodes": [ID, …]}, found another') from None
        is_list = isinstance(nodes, list) and all(isinstance(node, (str, int)) for node in nodes)
        if not is_list or not 1 <= len(nodes) <= MAX_NODES:
            raise Refused(400, f"nodes: expected a list of 1 to {MAX_NODES} ids, found {len(nodes) if is_list else 'something else'}")
        return {"answers": self.predict([str(node) for node in nodes])}

    def predict(self, nodes):
        pilot = self.server.pilot
        unknown = [node for node in nodes if node not in pilot.numbers]
        if unknown:
            raise Refused(404, "expected ids of column node of predictions.csv, found others", unknown=unknown[:10])
        said, lines = pilot.predict(nodes)
        self.server.log.add(lines)  # first, so that every answer that left is in the log
        self.server.count(lines)
        return said

    def health(self):
        server, note = self.server, self.server.pilot.note
        said = {name: note[name] for name in ("id", "title", "share", "sample")}
        return {"status": "ok", **said, "answered": dict(server.answered), "not_in_log": server.log.n_lost}

    def send(self, status, value):
        body = json.dumps(value, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            if status == 405:
                self.send_header("Allow", "GET" if urlsplit(self.path).path == "/health" else "GET, POST")
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True  # nobody waits for it any more

    def send_error(self, code, message=None, explain=None):
        """What the standard library refuses by itself, in the same form."""
        self.close_connection = True
        wrong_method = code == 501
        self.send(405 if wrong_method else code, {"error": "expected GET or POST, found another method" if wrong_method else message or "bad request"})

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # a stop waits for those at work
    request_queue_size = 128

    def __init__(self, address, pilot, log):
        super().__init__(address, Handler)
        self.pilot, self.log = pilot, log
        self.connections, self.answered, self.lock = set(), {arm: 0 for arm in ARMS}, threading.Lock()

    def count(self, lines):
        with self.lock:
            for line in lines:
                self.answered[line["arm"]] += 1

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is no error
            super().handle_error(request, client_address)

    def stop(self):
        """Ends connections that wait for a next request, and waits for the others."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                pass  # it ended by itself
        self.server_close()


def say(text):
    try:
        print(text, flush=True)
    except BrokenPipeError:  # nobody listens any more; that is no failure
        sys.stdout = open(os.devnull, "w")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine alone")
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free; default: 8000")
    parser.add_argument("--log", metavar="FILE", default="requests.jsonl", help="is only ever added to; default: requests.jsonl")
    parser.add_argument("--features", metavar="FILE", help="node features, for bundles without: .npy, or .npz of SciPy")
    options = parser.parse_args()
    pilot = Pilot(FOLDER, options.features)
    try:
        log = Log(options.log)
    except OSError as error:
        sys.exit(f"the log cannot be written: {error}")
    try:
        server = Server((options.host, options.port), pilot, log)
    except OSError as error:
        sys.exit(f"cannot listen at {options.host}, port {options.port}: {error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    host, port = server.server_address[:2]
    say(f"{pilot.note['title']}: http://{host}:{port}, {100 * pilot.note['share']:.1f} % of the nodes to the pruned model")
    server.serve_forever(poll_interval=0.1)
    server.stop()
    say(f"stopped; answered: {server.answered['baseline']} by the baseline, {server.answered['pruned']} by the pruned model")
    return 0


if __name__ == "__main__":
    sys.exit(main())
