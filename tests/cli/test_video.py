"""Films of trained policies: `evaluate.py --video`, and that of a study's best trial."""

import json

import imageio_ffmpeg
import pytest

from rliable.cli.film import film_best
from rliable.records.results import load_record
from tests.cli.commands import optimize

BRIEF = {"initial_collect_steps": 10, "num_eval_episodes": 2, "num_test_episodes": 3, "batch_size": 8}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A finished study of CartPole inside the graph, in which nothing was drawn."""
    folder = tmp_path_factory.mktemp("filmed")
    model = {"class": "DQN", "environment": "CartPole-v1", "mdl_file": "w", "hp_params": BRIEF}
    (folder / "model.json").write_text(json.dumps(model))
    keys = {"optim_name": "Filmed", "num_workers": 1, "max_iters": 1, "convergence": None, "seed": 1}
    file = {"config": "model.json", "grid": {"train_iterations": [200]}, "metric": {"name": "reward"}, **keys}
    file["metric"]["criteria"] = "max"
    (folder / "study.json").write_text(json.dumps(file))
    done = optimize(folder / "study.json", "--output", folder / "out", "--no-plots")
    assert done.returncode == 0, done.stderr
    return folder


def num_frames(path):
    return imageio_ffmpeg.count_frames_and_secs(str(path))[0]


def test_evaluate_films_the_episodes_that_it_evaluates(study, tmp_path):
    out = tmp_path / "e.json"
    arguments = ["--model", study / "out/best", "--out", out, "--video", tmp_path / "film.mp4"]
    done = optimize(*arguments, script="evaluate.py")
    assert done.returncode == 0 and done.stderr == ""
    returns = json.loads(out.read_text())["returns"]
    assert num_frames(tmp_path / "film.mp4") == sum(returns) + len(returns)
    assert f"filmed {int(sum(returns)) + 3} frames" in done.stdout


def test_a_film_may_be_short(study, tmp_path):
    arguments = ["--model", study / "out/best", "--video", tmp_path / "film.gif", "--video-frames", 5, "--episodes", 1]
    done = optimize(*arguments, script="evaluate.py")
    assert done.stdout.splitlines()[-1] == f"filmed 5 frames, 0.1 s, in {tmp_path / 'film.gif'}"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--video", "film.avi"], "--video film.avi: the file's name must end in .mp4 or .gif"),
        (["--video", "none/film.mp4"], "--video none/film.mp4: no file can be written there"),
        (
            ["--video", "f.mp4", "--env", "tests.environments.wrapped_environments:Endless"],
            "--video: tests.environments.wrapped_environments:Endless cannot be filmed: its metadata has no render "
            "mode 'rgb_array'",
        ),
        (["--video", "f.mp4", "--video-frames", "0"], "--video-frames: 0 is out of range, must be at least 1"),
    ],
)
def test_what_cannot_be_filmed_is_one_line(study, arguments, line):
    done = optimize("--model", study / "out/best", *arguments, script="evaluate.py")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {line}\n")


def test_a_study_films_its_best_trial_for_the_report_unless_it_should_not(study):
    folder = study / "out"
    done = optimize("--resume", folder, "--no-video")
    assert done.returncode == 0 and "<video" not in (folder / "report.html").read_text()
    done = optimize("--resume", folder)
    assert done.returncode == 0 and "warning" not in done.stderr
    assert num_frames(folder / "figures/trial_0000.mp4") > 20
    assert "<video controls loop muted playsinline src='data:video/mp4;base64," in (folder / "report.html").read_text()


def test_a_study_that_cannot_be_filmed_says_why_and_goes_on(study, monkeypatch):
    monkeypatch.setattr("rliable.cli.film.study_film", lambda folder, trial: folder / "nowhere.avi")
    record = load_record(study / "out")
    assert film_best(record, study / "out", ()).endswith("the file's name must end in .mp4 or .gif")
    monkeypatch.setattr("rliable.cli.film.TIMEOUT_SECONDS", 0.01)
    assert film_best(record, study / "out", ()) == "filming took longer than 0.01 s"
