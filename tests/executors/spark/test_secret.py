"""A standalone cluster that lets in only who knows its secret."""

import pytest

from faults.running import ROOT, Cluster, Search

SETTINGS = "spark.authenticate true\nspark.authenticate.secret {}\nspark.network.crypto.enabled true\n"
STUDY = str(ROOT / "config/optim_count.json")


@pytest.fixture
def as_one_who_says(tmp_path, monkeypatch):
    """Sets what whoever is started next takes for the secret, None for nothing; gives a folder for him."""

    def say(secret):
        folder = tmp_path / f"says-{secret}"
        folder.mkdir()
        monkeypatch.setenv("SPARK_CONF_DIR", str(folder))
        if secret is not None:
            (folder / "spark-defaults.conf").write_text(SETTINGS.format(secret * 8))
        return folder

    return say


def test_only_a_search_that_knows_the_secret_is_let_in_and_others_end_with_one_line(as_one_who_says):
    cluster = Cluster(as_one_who_says("12345678"))
    try:
        searches = []
        for secret in ("87654321", None):
            place = as_one_who_says(secret)
            options = ["--parallelized", "--master", cluster.master, "--quiet", "--output", str(place / "study")]
            searches.append(Search([STUDY, *options], place))
        assert [search.wait() for search in searches] == [1, 1]
        for search in searches:
            (line,) = search.said.splitlines()
            assert "no cluster answers" in line and "spark.authenticate.secret" in line
    finally:
        cluster.close()
