#!/usr/bin/env bash
# colcon-python-setup-py 0.2.9 cannot read a setup.py package whose pyproject.toml states requires-python.
#
# Behaviour: setuptools 79.0.1 turns `requires-python` of pyproject.toml into a packaging.SpecifierSet; colcon prints the
# distribution's attributes by repr() and reads them back by ast.literal_eval(), which fails on <SpecifierSet('>=3.10')>.
# The same limit given to setup(python_requires=...) stays a string and is read.
# Source: colcon_python_setup_py/package_identification/python_setup_py.py, _get_setup_information().
# Seen (Python 3.11): "in pyproject.toml: SyntaxError" and "in setup.py: >=3.9".
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q colcon-python-setup-py==0.2.9 colcon-core==0.21.3 setuptools==79.0.1

mkdir "$folder/toml" "$folder/call"
printf '[project]\nname = "toml"\nversion = "1.0"\nrequires-python = ">=3.9"\n' > "$folder/toml/pyproject.toml"
printf 'from setuptools import setup\nsetup(py_modules=[])\n' > "$folder/toml/setup.py"
printf '[project]\nname = "call"\nversion = "1.0"\ndynamic = ["requires-python"]\n' > "$folder/call/pyproject.toml"
printf 'from setuptools import setup\nsetup(py_modules=[], python_requires=">=3.9")\n' > "$folder/call/setup.py"

cat > "$folder/read.py" <<'PYTHON'
import sys
from pathlib import Path

from colcon_python_setup_py.package_identification.python_setup_py import get_setup_information

try:
    print(get_setup_information(Path(sys.argv[1]))["python_requires"])
except SyntaxError as error:
    print(type(error).__name__)
PYTHON

toml=$("$folder/venv/bin/python" "$folder/read.py" "$folder/toml/setup.py" 2> /dev/null)
call=$("$folder/venv/bin/python" "$folder/read.py" "$folder/call/setup.py" 2> /dev/null)
echo "in pyproject.toml: $toml"
echo "in setup.py: $call"
[ "$toml" = "SyntaxError" ] && [ "$call" = ">=3.9" ]
