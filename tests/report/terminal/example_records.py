"""Records of a small study."""

import dataclasses

from rliable.records.results import RunRecord, StudyRecord, TrialRecord

SPACE = {"batch_size": [32, 64], "learning_rate": {"min": 0.001, "max": 0.005}, "num_eval_episodes": 200}
RUN = RunRecord(0, 77, {"reward": 187.42}, 200, "slot 1", 4242, 2, 10.0, 14.2)
GOOD = TrialRecord(
    3,
    value=187.4166,
    params={"batch_size": 64, "learning_rate": 0.003125, "num_eval_episodes": 200},
    started=10.0,
    finished=14.2,
    folder="trials/0003",
    runs=[RUN],
)
BAD = TrialRecord(
    4, "FAIL", params={"batch_size": 32}, error="ValueError:\n\x1b[31m loss is NaN " + "x" * 200, runs=[RUN]
)
STUDY = StudyRecord(
    "Search", seed=42, max_iters=2, num_slots=2, model="DQN", environment="CartPole-v0", search_space=SPACE
)
FINISHED = dataclasses.replace(
    STUDY,
    trials=[GOOD, BAD],
    best=3,
    status="finished",
    stop_reason="all 2 trials are done",
    slot_utilisation=0.963,
    finished=20.0,
)
