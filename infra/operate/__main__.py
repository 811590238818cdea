"""``python -m infra.operate OPERATION``: operates a deployed stack, see docs/operations.md."""

from infra.operate.command import app

if __name__ == "__main__":
    app()
