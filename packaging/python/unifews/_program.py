"""The program, found and run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Sequence
from pathlib import Path


class UnifewsError(RuntimeError):
    """The program could not do it; the message is the program's own.

    ``code`` is its exit code: 1 it could not be done, 2 the call was wrong.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def program() -> Path:
    """Where the program is: what ``UNIFEWS_BINARY`` names, else what was installed with this module, else the one on the PATH.

    >>> import unifews
    >>> unifews.program().name.startswith("unifews")
    True
    """
    given = os.environ.get("UNIFEWS_BINARY")
    if given:
        return Path(given)
    name = "unifews.exe" if os.name == "nt" else "unifews"
    folders = [sysconfig.get_path("scripts"), Path(sys.executable).parent]
    if hasattr(sysconfig, "get_preferred_scheme"):
        folders.append(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))
    for folder in folders:
        found = Path(folder) / name
        if found.is_file():
            return found
    on_path = shutil.which(name)
    if on_path is None:
        raise UnifewsError(f"the program is not here: neither beside {sys.executable} nor on the PATH; UNIFEWS_BINARY names one")
    return Path(on_path)


def run(*arguments: str | os.PathLike[str], codes: Sequence[int] = (0,)) -> str:
    """Runs the program on the terminal's commands and gives what it prints.

    codes: exit codes that are no failure. What the program warns of is a warning here, too.

    >>> import unifews
    >>> unifews.run("--version").split()[0]
    'unifews'
    >>> unifews.run("prune", "sample:karate", "no-such-model", "-o", "x")
    Traceback (most recent call last):
        ...
    unifews._program.UnifewsError: cannot open: No such file or directory (os error 2): no-such-model
    """
    command = [str(program()), *map(os.fspath, arguments)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace")
    if ended.returncode not in codes:
        error = ended.stderr.rpartition("error: ")[2].strip()
        raise UnifewsError(error or f"the program ended with {ended.returncode}", ended.returncode)
    for line in ended.stderr.splitlines():
        if line.startswith("warning: "):
            warnings.warn(line.removeprefix("warning: "), stacklevel=3)
    return ended.stdout
