"""Every command and snippet of the documentation, run as printed, in a copy of the repository.

In the documents, `<!-- file: NAME -->` before a block says which file it is, and `<!-- output -->` that it is what the
block before it prints. Blocks marked bash are run line by line, those marked python as scripts. What stands after
`<!-- peers -->` needs Stable-Baselines3: it is run in the peers' environment.
"""

import dataclasses
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rliable.executors.spark.java import find_java_home
from rliable.executors.worker import run_unit
from rliable.registry import ENVIRONMENTS, MODELS
from rliable.unit import Limits, ModelConfig, Unit

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")), "config/README.md"]
BLOCK = re.compile(r"(?:<!-- (file: \S+|output|peers) -->\n)?```(\w*)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https://)([^)#]+)\)")  # the web is not looked at


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the file that it is or whether it is output."""

    language: str
    text: str
    role: str


def blocks_of(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    return [Block(match[2], match[3], match[1] or "") for match in BLOCK.finditer(text)]


@pytest.fixture
def copy(tmp_path):
    """The repository in a new folder, without what git ignores."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in names.stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def run_line(line, folder):
    return run_command(["bash", "-c", line], folder)


def run_command(command, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "120", "JAVA_HOME": str(find_java_home())}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def steady(text):
    """What every machine prints alike: the header, the trials' parameters, and how each later line begins.

    Times differ from run to run, and returns between processors of different kinds.
    """
    lines = [re.sub(r" +", " ", line).strip() for line in text.splitlines() if line.strip()]
    num_header = next((i for i, line in enumerate(lines) if line.startswith("trial 0")), len(lines))
    return lines[:num_header] + [steady_words(line) for line in lines[num_header:]]


def steady_words(line):
    """A line's first word, and the number and parameters of a trial."""
    first, *rest = line.split()
    is_trial = first == "trial" and any("=" in word for word in rest)
    return " ".join([first, rest[0], *[word for word in rest if "=" in word]] if is_trial else [first])


def is_run(block):
    return block.language in ("bash", "python") and not block.role


@pytest.mark.timeout(600)  # the README's studies take two minutes of one core
@pytest.mark.parametrize("document", [name for name in DOCUMENTS if any(map(is_run, blocks_of(name)))])
def test_commands_and_scripts_work_as_printed_and_print_what_is_shown(copy, document):
    printed = ""
    has_peers = importlib.util.find_spec("stable_baselines3") is not None
    for block in blocks_of(document):
        if block.role.startswith("file: "):
            file = copy / block.role.removeprefix("file: ")
            assert not file.exists() or file.read_text().split() == block.text.split(), f"{file.name} is another file"
            file.write_text(block.text)
        elif block.role == "output":
            assert steady(printed) == steady(block.text)
        elif block.role == "peers" and not has_peers:
            continue
        elif block.language == "python":
            printed = run_command([sys.executable, "-c", block.text], copy)
        elif block.language == "bash":
            printed = "".join(run_line(line, copy) for line in block.text.splitlines())
    if not has_peers and any(block.role == "peers" for block in blocks_of(document)):
        pytest.skip("all was run but what needs Stable-Baselines3; `make test-peers` runs that")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document):
    links = LINK.findall((ROOT / document).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


def test_tree_in_the_readme_is_what_a_study_leaves(tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = re.search(r"    runs/first/\n(.*?)\n\n", text, re.DOTALL)[1]
    shown = {line.split()[0].rstrip("/") for line in tree.splitlines()}
    study = ["config/optim_dqn.json", "--set", "grid.train_iterations=[30]", "--max-iters", "1", "--quiet"]
    run_line(f"python optimize.py {' '.join(map(repr, study))} --output {tmp_path / 'out'}", ROOT)
    left = {path.name for path in (tmp_path / "out").rglob("*") if not path.name.startswith(".")}
    hidden = {path.name for path in (tmp_path / "out").rglob("policy/**/*")}
    figures = {path.name for path in (tmp_path / "out/figures").iterdir()}
    assert left - hidden - figures - {"trials"} == shown - {"trials/0000"} | {"0000"}


def test_the_readme_lists_every_agent_and_environment():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"## Agents and environments\n(.*?)```", text, re.DOTALL)[1]
    names = {*MODELS.table, *ENVIRONMENTS.table} - {"CountModel"}
    assert {name for name in names if f"`{name}`" not in section} == set()


def test_make_demo_runs_the_readmes_study():
    planned = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "optimize.py config/optim_dqn.json --seed 1\n" in planned
    assert "optimize.py config/optim_dqn.json --seed 1 --parallelized --plevel 2\n" in planned


def test_every_key_is_in_the_configuration_page():
    checked = subprocess.run([sys.executable, "scripts/document_keys.py", "--check"], cwd=ROOT, timeout=60)
    assert checked.returncode == 0, "run scripts/document_keys.py"


def test_the_agent_of_the_models_page_is_short_and_learns_catch(tmp_path):
    files = {block.role.removeprefix("file: "): block.text for block in blocks_of("docs/models.md") if block.role}
    assert len(files["munchausen.py"].splitlines()) < 80
    (tmp_path / "munchausen.py").write_text(files["munchausen.py"])
    data = json.loads(files["munchausen_catch.json"])
    model = ModelConfig(f"{tmp_path}/{data['class']}", data["environment"], data["mdl_file"], data["hp_params"])
    result = run_unit(Unit(0, 0, model, 1, Limits()), "test")
    assert result.error is None
    assert result.learning_curve[0]["average_return"] < 0
    assert result.metrics["reward"] == 1.0
