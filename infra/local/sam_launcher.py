"""Runs SAM with packages that are not compressed, because they stay on this machine.

Compressing all functions takes half a minute of a core, three quarters of a deployment. Runs on
SAM's own interpreter (see ``requirements/sam.in``), so it imports nothing from this project.
"""

import zipfile
from types import SimpleNamespace

from samcli.cli.main import cli  # type: ignore[import-not-found]
from samcli.lib.package import utils  # type: ignore[import-not-found]

if __name__ == "__main__":
    # Only in SAM's module that packs: the library must still know its own methods.
    utils.zipfile = SimpleNamespace(**(vars(zipfile) | {"ZIP_DEFLATED": zipfile.ZIP_STORED}))
    cli(prog_name="sam")
