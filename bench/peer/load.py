"""Asking a web server as fast as it answers, and reading what that cost: requests and CPU, application and database."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

TICKS = os.sysconf("SC_CLK_TCK")
HOST = "127.0.0.1"
CONNECTIONS = 4


@dataclass(frozen=True)
class Cost:
    """What one measurement gave."""

    per_second: float
    cpu_ms: float


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of several rounds, of each figure by itself."""
    return Cost(median(one.per_second for one in costs), median(one.cpu_ms for one in costs))


def cpu_seconds(roots: Sequence[int]) -> float:
    """CPU that these processes and all below them have used until now, those that have ended included."""
    seen: dict[int, list[str]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                seen[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
    ours, grown = set(roots), True
    while grown:
        more = {pid for pid, stat in seen.items() if int(stat[1]) in ours} - ours
        grown = bool(more)
        ours |= more
    return sum(sum(map(int, seen[pid][11:15])) for pid in ours if pid in seen) / TICKS


def rss_mb(root: int) -> float:
    """The largest resident memory of a process below ``root``, in megabytes."""
    largest = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = dict(
                    line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line
                )
            except OSError:
                continue
            if int(status["PPid"]) == root and "VmRSS" in status:
                largest = max(largest, int(status["VmRSS"].split()[0]))
    return largest / 1024


def get(port: int, path: str, cookies: str = "") -> bytes:
    """One GET by a reader with these cookies ("a=1; b=2"); raises RuntimeError for anything but 200."""
    with socket.create_connection((HOST, port), timeout=60) as link:
        more = f"Cookie: {cookies}\r\n" if cookies else ""
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{more}Connection: close\r\n\r\n".encode())
        parts = []
        while part := link.recv(1 << 16):
            parts.append(part)
    answer = b"".join(parts)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{path}: {answer[:200]!r}")
    return answer


def drive(
    port: int, paths: Sequence[str], *, seconds: float, roots: Sequence[int], cookies: str = ""
) -> Cost:
    """Ask for the paths in turn over CONNECTIONS connections for so many seconds. Each gets through at least once."""
    return _measure(lambda turn: get(port, paths[turn % len(paths)], cookies), seconds, roots, CONNECTIONS)


def repeat(deed: Callable[[int], object], *, seconds: float, roots: Sequence[int]) -> Cost:
    """Do the same over and over, one after the other: a whole order, for example."""
    return _measure(deed, seconds, roots, 1)


def _measure(deed: Callable[[int], object], seconds: float, roots: Sequence[int], threads: int) -> Cost:
    done, failed = [0] * threads, []
    began, before = time.perf_counter(), cpu_seconds(roots)
    until = began + seconds

    def work(number: int) -> None:
        try:
            while not done[number] or time.perf_counter() < until:
                deed(done[number] * threads + number)
                done[number] += 1
        except Exception as error:  # told below, in the thread that measures
            failed.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]
    took, spent = time.perf_counter() - began, cpu_seconds(roots) - before
    return Cost(sum(done) / took, spent * 1000 / sum(done))
