"""Files that are whole at every moment, and what is said where they cannot be written."""

import pytest

from rliable.records.writing import StudyFolderError, study_files_at, write_atomically


def test_write_replaces_the_file_and_leaves_nothing_beside_it(tmp_path):
    write_atomically(tmp_path / "a.json", "1")
    write_atomically(tmp_path / "a.json", "2")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.json", "2")]


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_neighbour(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / "taken", "new")
    write_atomically(tmp_path / "file", "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "file", "\udcff")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken"]
    assert (tmp_path / "file").read_text() == "old"


def test_trouble_with_a_file_is_one_line_that_names_it(tmp_path):
    with pytest.raises(StudyFolderError) as error, study_files_at(tmp_path):
        (tmp_path / "none" / "file").write_text("")
    cure = "mend this, then resume the study"
    assert str(error.value) == f"{tmp_path / 'none' / 'file'}: No such file or directory; {cure}"
    with pytest.raises(StudyFolderError) as error, study_files_at(tmp_path / "journal.log"):
        raise OSError(28, "No space left on device")
    assert str(error.value) == f"{tmp_path / 'journal.log'}: No space left on device; {cure}"
