"""docker-compose.yml, .env.example, the settings and the profile agree, and the script that says so can fail."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from scripts import alive, compose_check, secrets_folder
from shop.settings.env import SECRETS, read_secrets
from tests.architecture.source import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
CADDY = (ROOT / "docker" / "Caddyfile").read_text()


def test_compose_example_and_settings_agree() -> None:
    assert compose_check.problems(COMPOSE, TEXT) == []


def test_the_scaled_profile_is_scaled_in_every_part() -> None:
    """Settings read with the addresses of docker-compose.yml; nothing is reached."""
    assert compose_check.resolved(COMPOSE) == []


def web(**environment: str) -> Callable[[Any], None]:
    return lambda compose: compose["services"]["web"]["environment"].update(environment)


def service(name: str, **more: Any) -> Callable[[Any], None]:
    return lambda compose: compose["services"][name].update(more)


def without(name: str, key: str) -> Callable[[Any], Any]:
    return lambda compose: compose["services"][name].pop(key)


def worker_index_with(secret: str) -> Callable[[Any], None]:
    return lambda compose: compose["services"]["worker-index"]["secrets"].append(secret)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (web(SPEED="9"), "web sets SPEED, which no file of shop/settings reads"),
        (web(SECRET_KEY="open"), "web: SECRET_KEY stands in the open"),
        (web(METRICS_TOKEN_FILE="/run/secrets/other"), "which is not mounted"),
        (service("worker-bulk", command="celery worker -Q bulk,mail"), "workers read"),
        (without("worker-index", "command"), "workers read"),
        (
            service("worker-index", command="celery worker --concurrency 1 -Q index"),
            "worker-index has one process: what it took waits behind a task of more",
        ),
        (
            service("worker-bulk", command="celery worker --concurrency 1 -Q bulk"),
            "worker-bulk has one process: what it took waits behind a task of more",
        ),
        (
            service("worker-money", command="celery worker --concurrency 2 -Q money,mail"),
            "worker-money may grow to 683 MiB, it has 512M",
        ),
        (
            service("worker-index", command="celery worker --concurrency 4 -Q index"),
            "worker-index may grow to 1367 MiB, it has 768M",
        ),
        (service("worker-bulk", command="celery -A shop beat -Q bulk"), "there must be one clock"),
        (service("redis", image="redis:latest"), "not pinned"),
        (service("redis", image="redis"), "not pinned"),
        (service("mail", image="axllent/mailpit:edge"), "not pinned"),
        (without("postgres", "deploy"), "no limits"),
        (without("proxy", "healthcheck"), "whether it lives"),
        (without("proxy", "user"), "runs as root"),
        (without("rabbitmq", "environment"), "rabbitmq gives up a task after 1800 s"),
        (without("redis", "cap_drop"), "keeps capabilities"),
        (without("proxy", "cap_add"), "proxy has the capabilities [], it needs ['NET_BIND_SERVICE']"),
        (service("redis", cap_add=["SYS_ADMIN"]), "redis has the capabilities ['SYS_ADMIN'], it needs []"),
        (without("web", "read_only"), "may write"),
        (service("web", ports=["8000:8000"]), "opens 8000:8000 to others"),
        (service("redis", secrets=["nothing"]), "which is no secret here"),
        (without("bucket", "security_opt"), "bucket may gain privileges"),
        (without("web", "restart"), "web stays down"),
        (service("redis", image="redis:7.4.2-alpine"), "redis:7.4.2-alpine has no digest"),
        (service("redis", image="redis:7.4.2-alpine"), "names redis:7.4.1-alpine, which is not used"),
        (lambda compose: compose["x-without-digest"].update({"redis:7.4.1-alpine": "no"}), "gives no reason"),
        (service("postgres", image="postgres:16.4-alpine"), "version 16, pg_dump in the image of 15"),
        (without("worker-bulk", "volumes"), "worker-bulk writes backups to where nothing stays"),
        (service("worker-bulk", volumes=["/data", "/backups"]), "worker-bulk writes backups to where"),
        (without("minio", "user"), "minio runs as root"),
        (service("minio", user="0:0"), "minio runs as root"),
        (without("redis", "logging"), "redis may fill the disk with its log"),
        (
            service("bucket", logging={"driver": "json-file", "options": {"max-size": "1m"}}),
            "bucket may fill",
        ),
        (service("beat", secrets=["secret_key"]), "beat does not get database_url, which it needs"),
        (service("redis", secrets=["secret_key"]), "redis gets secret_key, which it does not need"),
        (worker_index_with("stripe_secret_key"), "worker-index gets stripe_secret_key"),
        (worker_index_with("carrier_dhl_password"), "worker-index gets carrier_dhl_password"),
        (
            service("postgres", networks=["inside", "front"]),
            "proxy reaches postgres, web; it must reach web alone",
        ),
        (service("proxy", networks=["front", "inside"]), "proxy reaches beat, "),
        (without("proxy", "networks"), "proxy reaches nobody"),
        (without("redis", "networks"), "redis has a way out, and nobody says what for"),
        (service("postgres", networks=["inside", "outside"]), "postgres has a way out"),
        (service("worker-money", networks=["inside"]), "worker-money has no way out, and needs it: Stripe"),
        (lambda compose: compose["networks"]["inside"].pop("internal"), "postgres has a way out"),
        (lambda compose: compose["networks"].update(inside=None), "rabbitmq has a way out"),
        (
            web(TRUSTED_PROXIES="172.16.0.0/12"),
            "web believes 172.16.0.0/12 who its visitors are, proxy is in 172.28",
        ),
        (lambda compose: compose.pop("x-without-digest"), "python:3.11.10-slim-bookworm has no digest"),
    ],
)
def test_the_script_says_what_does_not(spoil: Callable[[Any], Any], said: str) -> None:
    spoilt = copy.deepcopy(COMPOSE)
    spoil(spoilt)
    assert [line for line in compose_check.problems(spoilt, TEXT) if said in line]


def test_an_image_with_its_digest_needs_no_reason() -> None:
    pinned = copy.deepcopy(COMPOSE)
    pinned["services"]["redis"]["image"] = f"redis:7.4.1-alpine@sha256:{'0a' * 32}"
    del pinned["x-without-digest"]["redis:7.4.1-alpine"]
    assert compose_check.problems(pinned, TEXT) == []


@pytest.mark.parametrize(
    ("client", "said"),
    [("", "the image has no pg_dump"), ("postgresql-client-14", "version 15, pg_dump in the image of 14")],
)
def test_the_image_must_have_the_programs_of_the_servers_version(client: str, said: str) -> None:
    image = (ROOT / "Dockerfile").read_text().replace("postgresql-client-15", client)
    assert [line for line in compose_check.problems(COMPOSE, TEXT, image) if said in line]


def test_a_half_that_is_embedded_and_a_word_without_meaning_are_said() -> None:
    spoilt = copy.deepcopy(COMPOSE)
    del spoilt["services"]["web"]["environment"]["CACHE_URL_FILE"]
    assert any("cache is embedded" in line for line in compose_check.resolved(spoilt))
    assert any("NONSENSE" in line for line in compose_check.problems(COMPOSE, TEXT + "${NONSENSE:-1}"))


def test_the_server_in_front_waits_for_slow_clients_itself() -> None:
    for word in ("read_header", "read_body", "write", "idle", "max_header_size", "max_size", "request_buffers",
                 "response_buffers", "response_header_timeout", "lb_try_duration", "health_uri /healthz"):  # fmt: skip
        assert re.search(rf"^\s*{word}\b", CADDY, re.M), f"{word} is not set"
    assert CADDY.count("{") == CADDY.count("}")


def test_certificates_outlive_the_server_in_front_and_it_may_write_them() -> None:
    """Let's Encrypt: five certificates a week for the same names. A new volume belongs to whom its folder belongs to in
    the image that has it first."""
    proxy, maker = COMPOSE["services"]["proxy"], COMPOSE["services"]["files-folder"]
    kept = {"type": "volume", "source": "certificates", "target": "/data", "volume": {"nocopy": True}}
    assert kept in proxy["volumes"] and not [one for one in proxy["tmpfs"] if one.startswith("/data")]
    assert "certificates" in COMPOSE["volumes"] and "certificates:/backups" in maker["volumes"]
    assert proxy["depends_on"]["files-folder"] == {"condition": "service_completed_successfully"}
    assert proxy["user"] == maker["user"]
    assert "install -d -o kontor -m 0700 /backups" in (ROOT / "Dockerfile").read_text()


def test_the_image_has_pinned_and_hashed_libraries_and_no_root() -> None:
    image = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes" in image and "npm" in image and " ci " in image.replace("\n", " ")
    assert [line for line in image.splitlines() if line.startswith("USER ")][-1] in (
        "USER kontor",
        "USER 10001",
    )
    assert re.findall(r"^FROM (\S+)", image, re.M) == ["python:3.11.10-slim-bookworm"] * 2


def settings_of(name: str, tmp_path: Path) -> dict[str, Any]:
    """The settings of a service of docker-compose.yml as its process reads them, in a shop that has its keys of Stripe;
    nothing is reached."""
    folder = tmp_path / "secrets"
    secrets_folder.main([str(folder)])
    mounted = COMPOSE["services"][name]["secrets"]
    for path in folder.iterdir():
        if path.name not in mounted:
            path.unlink()
        elif path.name.startswith("stripe_"):
            path.chmod(0o600)
            path.write_text("sk_test_of_the_shop")
    said = {key: compose_check.WORD.sub(lambda m: m.group(2) or "x", str(value)).replace("/run/secrets", str(folder))
            for key, value in COMPOSE["services"][name]["environment"].items()}  # fmt: skip
    own = {"KONTOR_DATA_DIR": str(tmp_path), "KONTOR_ENV_FILE": os.devnull, "PATH": os.environ["PATH"],
           "DJANGO_SETTINGS_MODULE": "shop.settings"}  # fmt: skip
    asked = (
        "import json, django; django.setup(); from django.conf import settings as s;"
        "from shop.kernel.checks import halves_fit; from checkout.payment import stripe_client as c\n"
        "try: c._ask('x', lambda: 'answered', str); found = 'answered'\n"
        "except c.ProviderDown as error: found = str(error)\n"
        "print(json.dumps([s.STRIPE_IS_STANDIN, s.STRIPE_SECRET_KEY, [str(m) for m in halves_fit(None)], found]))"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, env=own | said, capture_output=True, text=True,
                          check=True)  # fmt: skip
    is_standin, key, complaints, found = json.loads(done.stdout)
    return {"is_standin": is_standin, "key": key, "complaints": complaints, "found": found}


@pytest.mark.parametrize(("name", "pays"), [("worker-money", True), ("worker-bulk", False), ("beat", False)])
def test_each_process_starts_with_its_own_secrets_and_who_takes_no_money_knows_no_key(
    name: str, pays: bool, tmp_path: Path
) -> None:
    found = settings_of(name, tmp_path)
    assert (found["is_standin"], found["complaints"]) == (False, [])
    assert found["key"] == ("sk_test_of_the_shop" if pays else "")
    assert (found["found"] == "answered") is pays
    assert pays or "PAYMENTS_ELSEWHERE" in found["found"], "it asks neither Stripe nor the stand-in"


class TestSecretsAsFiles:
    def test_a_file_is_read_and_an_empty_one_counts_as_not_set(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("s3cret\n")
        (tmp_path / "none").write_text("\n")
        said = {"SECRET_KEY_FILE": str(tmp_path / "key"), "STRIPE_SECRET_KEY_FILE": str(tmp_path / "none")}
        read_secrets(said)
        assert said["SECRET_KEY"] == "s3cret"
        assert "STRIPE_SECRET_KEY" not in said

    @pytest.mark.parametrize("more", [{}, {"SECRET_KEY": "x"}])
    def test_a_file_that_is_not_there_or_a_second_value_is_refused(
        self, tmp_path: Path, more: dict[str, str]
    ) -> None:
        path = tmp_path / "key"
        if more:
            path.write_text("y")
        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
            read_secrets({"SECRET_KEY_FILE": str(path)} | more)

    def test_a_process_that_we_start_gets_both_and_they_agree(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("s3cret\n")
        said = {"SECRET_KEY_FILE": str(tmp_path / "key")}
        read_secrets(said)
        read_secrets(said)
        assert said["SECRET_KEY"] == "s3cret"

    def test_no_other_name_is_read_so(self) -> None:
        said = {"KONTOR_ENV_FILE": "/dev/null", "LOG_LEVEL_FILE": "/nowhere"}
        read_secrets(said)
        assert said == {"KONTOR_ENV_FILE": "/dev/null", "LOG_LEVEL_FILE": "/nowhere"}
        assert set(SECRETS) == compose_check.secret_names()

    def test_the_folder_is_made_once_and_never_changed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = tmp_path / "secrets"
        assert secrets_folder.main([str(folder)]) == 0
        first = {path.name: path.read_text() for path in folder.iterdir()}
        assert first["postgres_password"] in first["database_url"] and len(first["secret_key"]) >= 50
        (folder / "metrics_token").unlink()
        secrets_folder.main([str(folder)])
        again = {path.name: path.read_text() for path in folder.iterdir()}
        assert {name for name in first if first[name] != again[name]} == {"metrics_token"}
        assert first["secret_key"] not in capsys.readouterr().out
        assert folder.stat().st_mode & 0o066 == 0


class TestAlive:
    def test_a_sign_of_life_grows_old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KONTOR_DATA_DIR", str(tmp_path))
        assert alive.main(["worker"]) == 1
        (tmp_path / "worker.alive").touch()
        assert alive.main(["worker"]) == 0
        monkeypatch.setattr(alive.time, "time", lambda: (tmp_path / "worker.alive").stat().st_mtime + 61)
        assert alive.main(["worker"]) == 1

    def test_a_web_server_that_is_not_there_is_not_alive(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(alive, "PORT", 9)
        assert alive.main(["web"]) == 1
        assert alive.main(["nobody"]) == 2


def test_the_image_is_built_without_histories_and_secrets() -> None:
    """The image takes the whole folder; what has no business in it is named in `.dockerignore`."""
    assert "COPY . ." in (ROOT / "Dockerfile").read_text()
    left_out = set((ROOT / ".dockerignore").read_text().split())
    assert {".git", ".env", "secrets", ".venv", "node_modules", "var", "tests"} <= left_out
    assert not [line for line in left_out if line.startswith("!")], "nothing of it is taken back in"
