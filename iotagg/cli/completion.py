"""iotagg completion: let the shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands.

    Examples:

    \b
        iotagg completion bash >> ~/.bashrc
        iotagg completion zsh >> ~/.zshrc
        iotagg completion fish > ~/.config/fish/completions/iotagg.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "iotagg", "_IOTAGG_COMPLETE").source())
