"""The phone's engine without a screen.

Its conformance vectors and its store, under Node as the pages' build brings it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"
BIN = Path(sys.executable).parent
# What has not changed is not checked again.
CACHE = "node_modules/.cache/types"


def test_the_engine_passes_the_vectors_and_keeps_what_it_is_given() -> None:
    files = sorted(str(path) for path in (WEB / "shared/tests").glob("*.test.ts"))
    command = [str(BIN / "node"), "--test", "--test-reporter=tap", *files]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "# fail 0" in done.stdout
    assert "# pass 0" not in done.stdout


def test_types_hold_and_speak_of_the_contract_as_it_is() -> None:
    bin_ = WEB / "node_modules/.bin"
    command = [str(BIN / "node"), str(bin_ / "vue-tsc"), "--noEmit", "-p", "tsconfig.json"]
    command += ["--incremental", "--tsBuildInfoFile", CACHE]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    kept = (WEB / "shared/api/schema.d.ts").read_text()
    command = [str(BIN / "node"), str(bin_ / "openapi-typescript"), "../mobile_api_spec/openapi.json"]
    made = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=True).stdout
    assert made.strip() == kept.strip(), "run `npm run types` in web/"
