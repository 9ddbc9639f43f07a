"""What the commands for whoever runs Mandate share: every refusal is one sentence and exit code 1."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class OneSentence(BaseCommand):
    """A command that answers words it does not know as it answers everything it refuses, without a page of usage."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser that raises CommandError instead of printing its usage."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run what was typed; end with a sentence and code 1 where it cannot be understood."""
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            said = str(error).removeprefix("Error: ").rstrip(".")
            sys.exit(f"CommandError: {said}. For what there is: manage.py help {argv[1]}")


def measured(size: float) -> str:
    """Return a number of bytes as people read it: 412 kB, 3.1 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 100 or unit == "bytes" else f"{size:.1f} {unit}"
