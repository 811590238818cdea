"""``python -m infra.operate OPERATION``: operates a deployed stack, see docs/operations.md."""

from infra.stopping import one_line_for_interrupts

if __name__ == "__main__":
    with one_line_for_interrupts():  # the imports take long enough for a Ctrl-C
        from infra.operate.command import app

        app()
