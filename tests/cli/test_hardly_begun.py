"""A search that was killed before it had written its study.json."""

from rliable.records.results import load_record
from tests.cli.commands import optimize


def test_the_same_command_goes_on(study, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".lock").write_text("4711")
    done = optimize(study(max_iters=2), "--output", out, "--no-plots")
    assert done.returncode == 0, done.stderr
    assert len(load_record(out).trials) == 2


def test_resume_says_what_to_do(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".lock").touch()
    done = optimize("--resume", out)
    assert done.returncode == 2
    cure = f"start it again, with --output {out}"
    assert done.stderr == f"error: {out}: the search ended before it had written its study.json; {cure}\n"
