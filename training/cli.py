"""Puts the commands of data staff together. Results go to stdout, progress to stderr."""

import typer

from training.commands.check import check
from training.commands.drift import drift
from training.commands.evaluate import evaluate
from training.commands.models import models
from training.commands.review import review
from training.commands.train import train


def register(app: typer.Typer) -> None:
    """Add the commands of data staff to the `tipdesk` command, whose context object is the registry."""
    app.command()(check)
    app.command()(train)
    app.command()(evaluate)
    app.command()(drift)
    app.add_typer(models, name="models")
    app.add_typer(review, name="review")
