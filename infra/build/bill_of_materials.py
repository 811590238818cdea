"""Lists what a built function is made of, as CycloneDX JSON.

https://cyclonedx.org/docs/1.6/json/
"""

import json
import re
from importlib.metadata import distributions
from pathlib import Path


def bill_of_materials(name: str, artifact: Path) -> str:
    """Return a function's bill of materials: every package in its artifact, with its version.

    Args:
        name: The function's name.
        artifact: Its folder under ``build/``.
    """
    packages = sorted(
        # Names are normalized as https://packaging.python.org/en/latest/specifications/name-normalization/
        (re.sub(r"[-_.]+", "-", each.name).lower(), each.version)
        for each in distributions(path=[str(artifact)])
    )
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": name}},
        "components": [
            {
                "type": "library",
                "name": package,
                "version": version,
                "purl": f"pkg:pypi/{package}@{version}",
            }
            for package, version in packages
        ],
    }
    return json.dumps(document, indent=2) + "\n"
