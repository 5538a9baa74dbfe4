"""`cytally app` where it cannot begin."""

from __future__ import annotations

import socket


def test_a_busy_port_is_one_line_with_the_cure(call, tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        result = call("app", "--workspace", str(tmp_path / "w"), "--port", str(port), "--no-browser")
    assert result.exit_code == 2 and "--port" in result.stderr.splitlines()[-1]
    assert not (tmp_path / "w").exists()


def test_a_folder_to_allow_has_to_be_there(call, tmp_path):
    result = call(
        "app", "--workspace", str(tmp_path / "w"), "--port", "0", "--no-browser", "--allow", str(tmp_path / "x")
    )
    assert result.exit_code == 2 and "--allow" in result.stderr.splitlines()[-1]
