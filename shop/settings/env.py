"""Where settings come from: the environment, and a file ``.env`` beside manage.py if there is one.

The environment wins. KONTOR_ENV_FILE names another file (tests name an empty one: no address of yours reaches them).
"""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()
ENV_FILE = Path(os.environ.get("KONTOR_ENV_FILE") or BASE_DIR / ".env")
if ENV_FILE.is_file():
    environ.Env.read_env(ENV_FILE)

#: Everything a running shop writes, in one folder: database, uploads, queue, index, mails.
DATA_DIR = Path(env.str("KONTOR_DATA_DIR", default=str(BASE_DIR / "var")))
