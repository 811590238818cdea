"""``python -m infra.local COMMAND``: the local stack, for `make run` and others."""

from infra.stopping import one_line_for_interrupts

if __name__ == "__main__":
    with one_line_for_interrupts():  # the imports take long enough for a Ctrl-C
        from infra.local.command import app

        app()
