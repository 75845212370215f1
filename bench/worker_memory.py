"""What a worker of the web server holds, and where: ``python -m bench.worker_memory`` on a copy of the demo shop.

One worker of four threads, begun as `make run` begins it, so that it sees all that is asked: the shop's pages in the
order of its sitemap, whole orders by guests, then the pages of office and editor as they are linked. Said are
megabytes: resident (what the worker itself goes by, and `make bench`), of which its own memory and mapped files, and
the proportional share (PSS), in which what is shared with other processes counts in part. Figures of 27 November 2026:
docs/decisions/0106.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from scripts.processes import Plan, Supervisor, free_port
from tests.support.environment import isolated
from tests.support.kontor import demo_shop

from .peer.load import cpu_seconds
from .peer.orders import Guest, order_at_kontor

LOCATIONS = re.compile(r"<loc>https?://[^/]+(/[^<]*)</loc>")
LINKS = re.compile(r'href="((?:/en)?/(?:dashboard|cms)/[^"#]*)"')
#: Addresses that end a session, or answer with a file and not with a page.
NOT_ASKED = re.compile(r"logout|/export|\.(csv|pdf|zip|xlsx|json)|format=|/cms/(login|password)")
PRODUCT = re.compile(r"/catalogue/[^/]+_\d+/")
NAMED = 5  #: pages of the office that added most
TRIES = 4  #: for an order: not everything can be had
ALIKE = 3  #: pages of one kind, different rows, that are asked for


def held(pid: int) -> dict[str, float]:
    """Megabytes of a process: resident, its own (anonymous), of mapped files, and its proportional share."""
    status = Path(f"/proc/{pid}/status").read_text()
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()

    def of(name: str, text: str) -> float:
        found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0

    return {
        "rss": of("VmRSS", status),
        "own": of("RssAnon", status),
        "files": of("RssFile", status) + of("RssShmem", status),
        "pss": of("Pss", rollup),
    }


def mapped(pid: int) -> list[tuple[float, str]]:
    """What a process has in memory by what it maps, the largest first: megabytes and the name ("heap", "anonymous")."""
    sums: dict[str, float] = {}
    name = ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"^[0-9a-f]+-[0-9a-f]+ ", line):
            parts = line.split(maxsplit=5)
            name = Path(parts[5]).name if len(parts) > 5 else "anonymous"
        elif line.startswith("Rss:"):
            sums[name] = sums.get(name, 0.0) + int(line.split()[1]) / 1024
    return sorted(((mb, name) for name, mb in sums.items()), reverse=True)


def workers_of(pid: int) -> list[int]:
    """The processes right below one."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def shop_of(workers: int) -> Iterator[tuple[Plan, int]]:
    """The web server of a Kontor with the demo shop. Returns how it was planned and the process above its workers."""
    with tempfile.TemporaryDirectory(prefix="kontor-memory-") as name:
        folder = Path(name)
        shutil.copytree(demo_shop(), folder, dirs_exist_ok=True, symlinks=True)
        own = isolated(folder) | {"LOG_LEVEL": "ERROR"}
        own.pop("BROKER_URL", None)
        plan = Plan(free_port(), free_port(), folder, own, web_workers=workers)
        lines: list[str] = []
        web = [child for child in plan.children() if child.name in ("web", "stripe")]
        supervisor = Supervisor(web, lines.append)
        try:
            supervisor.start()
            process = supervisor.child("web").process
            assert process is not None
            yield plan, process.pid
        finally:
            supervisor.stop()


def staff_session(plan: Plan) -> str:
    """The cookie of somebody who may see everything and has shown a second factor."""
    made = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from django.test import Client\n"
        "from shop.customers.models import User\n"
        "from tests.support.second_factor import shown_at_force_login\n"
        "client = Client()\n"
        "shown_at_force_login(client, User.objects.filter(is_superuser=True)[0])\n"
        "print(settings.SESSION_COOKIE_NAME + '=' + client.cookies[settings.SESSION_COOKIE_NAME].value)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", made],
        env=plan.full_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


class Visit:
    """Asks for pages one after the other and counts what came."""

    def __init__(self, plan: Plan, cookie: str = "") -> None:
        self.guest = Guest(plan.port)
        if cookie:
            self.guest.opener.addheaders = [("Cookie", cookie)]
        self.answers: dict[int, int] = {}

    def page(self, path: str) -> str:
        """A page; "" where there is none."""
        try:
            text = self.guest.get(path)
            status = int(HTTPStatus.OK)
        except urllib.error.HTTPError as error:
            text, status = "", error.code
        except UnicodeDecodeError:  # a picture, a PDF
            text, status = "", int(HTTPStatus.OK)
        self.answers[status] = self.answers.get(status, 0) + 1
        return text


def shop_pages(visit: Visit) -> list[str]:
    """The addresses of the sitemap."""
    maps = LOCATIONS.findall(visit.page("/sitemap.xml"))
    return list(
        dict.fromkeys(itertools.chain.from_iterable(LOCATIONS.findall(visit.page(one)) for one in maps))
    )


def staff_pages(visit: Visit, most: int) -> Iterator[str]:
    """The pages of the office and of the editor as they are linked, each once, nearest first."""
    waiting, kinds = ["/dashboard/", "/cms/"], Counter[str]()
    seen = set(waiting)
    for _ in range(most):
        if not waiting:
            return
        path = waiting.pop(0)
        for link in (found.replace("&amp;", "&") for found in LINKS.findall(visit.page(path))):
            kind = re.sub(r"\d+", "0", link.partition("?")[0])
            if link in seen or kinds[kind] >= ALIKE or NOT_ASKED.search(link):
                continue
            seen.add(link)
            kinds[kind] += 1
            waiting.append(link)
        yield path


class Measured:
    """What the largest worker held at each step."""

    def __init__(self, pid: int, maps: int) -> None:
        self.pid, self.maps = pid, maps
        self.figures: dict[str, dict[str, float]] = {}

    def say(self, what: str) -> None:
        """Measure, and print it with the largest of what is mapped."""
        largest = max(workers_of(self.pid), key=lambda one: held(one)["rss"])
        self.figures[what] = {name: round(mb, 1) for name, mb in held(largest).items()}
        print(
            f"{what:<8}",
            "  ".join(f"{name} {mb:6.1f}" for name, mb in self.figures[what].items()),
            flush=True,
        )
        for mb, name in mapped(largest)[: self.maps]:
            print(f"    {mb:6.1f} {name}")


def cpu_ms(pid: int, ask: Callable[[str], object], paths: list[str], count: int) -> float:
    """Milliseconds of CPU the web server takes for a page, of ``count`` pages after one round to warm up."""
    for path in paths:
        ask(path)
    before = cpu_seconds([pid])
    for path in itertools.islice(itertools.cycle(paths), count):
        ask(path)
    return (cpu_seconds([pid]) - before) * 1000 / count


def order(plan: Plan, products: list[str], count: int) -> int:
    """So many whole orders, each of another product. Returns how many came to their end."""
    done, place = 0, itertools.cycle(products)
    for _ in range(count * TRIES):
        if done == count:
            break
        try:
            order_at_kontor(plan.port, next(place))
            done += 1
        except (RuntimeError, urllib.error.HTTPError):
            continue  # sold out, or it wants a choice first
    return done


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=int, default=170, help="pages of the shop")
    parser.add_argument("--orders", type=int, default=50)
    parser.add_argument("--office", type=int, default=170, help="pages of office and editor")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--maps", type=int, default=0, help="also the largest of what it maps, so many")
    parser.add_argument(
        "--cpu", type=int, default=0, help="also CPU of a product page and a list, of so many"
    )
    options = parser.parse_args()
    with shop_of(options.workers) as (plan, pid):
        measured = Measured(pid, options.maps)
        measured.say("begun")
        visit = Visit(plan)
        pages = shop_pages(visit)
        products = [path for path in pages if PRODUCT.fullmatch(path)]
        for path in pages[: options.shop]:
            visit.page(path)
        print("  pages of the shop, by status:", visit.answers)
        measured.say("shop")
        if options.cpu:
            lists = [path for path in pages if path.startswith("/catalogue/category/")]
            for name, paths in (("product", products), ("list", lists)):
                print(f"  {name}: {cpu_ms(pid, visit.page, paths, options.cpu):.2f} ms of CPU")
        print("  orders:", order(plan, products, options.orders))
        measured.say("orders")
        staff, grew = Visit(plan, staff_session(plan)), []
        before = held(workers_of(pid)[0])["rss"]
        for path in staff_pages(staff, options.office):
            now = held(workers_of(pid)[0])["rss"]
            grew.append((round(now - before, 1), path))
            before = now
        print("  pages of the office, by status:", staff.answers, sorted(grew, reverse=True)[:NAMED])
        measured.say("office")
    print(json.dumps(measured.figures))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    main()
