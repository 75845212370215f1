"""Copy what browsers get of the npm packages into ``static/vendor``: `python -m scripts.vendor`.

The folder is not kept in the repository. Runs on any Python's standard library alone.
"""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES, VENDOR = ROOT / "node_modules", ROOT / "static" / "vendor"
#: The camera's barcode reader for browsers that bring none (templates/dashboard/warehouse/pick.html).
FILES = {
    "barcode-detector/ponyfill.js": "barcode-detector/dist/iife/ponyfill.js",
    "barcode-detector/LICENSE": "barcode-detector/LICENSE",
    "zxing-wasm/zxing_reader.wasm": "zxing-wasm/dist/reader/zxing_reader.wasm",
    "zxing-wasm/LICENSE": "zxing-wasm/LICENSE",
}


def copy() -> list[str]:
    """Copy every file whose content differs. Returns the names of those that no package brings (nothing installed)."""
    missing = []
    for name, source in FILES.items():
        found, target = PACKAGES / source, VENDOR / name
        if not found.is_file():
            missing.append(source)
        elif not target.is_file() or target.read_bytes() != found.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, target)
    return missing


if __name__ == "__main__":
    lost = copy()
    if lost:
        raise SystemExit(f"kontor: npm ci has not run: {', '.join(lost)} missing")
