"""The commands that only look: view, serve, and the keys as a file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crawler_core.crawl import places
from crawler_core.errors import ConfigError, EnvironmentRefused
from tui.keymap import as_toml, read_keymap, write_keymap
from tui.options import DashRequest
from tui.requests import stored_config
from tui.streams import has_screen, say

PORT = 8377
"""Where serve listens by default."""


def opened(request: DashRequest) -> int:
    """The dashboard of what `request` asks for; its exit code."""
    from tui.dash import open_dashboard

    return open_dashboard(request)


@click.command()
@click.argument("store")
@click.option("--theme", default="", metavar="NAME", help="dark, light or contrast.")
def view(store: str, theme: str) -> int:
    """Look at a crawl in the dashboard, also while it runs."""
    path = places.resolve(store)
    stored_config(path)
    if not has_screen():
        raise ConfigError(
            "view needs a terminal: crawltui export writes a crawl's results to a file."
        )
    return opened(DashRequest(kind="view", store=path, theme=theme))


@click.command()
@click.argument("store")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=PORT,
    metavar="N",
    help=f"Default: {PORT}; 0 takes a free one.",
)
def serve(store: str, port: int) -> int:
    """Show a crawl in a browser on this machine, read-only, also while it runs."""
    path = places.resolve(store)
    stored_config(path)
    try:
        from tui.serve import serve as serve_viewers
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"textual_serve", "aiohttp"}:
            raise
        raise EnvironmentRefused(
            "crawltui serve needs the package textual-serve: "
            f"{Path(sys.executable).name} -m pip install 'crawltui[serve]' installs it."
        ) from None
    return serve_viewers(path.resolve(), port)


@click.command(hidden=True)
@click.argument("store")
def viewer(store: str) -> int:
    """One tab of `serve`: the dashboard, driven through a pipe."""
    return opened(DashRequest(kind="view", store=Path(store), served=True))


@click.command()
@click.option("--write", is_flag=True, help="Write them to the file that is read, a new one.")
def keys(write: bool) -> None:
    """Print the keys as TOML, ready to be edited."""
    if write:
        say(f"Wrote {write_keymap()}: change what you like, delete what may stay as it is.")
    else:
        say(*as_toml(read_keymap()).splitlines())


COMMANDS = (view, serve, viewer, keys)
