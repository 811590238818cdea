"""The operator command's tables keep ids and amounts whole, in terminals, pipes and files."""

import pytest

from infra.operate.output import print_table

COLUMNS = ("kind", "stripe refund", "amount", "what to do")
ROW = (
    "refund_missing_in_books",
    "re_3PqLxkEqGhV2mWcF1aBcDeFg",
    "$1,234.56",
    "the next run heals it; if it is still there tomorrow, ask Stripe about the refund",
)


def test_a_table_that_fits_is_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _terminal(monkeypatch, columns=200)
    print_table(COLUMNS, [ROW])
    assert any(all(cell in line for cell in ROW) for line in capsys.readouterr().out.splitlines())


def test_in_a_narrow_terminal_each_value_is_whole_beside_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _terminal(monkeypatch, columns=60)
    print_table(COLUMNS, [ROW, ROW])
    lines = capsys.readouterr().out.splitlines()
    for name, value in zip(COLUMNS, ROW, strict=True):
        assert lines.count(f"{name:<13}  {value}") == 2


def test_in_a_pipe_each_row_is_one_line_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [(*ROW[:3], ROW[3] * 10)])
    output = capsys.readouterr().out
    assert any(ROW[0] in line and ROW[3] * 10 in line for line in output.splitlines())


def test_characters_that_control_terminals_are_replaced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _terminal(monkeypatch, columns=20)
    print_table(("name",), [("\x1b[2J[bold]Ann and a name longer than the terminal",)])
    assert "\N{REPLACEMENT CHARACTER}[2J[bold]Ann" in capsys.readouterr().out


def _terminal(monkeypatch: pytest.MonkeyPatch, *, columns: int) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any output for a terminal then
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
