"""Debian's logrotate with our file: logs are turned over while processes write."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.deploy.debian import program
from tests.deploy.units import DEPLOY


def test_a_log_is_turned_over_under_the_pen(tmp_path: Path) -> None:
    logrotate = program("logrotate", ["logrotate", "libpopt0"])
    logs = tmp_path / "logs"
    logs.mkdir(mode=0o700)
    written = (DEPLOY / "logrotate.conf").read_text()
    here = written.replace("/opt/wangge/.wangge/logs", str(logs))
    assert here != written
    # The account of the service is not on this machine.
    here = re.sub(r"\n +su .*", "", here)
    (tmp_path / "logrotate.conf").write_text(here)
    (tmp_path / "logrotate.conf").chmod(0o644)
    command = [str(logrotate.path), "-f", "-s", str(tmp_path / "state"), str(tmp_path / "logrotate.conf")]
    # As the processes of `wangge run` open theirs.
    with (logs / "web.log").open("ab", buffering=0) as pen:
        pen.write(b"one\n")
        done = subprocess.run(
            command, env={**os.environ, **logrotate.environment}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        pen.write(b"two\n")
    assert (logs / "web.log").read_bytes() == b"two\n"
    assert (logs / "web.log.1").read_bytes() == b"one\n"
