from cytally.tasks.watched_failures import WatchedFailures


def test_a_failure_holds_until_its_file_changes_or_is_counted(tmp_path):
    failures, table = WatchedFailures(tmp_path), tmp_path / "failures.csv"
    failures.add("a.png", [5, 1.0], "a.png: is no image")
    assert failures.holds("a.png", [5, 1.0])
    assert not failures.holds("a.png", [6, 1.0]) and not failures.holds("b.png", [5, 1.0])
    assert table.read_text().splitlines() == ["image,error", "a.png,a.png: is no image"]
    failures.drop("b.png")
    assert table.exists()
    failures.drop("a.png")
    assert not failures.holds("a.png", [5, 1.0]) and not table.exists()
