"""When RLiable says where the driver is, and when it is left to Spark; test_hosts.py needs it said."""

import pytest

from rliable.executors.spark.driver_address import driver_address


@pytest.mark.parametrize(
    "master",
    ["local[2]", "yarn", "k8s://https://127.0.0.1:6443", "spark://127.0.0.1:7077", "spark://[::1]:7077", "spark://x"],
)
def test_where_a_cluster_has_no_master_elsewhere_it_is_left_to_spark(master):
    assert driver_address(master) is None


def test_a_master_whose_name_stands_for_nothing_is_left_to_spark():
    assert driver_address("spark://no-such-host.invalid:7077") is None


@pytest.mark.parametrize("name", ["SPARK_LOCAL_IP", "SPARK_LOCAL_HOSTNAME"])
def test_a_user_who_says_it_is_obeyed(name, monkeypatch):
    monkeypatch.setenv(name, "192.0.2.7")
    assert driver_address("spark://192.0.2.1:7077,192.0.2.2:7077") is None
