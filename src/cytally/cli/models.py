"""`cytally models list` and `cytally models show`."""

from __future__ import annotations

from typing import Annotated

import typer

from cytally.cli import console

app = typer.Typer(help="List the bundled models, or show what is known of a model.")
Verbose = Annotated[bool, typer.Option("--verbose", help="Show tracebacks.")]


@app.callback(invoke_without_command=True)
def _models(context: typer.Context) -> None:
    """List the bundled models, or show what is known of a model."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
def list_models(verbose: Verbose = False) -> None:
    """List the bundled models."""
    with console.answering(verbose, stopped="nothing was changed"):
        from cytally.models.store import bundled_folder, bundled_models, read_card

        names = bundled_models()
        for name in names:
            card = read_card(bundled_folder() / name)
            console.out.print(f"{name}: {card.description} ({card.method})")
        if not names:
            console.note("no model is bundled; give the folder of one that 'cytally train' wrote.")


@app.command("show")
def show(
    model: Annotated[str, typer.Argument(metavar="M", help="A bundled model's name or a model folder.")],
    verbose: Verbose = False,
) -> None:
    """Show what a model is, which models it came from, what it was trained on and how it scored."""
    with console.answering(verbose, stopped="nothing was changed"):
        import yaml

        from cytally.models.store import load
        from cytally.tasks.transfer_report import chain_in_words

        found = load(model).card
        chain = chain_in_words(found)
        if chain is not None:
            console.out.print(f"Chain: {chain}")
        card = found.model_dump(mode="json")
        earlier = card["training_data"].get("earlier_images")
        if earlier:
            card["training_data"]["earlier_images"] = f"{len(earlier)} images"
        fingerprint = card["training_data"].get("fingerprint", {})
        card["training_data"]["fingerprint"] = fingerprint.get("combined")  # one line instead of one per image
        console.out.print(yaml.safe_dump(card, sort_keys=False, allow_unicode=True), end="")
