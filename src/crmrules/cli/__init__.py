"""The command line: parse, call one function, print. Nothing is decided here.

Commands are imported only when they run, so that ``crmrules --help`` answers at once. One handler
turns every deliberate error into its sentence and exit code; anything else is a bug and shows a
traceback.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from crmrules import __version__

# name -> (module, one line of help). A command stands here only once it works.
COMMANDS = {
    "demo": ("demo", "The whole loop on a built-in sandbox CRM: no account, no network."),
    "init": ("init", "Write crmrules.toml, a rule overlay and a proposed stage map."),
    "doctor": ("doctor", "Check configuration, rules, sign-in, fields and data; write nothing."),
    "provision": ("provision", "Show what our fields in the CRM lack, and make it."),
    "plan": ("sync", "Show what a sync would write and what is held back. Writes nothing."),
    "sync": ("sync", "Plan, then write it into the CRM."),
    "preview": ("preview", "Show what changed rules would do to the last snapshot. No CRM call."),
    "studio": ("studio", "A local page: change rules, see what comes and goes, save."),
    "run": ("scheduler", "Sync on the configured schedule until stopped, with health and metrics."),
    "status": (
        "status",
        "Show the last runs, up to when changes were read, writes and open episodes.",
    ),
    "explain": ("explain", "Say why, or why not, for one opportunity, condition by condition."),
    "report": ("report", "Write a self-contained HTML page: who needs attention, and why."),
    "rules": ("rules", "List, show, check and compare rule files; write their pages and schemas."),
    "signals": ("signals", "List every signal a rule may use, and when it is unknown."),
    "sandbox": ("sandbox", "Run a fake CRM on this machine, for trying any client against it."),
    "state": ("state", "Back up or migrate the state store; export the audit of writes."),
    "unprovision": ("unprovision", "Remove everything ever written in the CRM, tasks included."),
    "unlock": ("unlock", "Release the lock of a run that died, by its id."),
}


class LateGroup(click.Group):
    """A group that knows its commands by name and imports them only when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order a newcomer needs them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"crmrules.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the command that was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else " Run 'crmrules --help'."
            ctx.fail(f"there is no command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="crmrules")
def root() -> None:
    """Selling-strategy rules over CRM opportunities, written back as tasks and flags.

    Try it without an account: crmrules demo
    """


def main(args: list[str] | None = None) -> None:
    """Run a command; exit with the contract's code."""
    sys.exit(run(args))


def run(args: list[str] | None = None, *, batch: Any = None) -> int:
    """Run a command and return its exit code. ``batch``: what a sync is one of, where it is."""
    from crmrules.cli.terminal import guarded

    with guarded():
        return _run(args, batch)


def _run(args: list[str] | None, batch: Any) -> int:
    from crmrules.errors import CrmRulesError
    from crmrules.stopping import Stopped

    try:
        result: Any = root.main(args=args, prog_name="crmrules", standalone_mode=False, obj=batch)
    except click.exceptions.Abort:
        click.echo("crmrules: stopped", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except CrmRulesError as error:
        return _explained(error)
    except Stopped as stopped:
        click.echo("crmrules: stopped on request; the next sync clears up and goes on", err=True)
        return stopped.exit_code
    except BrokenPipeError:
        return 0
    return result if isinstance(result, int) else 0


def _explained(error: Any) -> int:
    from crmrules.log import scrub

    click.echo(scrub(f"crmrules: {error}"), err=True)
    return int(error.exit_code)
