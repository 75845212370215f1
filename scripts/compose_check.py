"""Do docker-compose.yml, .env.example, the settings and `manage.py profile` agree? ``python -m scripts.compose_check``

Prints one line for each thing that does not; exit status 1 then. Nothing is started or reached.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import compose_apart
from .compose_apart import OURS
from .fingerprints import ROOT
from .secrets_folder import contents

READ = re.compile(r"""env\.\w+\(\s*["']([A-Z][A-Z0-9_]+)["']""")
WORD = re.compile(r"\$\{([A-Z0-9_]+)(?::-([^}]*))?\}")
ONCE = ("migrate", "bucket", "files-folder")  #: they end, so nothing asks whether they live
WRITES = ("search", "rabbitmq", "minio")  #: images that write beside their volumes
RABBITMQ_WAITS_S = 1800  #: until a message has to be acknowledged, where nothing is said
MESSAGE_WAITS_S = 600  #: a message may lie so long with a worker before its task begins
#: Capabilities that the image's program carries in its file: taken away from the container, it is not started (execve
#: says EPERM: capabilities(7), "capability-dumb binaries"). Who is no root gets them all the same not.
CARRIED = {"proxy": ["NET_BIND_SERVICE"]}
#: Words in the file that are no settings: of the proxy.
NOT_SETTINGS = {"TLS", "SITE"}
#: What the real thing sets besides; without it these halves are embedded for good reason.
REAL = {"SITE_URL": "https://kontor.example", "CARRIER_DHL_URL": "https://carrier.example/parcel/de"}
PINNED = re.compile(r"[a-z0-9./-]+:(?!latest)[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?$")
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
REASON_MIN = 20  #: characters: a sentence, not a word
PROFILE = (
    "import django; django.setup();"
    "from shop.kernel.profile import capabilities; from shop.kernel.checks import halves_fit;"
    "[print(c.name, 'is', c.half) for c in capabilities() if not c.is_scaled]; [print(m) for m in halves_fit(None)]"
)


def settings_read() -> set[str]:
    """Every variable that the settings read."""
    files = (ROOT / "shop" / "settings").glob("*.py")
    return {name for path in files for name in READ.findall(path.read_text(encoding="utf-8"))}


def secret_names() -> set[str]:
    """Those that may come as NAME_FILE."""
    text = (ROOT / "shop" / "settings" / "env.py").read_text(encoding="utf-8")
    return set(re.findall(r'"([A-Z0-9_]+)"', text.partition("SECRETS = (")[2].partition(")")[0]))


def problems(compose: dict[str, Any], text: str, dockerfile: str = "") -> list[str]:
    """What does not agree, as sentences, without asking the profile. dockerfile: its text, if not the one that is
    there."""
    dockerfile = dockerfile or (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return [
        *_names(compose, text),
        *_example(),
        *_queues(compose),
        *_patience(compose),
        *_memory(compose),
        *(line for name, service in compose["services"].items() for line in _service(name, service)),
        *_secrets(compose),
        *_digests(compose, dockerfile),
        *_backups(compose, dockerfile),
        *compose_apart.problems(compose),
    ]


def _digests(compose: dict[str, Any], dockerfile: str) -> Iterator[str]:
    """Each image by the digest of its content, or with a reason in the file itself."""
    images = {service["image"] for service in compose["services"].values() if "build" not in service}
    images |= set(re.findall(r"^FROM (\S+)", dockerfile, re.M))
    reasons = compose.get("x-without-digest", {})
    for image in sorted(images):
        if not DIGEST.search(image) and len(str(reasons.get(image) or "")) < REASON_MIN:
            yield f"{image} has no digest, and x-without-digest gives no reason"
    yield from (
        f"x-without-digest names {image}, which is not used" for image in sorted(set(reasons) - images)
    )
    yield from (
        f"x-without-digest names {image}, which has one" for image in sorted(reasons) if DIGEST.search(image)
    )


def _backups(compose: dict[str, Any], dockerfile: str) -> Iterator[str]:
    """The worker that makes them has PostgreSQL's programs of the server's version and a place that stays."""
    server = re.search(r"^postgres:(\d+)", compose["services"]["postgres"]["image"])
    last = dockerfile.rpartition("\nFROM ")[2]
    client = re.search(r"\bpostgresql-client-(\d+)\b", last)
    if not client:
        yield "the image has no pg_dump and pg_restore: no backup can be made"
    elif server and client[1] != server[1]:
        yield f"postgres is of version {server[1]}, pg_dump in the image of {client[1]}"
    makes = [name for name, service in compose["services"].items()
             if "bulk" in _after(str(service.get("command", "")), "-Q").split(",")]  # fmt: skip
    for name in makes:
        service = compose["services"][name]
        kept = {str(one).rpartition(":")[2] for one in service.get("volumes", []) if ":" in str(one)}
        if service["environment"].get("BACKUP_DIR") not in kept:
            yield f"{name} writes backups to where nothing stays"


def _names(compose: dict[str, Any], text: str) -> Iterator[str]:
    known, secrets = settings_read(), secret_names()
    for name in OURS:
        for variable in compose["services"][name]["environment"]:
            plain = variable.removesuffix("_FILE") if variable.removesuffix("_FILE") in secrets else variable
            if plain not in known:
                yield f"{name} sets {variable}, which no file of shop/settings reads"
    for word, _default in WORD.findall(text):
        if word not in known | NOT_SETTINGS:
            yield f"docker-compose.yml asks for {word}, which means nothing"


def _example() -> Iterator[str]:
    named = set(
        re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M)
    )
    yield from (f".env.example does not name {name}" for name in sorted(settings_read() - named))
    yield from (f".env.example names {name}, which nothing reads" for name in sorted(named - settings_read()))


def _queues(compose: dict[str, Any]) -> Iterator[str]:
    from shop.settings.tasks import ACKED_WITHIN_S, QUEUES, TASK_TABLE

    commands = {name: str(service.get("command", "")) for name, service in compose["services"].items()}
    read = [q for command in commands.values() for q in _after(command, "-Q").split(",") if q]
    if sorted(read) != sorted(QUEUES):
        yield f"workers read {sorted(read)}, the queues are {sorted(QUEUES)}"
    long = {work.queue for work in TASK_TABLE.values() if work.limit_s > ACKED_WITHIN_S}
    for name, command in commands.items():
        if long & set(_after(command, "-Q").split(",")) and int(_after(command, "--concurrency") or 1) < 2:
            yield f"{name} has one process: what it took waits behind a task of more than {ACKED_WITHIN_S} s"
    beats = [name for name, command in commands.items() if " beat " in f"{command} "]
    if len(beats) != 1:
        yield f"there must be one clock, not {beats}"


def _patience(compose: dict[str, Any]) -> Iterator[str]:
    """RabbitMQ closes the channel of who does not acknowledge in time, and we do so when a task is done."""
    from shop.settings.tasks import TASK_TABLE

    longest_s = max(work.limit_s for work in TASK_TABLE.values())
    said = str(compose["services"]["rabbitmq"].get("environment", ""))
    found = re.search(r"consumer_timeout (\d+)", said)
    waits_s = int(found[1]) / 1000 if found else RABBITMQ_WAITS_S
    if waits_s < longest_s + MESSAGE_WAITS_S:
        yield f"rabbitmq gives up a task after {waits_s:.0f} s, the longest may take {longest_s} s"


def _memory(compose: dict[str, Any]) -> Iterator[str]:
    """A process for tasks ends once it has grown so far; until then all of a worker have to fit into its memory."""
    from shop.settings.tasks import TASK_PROCESS_MAX_KIB

    for name, service in compose["services"].items():
        command = str(service.get("command", ""))
        said = str(service.get("deploy", {}).get("resources", {}).get("limits", {}).get("memory", ""))
        if not _after(command, "-Q") or not said:
            continue
        each = int(_after(command, "--max-memory-per-child") or TASK_PROCESS_MAX_KIB)
        grown = each * int(_after(command, "--concurrency") or 1) // 1024
        if grown > int(said[:-1]) * {"M": 1, "G": 1024}[said[-1]]:
            yield f"{name} may grow to {grown} MiB, it has {said}"


def _after(command: str, option: str) -> str:
    return command.partition(f"{option} ")[2].partition(" ")[0]


def _service(name: str, service: dict[str, Any]) -> Iterator[str]:
    if "build" not in service and not PINNED.match(service.get("image", "")):
        yield f"{name}: image {service.get('image')} is not pinned by version"
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    if not {"cpus", "memory", "pids"} <= set(limits):
        yield f"{name} has no limits of processor, memory and processes"
    if name not in ONCE and "healthcheck" not in service:
        yield f"{name}: nothing asks whether it lives"
    user = str(service.get("user", "root")).partition(":")[0]
    if user in ("0", "root"):
        yield f"{name} runs as root"
    if service.get("cap_drop") != ["ALL"]:
        yield f"{name} keeps capabilities"
    if service.get("cap_add", []) != (carried := CARRIED.get(name, [])):
        yield f"{name} has the capabilities {service.get('cap_add', [])}, it needs {carried}"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield f"{name} may gain privileges"
    if name not in ONCE and service.get("restart") != "unless-stopped":
        yield f"{name} stays down when it ends"
    if not service.get("read_only") and name not in WRITES:
        yield f"{name} may write where nothing has to be written"
    yield from (f"{name} opens {port} to others" for port in service.get("ports", []) if not _is_local(port))


def _is_local(port: object) -> bool:
    return str(port).startswith("127.0.0.1:")


def _secrets(compose: dict[str, Any]) -> Iterator[str]:
    given, made = set(compose.get("secrets", {})), set(contents({}))
    for name, service in compose["services"].items():
        mounted = {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}
        yield from (f"{name} mounts {one}, which is no secret here" for one in sorted(mounted - given))
        environment = service.get("environment", {})
        for variable, value in environment.items():
            if variable.endswith("_FILE") and Path(str(value)).name not in mounted:
                yield f"{name}: {variable} names {value}, which is not mounted"
            if variable in secret_names() - {"S3_ACCESS_KEY"} or "PASSWORD" in variable.partition("_FILE")[0]:
                if not variable.endswith("_FILE"):
                    yield f"{name}: {variable} stands in the open; give it as a file"
    yield from (f"scripts/secrets_folder.py makes no {one}" for one in sorted(given - made))


def resolved(compose: dict[str, Any]) -> list[str]:
    """What `manage.py profile` and the boot checks say to the environment of `web`: nothing, when all is scaled."""
    with tempfile.TemporaryDirectory(prefix="kontor-compose-") as folder:
        for name, text in contents({}).items():
            Path(folder, name).write_text(text or f"sk_test_{name}")
        said = {name: WORD.sub(lambda m: m.group(2) or "x", str(value))
                for name, value in compose["services"]["web"]["environment"].items()}  # fmt: skip
        filled = {name: value.replace("/run/secrets", folder) for name, value in said.items()} | REAL
        own = {"KONTOR_DATA_DIR": folder, "KONTOR_ENV_FILE": os.devnull, "PATH": os.environ.get("PATH", ""),
               "DJANGO_SETTINGS_MODULE": "shop.settings"}  # fmt: skip
        done = subprocess.run([sys.executable, "-c", PROFILE], cwd=ROOT, env=own | filled, capture_output=True,
                              text=True, check=False)  # fmt: skip
    return done.stdout.splitlines() or done.stderr.splitlines()[-1:]


def main() -> int:
    """Say what does not agree."""
    import yaml

    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    compose = yaml.safe_load(text)
    found = problems(compose, text) + resolved(compose)
    print("\n".join(found) or "docker-compose.yml, .env.example, settings and profile agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
