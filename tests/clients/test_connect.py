"""What /connect prints is run as it is printed, with a key put where the text says."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import requests

BASE_URL = os.environ["BASE_URL"]
SHARED = pathlib.Path(__file__).parents[3] / "shared"
KIT = pathlib.Path(os.environ.get("DAYBOOK_SHARED", SHARED)) / "clients/kit/go_binance"


def printed(client):
    answer = requests.get(BASE_URL + "/connect", {"client": client}, timeout=10)
    answer.raise_for_status()
    text = answer.text.replace("YOUR_API_KEY", os.environ["API_KEY"])
    return text.replace("YOUR_API_SECRET", os.environ["API_SECRET"])


def run(arguments, folder):
    done = subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("client, module", [("ccxt", "ccxt"), ("python-binance", "binance")])
def test_the_python_snippets_run_as_printed(client, module, tmp_path):
    if subprocess.run([sys.executable, "-c", f"import {module}"], check=False).returncode:
        pytest.skip(f"{module} is not installed")
    program = tmp_path / "snippet.py"
    program.write_text(printed(client))
    out = run([sys.executable, program.name], tmp_path)
    assert "bids" in out and "USDT" in out


def test_the_go_snippet_runs_as_printed(tmp_path):
    if not shutil.which("go"):
        pytest.skip("go is not installed")
    if not (KIT / "go.mod").is_file():
        pytest.skip(f"no {KIT}")
    for name in ("go.mod", "go.sum"):
        shutil.copy(KIT / name, tmp_path / name)
    if subprocess.run(["go", "mod", "download"], cwd=tmp_path, check=False).returncode:
        pytest.skip("the modules of go-binance cannot be had")
    (tmp_path / "main.go").write_text(printed("go-binance"))
    out = run(["go", "run", "."], tmp_path)
    assert "USDT" in out
