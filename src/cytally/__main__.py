"""`python -m cytally` is the command `cytally`."""

from cytally.cli.main import run

if __name__ == "__main__":
    run()
