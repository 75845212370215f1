"""Where settings come from: the environment, and a file ``.env`` beside manage.py if there is one."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    environ.Env.read_env(BASE_DIR / ".env")

#: Everything a running shop writes, in one folder: database, uploads, queue, index, mails.
DATA_DIR = Path(env.str("KONTOR_DATA_DIR", default=str(BASE_DIR / "var")))
