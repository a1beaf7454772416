"""`run`, `demo` and `story`: a server with a city in it."""

from __future__ import annotations

import os
import shutil
import sys
import time

import click
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from backend.commands.machine import console, migrated, the_machine
from backend.core import config
from backend.core.db import Database
from backend.demo.people import PASSWORD
from backend.demo.sizes import SIZES, is_empty
from backend.local.interrupts import end_with_parent
from backend.local.machine import Machine
from backend.local.stage import stage
from backend.local.tls import make_certificate, own_address, qr

_STEPS = {
    "cells": "划分网格 cells",
    "people": "人员班组 people",
    "customers": "客户 customers",
    "jobs": "工单 jobs",
    "visits": "走访 visits",
}


@click.command()
@click.option("--port", default=8000, show_default=True, help="first port to try")
@click.option("--tls", is_flag=True, help="HTTPS with a local authority, and a QR for a phone")
@click.option(
    "--size",
    type=click.Choice(list(SIZES)),
    default="default",
    show_default=True,
    help="demo city to load if empty",
)
@click.option(
    "--with-parent", is_flag=True, hidden=True, help="end when the process that started this one ends"
)
def run(port: int, tls: bool, size: str, with_parent: bool) -> None:
    """Start everything, load the demo city into an empty database, and serve until Ctrl-C."""
    if with_parent:
        end_with_parent()
    with the_machine(serving=True) as machine:
        with migrated(machine) as database:
            if is_empty(database) and (machine.is_private or machine.settings.demo_accounts):
                _load(database, size)
        address = own_address() if tls else "127.0.0.1"
        pair = make_certificate(machine.settings.home / "tls", address) if tls else None
        port = machine.serve(port, host="0.0.0.0" if tls else "127.0.0.1", tls=pair[:2] if pair else None)
        url = f"{'https' if tls else 'http'}://{address}:{port}"
        _tell_commands(machine, url)
        _welcome(url, machine)
        if pair:
            console.print(
                qr(f"{url}/m/"),
                f"手机须先信任此证书 · the phone must trust {pair[2]}\n"
                "演示账号只限本机；请用 A001 给手机上的人开账号 · "
                "demo accounts are for this machine: give a person an account (PUT /api/v1/accounts)",
                highlight=False,
            )
        _until_stopped(machine, url)


def _tell_commands(machine: Machine, url: str) -> None:
    """Let commands beside this server find it, with the settings that its own shell has given it."""
    assert machine.processes is not None
    told = {name: value for name, value in os.environ.items() if name.startswith("WANGGE_")}
    machine.home.say(url, told, machine.processes.groups())


def _until_stopped(machine: Machine, url: str) -> None:
    try:
        while not (ended := machine.wait()):
            _make_way(machine, url)
    except KeyboardInterrupt:
        console.print("正在停止 · stopping")
        return
    assert machine.processes is not None
    console.print(
        f"[red]{ended} 进程意外结束 · ended by itself; see {machine.processes.folder / (ended + '.log')}[/]"
    )
    sys.exit(1)


def _make_way(machine: Machine, url: str) -> None:
    """Stop serving while a backup is brought back, then serve what it brought."""
    console.print("有恢复要进行，暂停服务 · a restore begins: not serving until it ends")
    machine.step_aside()
    with migrated(machine):
        pass
    port = machine.serve_again()
    _tell_commands(machine, f"{url.rpartition(':')[0]}:{port}")
    console.print(f"恢复结束，继续服务 · the restore has ended, serving again: port {port}")


def _welcome(url: str, machine: Machine) -> None:
    accounts = Table("账号 account", "角色 role", "可以试 try", box=None)
    for number, role, hint in (
        ("A001", "管理员 admin", f"{url}/docs  接口 API"),
        ("D101", "调度员 dispatcher", f"{url}/  派单 assign, day plans"),
        ("S101", "主管 supervisor", f"{url}/#/ground  划格 cells"),
        ("H101", "热线 hotline agent", f"{url}/  新建工单 take a report"),
        ("R101", "客户代表 representative", f"{url}/m/  手机端：走访 phone: visits"),
        ("L101", "班组长 crew leader", f"{url}/m/  手机端：抢修 phone: repairs"),
    ):
        accounts.add_row(number, role, hint)
    console.print(
        Panel.fit(
            accounts,
            title=f"网格 Wangge  {url}",
            subtitle=f"密码 password: {PASSWORD} (只限本机 · this machine only)",
        )
    )
    console.print(f"公众查询 who is responsible: [bold]{url}/who[/]   接口文档 API documents: {url}/docs")
    console.print(
        f"一天的故事 the story of a day: make demo   日志 logs: {machine.settings.home / 'logs'}   停止 stop: Ctrl-C"
    )


def _load(database: Database, size: str) -> None:
    # Only where a city is loaded: a server that begins again need not wait for what one is made of.
    from backend.demo.load import load_city

    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = {step: progress.add_task(label, total=None) for step, label in _STEPS.items()}
        load_city(
            database,
            SIZES[size],
            lambda step, done, total: progress.update(bars[step], completed=done, total=total),
        )


@click.command()
@click.option("--size", type=click.Choice(list(SIZES)), default="default", show_default=True)
def demo(size: str) -> None:
    """Load the demo city into an empty database."""
    with the_machine() as machine:
        if not (machine.is_private or machine.settings.demo_accounts):
            raise click.ClickException(
                "这不是私有数据库；确需加载演示数据请设 WANGGE_DEMO=1 · "
                "not the private database; set WANGGE_DEMO=1 if you mean it"
            )
        with migrated(machine) as database:
            if not is_empty(database):
                raise click.ClickException(
                    "数据库不是空的，未加载 · the database is not empty; nothing was loaded"
                )
            began = time.monotonic()
            _load(database, size)
        console.print(f"用时 took {time.monotonic() - began:.1f} s")


@click.command()
def story() -> None:
    """Play one day over real HTTP in a small city of its own.

    Every promise is checked, and its cells and a day are drawn.
    """
    from backend.demo.pictures import draw_city
    from backend.demo.story import play

    home = config.read().home / "story"
    shutil.rmtree(home / "phones", ignore_errors=True)
    with stage(home, lambda database: _load(database, "small")) as (url, machine):
        is_kept = play(url, home / "phones", console)
        engine = machine.engine()
        for path in draw_city(Database(engine), machine.settings, home / "pictures"):
            console.print(f"图 picture: {path}")
        engine.dispose()
    if not is_kept:
        sys.exit(1)
