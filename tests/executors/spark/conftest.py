"""Units on slots of one machine's Spark."""

import pytest
from unit_makers import make_options

from rliable.executors.spark.executor import SparkExecutor


@pytest.fixture
def run(local_spark):
    """Runs units of one of the tests' models on slots of the module's Spark; gives the results by trial."""
    made = []

    def run_units(units, num_workers=2, level=2):
        name = units[0].model.class_name.partition(":")[2]
        made.append(SparkExecutor(make_options(name, num_workers=num_workers, level=level), local_spark))
        return sorted(made[-1].execute(iter(units)), key=lambda result: result.trial)

    yield run_units
    for executor in made:
        executor.close()
