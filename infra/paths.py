"""Where things are in the working copy."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
REQUIREMENTS = ROOT / "requirements"
FUNCTIONS = ROOT / "functions"
SHARED = ROOT / "shared"
DOCS = ROOT / "docs"

BUILD = ROOT / "build"
TOOLS = ROOT / ".tools"
LOCAL = ROOT / ".local"

UV = TOOLS / "uv" / "bin" / "uv"
ENGINE_PYTHON = TOOLS / "ministack" / "bin" / "python"
SAM = TOOLS / "sam" / "bin" / "sam"
