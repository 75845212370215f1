"""What nobody may guess is drawn by the system's own source of chance, is long enough, and ends."""

from __future__ import annotations

import ast
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from scripts.secrets_folder import contents
from tests.architecture.source import Module, modules
from tests.factories.people import make_user
from tests.shop.customers.test_second_factor import SECRET

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
#: Where chance need not be good: pauses between two tries, pictures and goods of the demo, faults that are played.
MAY_BE_GUESSED = ("shop/kernel/transactions.py", "shop/demo/", "checkout/payment/standin/", "scripts/")
UNGUESSABLE_BITS, SHORT_CODE_BITS = 128, 20
CALLS = {"token_urlsafe": 8, "token_hex": 8, "token_bytes": 8}  #: bits of one unit that is asked for
#: Shorter ones that open nothing: a mark inside a page, the name of a device, a label to type, of a stand-in.
OPENS_NOTHING = (
    "shop/ui/templatetags/parts.py", "shop/customers/limits.py", "fulfilment/warehouse/stock/forms.py",
    "shop/kernel/backup_keys.py",  # where the nonces of a file begin: they need not be secret, only never the same
    "checkout/payment/standin/", "fulfilment/warehouse/dispatch/standin/",
)  # fmt: skip


def test_nothing_that_counts_is_drawn_by_the_weak_source() -> None:
    weak = [
        module.name
        for module in modules()
        if "random" in {name.split(".")[0] for name in module.imports()}
        and not module.name.startswith(MAY_BE_GUESSED)
    ]
    assert not weak, f"{weak}: use secrets"


def test_keys_that_are_drawn_have_128_bits() -> None:
    asked = [
        (module.name, call.func.attr, ast.literal_eval(call.args[0]))
        for module in modules()
        for _name, call in module.calls(*CALLS)
        if isinstance(call.func, ast.Attribute) and call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert len(asked) > 10
    short = [
        one
        for one in asked
        if one[2] * CALLS[one[1]] < UNGUESSABLE_BITS and not one[0].startswith(OPENS_NOTHING)
    ]
    assert not short


def _of_cryptography(module: Module) -> set[str]:
    """What a module takes from the library by name: what it imports, and of a part that it imports or loads late
    (shop/kernel/late.py) what it asks it for."""
    parts = {}
    for node in module.walk(ast.ImportFrom):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography"):
            parts |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in module.walk(ast.Assign):
        if isinstance(node, ast.Assign) and "late('cryptography" in (made := ast.unparse(node.value)):
            parts[ast.unparse(node.targets[0])] = made.removeprefix("late('").removesuffix("')")
    asked = {
        f"{parts[node.value.id]}.{node.attr}"
        for node in module.walk(ast.Attribute)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in parts
    }
    return asked | {name for name in parts.values() if name.rpartition(".")[2][0].isupper()}


def test_nothing_but_fernet_and_aes_gcm_encrypts_and_nothing_but_sha_256_hashes() -> None:
    """No mode, padding or hash besides. SHA-1: of a library's TOTP, and as which lists of stolen passwords come."""
    used = {name for module in modules() for name in _of_cryptography(module)}
    hazmat = "cryptography.hazmat.primitives"
    assert used == {
        "cryptography.exceptions.InvalidTag", "cryptography.fernet.Fernet", "cryptography.fernet.InvalidToken",
        f"{hazmat}.ciphers.aead.AESGCM", f"{hazmat}.hashes.SHA256", f"{hazmat}.kdf.hkdf.HKDF",
    }  # fmt: skip
    others = {"Crypto", "Cryptodome", "nacl", "M2Crypto", "Cipher"}
    assert not [
        module.name for module in modules() if {name.split(".")[0] for name in module.imports()} & others
    ]
    weak = [
        (module.name, called)
        for module in modules()
        for called, call in module.calls("sha1", "md5", "blake2b", "blake2s", "sha224", "sha384")
        if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "hashlib"
    ]
    assert weak == [("shop/customers/passwords.py", "sha1")]


def test_each_kind_of_link_is_signed_with_a_salt_of_its_own() -> None:
    salts = [
        (said, module.name)
        for module in modules()
        for node in module.walk(ast.Assign, ast.Call)
        for said in _salts(node)
    ]
    texts = [said for said, _name in salts]
    assert len(texts) > 12
    assert not [one for one in salts if texts.count(one[0]) > 1]
    calls = [
        (module.name, called, call)
        for module in modules()
        for called, call in module.calls("dumps", "loads", "Signer", "TimestampSigner")
        if called.endswith("igner") or getattr(getattr(call.func, "value", None), "id", "") == "signing"
    ]
    assert len(calls) > 15
    without = {name for name, _called, call in calls if "salt" not in {word.arg for word in call.keywords}}
    # What the editor signs itself, and Oscar its cookie of a basket.
    assert without == {"shop/pages/editor_guard.py", "checkout/lost_answers.py"}


def _salts(node: ast.AST) -> list[object]:
    """Texts that stand under a name with SALT in it, or are given as ``salt=``."""
    if isinstance(node, ast.Assign):
        target, value = node.targets[0], node.value
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        pairs = zip(names, values, strict=False)
        return [v.value for n, v in pairs if "SALT" in getattr(n, "id", "") and isinstance(v, ast.Constant)]
    if isinstance(node, ast.Call):
        return [
            word.value.value
            for word in node.keywords
            if word.arg == "salt" and isinstance(word.value, ast.Constant)
        ]
    return []


def test_no_program_is_started_by_a_shell() -> None:
    calls = [
        (module.name, name, call)
        for module in modules()
        for name, call in module.calls(
            "run", "Popen", "check_output", "check_call", "call", "system", "popen", "eval", "exec"
        )
    ]
    assert len(calls) > 3
    wrong = [
        f"{name}:{call.lineno}"
        for name, called, call in calls
        if any(word.arg == "shell" for word in call.keywords)
        or ast.unparse(call.func) in ("os.system", "os.popen", "eval", "exec")
    ]
    assert not wrong


def test_the_secrets_of_a_new_shop_are_long_and_never_the_same() -> None:
    first, second = contents({}), contents({})
    drawn = [name for name in first if first[name] and first[name] != second[name]]
    assert set(drawn) >= {
        "secret_key",
        "postgres_password",
        "rabbitmq_password",
        "cache_password",
        "minio_password",
        "metrics_token",
    }
    assert all(len(first[name]) >= UNGUESSABLE_BITS // 6 for name in drawn)


def test_seeds_and_recovery_codes_are_long_enough_and_never_the_same() -> None:
    person = make_user("anna@example.org")
    seeds = {generate_totp_secret() for _one in range(20)}
    assert len(seeds) == 20 and min(len(one) for one in seeds) * 5 >= UNGUESSABLE_BITS
    made = [RecoveryCodes.activate(person).get_unused_codes()]
    person.authenticator_set.all().delete()
    made.append(RecoveryCodes.activate(person).get_unused_codes())
    assert not set(made[0]) & set(made[1]) and len(set(made[0])) == len(made[0]) >= 8
    assert all(len(one) * math.log2(10) >= SHORT_CODE_BITS and re.fullmatch(r"\w+", one) for one in made[0])


def test_a_new_password_by_mail_opens_nothing_without_the_second_factor(client: Client, outbox: Any) -> None:
    from allauth.mfa.totp.internal.auth import TOTP

    from shop.notifications.models import OutgoingMail

    person = make_user("anna@example.org")
    TOTP.activate(person, SECRET)
    client.post(reverse("account_reset_password"), {"email": person.email})
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="account")
    (url,) = re.findall(r"https?://\S*reset\S*", mail.text)
    form = client.get(re.sub(r"^https?://[^/]+", "", url), follow=True).request["PATH_INFO"]
    client.post(form, {"password1": "elbe-speicher-7", "password2": "elbe-speicher-7"})
    person.refresh_from_db()
    assert person.check_password("elbe-speicher-7") and "_auth_user_id" not in client.session
    answer = client.post(reverse("account_login"), {"login": person.email, "password": "elbe-speicher-7"})
    assert (
        answer["Location"].startswith(reverse("mfa_authenticate")) and "_auth_user_id" not in client.session
    )


def test_the_bill_of_materials_names_what_runs_and_the_lock_files_pin_it(capsys: Any) -> None:
    call_command("bill_of_materials")
    named = {one["purl"] for one in json.loads(capsys.readouterr().out)["components"]}
    base = (ROOT / "requirements" / "base.txt").read_text(encoding="utf-8")
    django = re.search(r"^django==(\S+)", base, re.MULTILINE)
    assert django and f"pkg:pypi/django@{django[1]}" in named
    assert any(one.startswith("pkg:npm/zxing-wasm@") for one in named)
    for block in re.split(r"\n(?=\S)", base.strip()):
        assert "--hash=sha256:" in block or block.startswith("#"), block
