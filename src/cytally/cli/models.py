"""`cytally models list`, `cytally models show` and `cytally models export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytally.cli import choices, console

app = typer.Typer(help="List the bundled models, show what is known of a model, or export its network.")
Verbose = Annotated[bool, typer.Option("--verbose", help="Show tracebacks.")]


@app.callback(invoke_without_command=True)
def _models(context: typer.Context) -> None:
    """List the bundled models, show what is known of a model, or export its network."""
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


@app.command("export")
def export(
    model: Annotated[str, typer.Argument(metavar="M", help="A bundled model's name or a model folder.")],
    to: Annotated[choices.Target, typer.Option(help="What shall run the network.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder: a model folder with the network beside.")],
    int8: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT",
            help="Images (a file, a folder or a quoted glob pattern; may be given several times) to work out whole "
            "numbers of 8 bits by: faster, at a loss that is measured on a third of them and told.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    verbose: Verbose = False,
) -> None:
    """Write a model's network for OpenVINO or ONNX Runtime, checked against PyTorch."""
    with console.answering(verbose, stopped="nothing was written"):
        console.err.print(f"Exporting {model} for {to.value}")
        from cytally.tasks.export import export as export_model

        summary = export_model(model, to.value, out, int8=int8 or (), overwrite=overwrite)
        where = "images held back" if int8 else "the sample images"
        console.out.print(f"Agreement with PyTorch in float32 on {where}: {summary.agreement}")
        if not summary.agreement.holds:
            console.note("this is more than 0.5 % of the counts or a Dice below 0.995; look at the counts yourself.")
        console.out.print(f"Network: {', '.join(str(path) for path in summary.files)} ({summary.card.precision})")
        console.out.print(f"Model folder: {summary.out}")
