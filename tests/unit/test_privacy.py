"""docs/privacy.md says how long personal data is kept as the template keeps it."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import typer

from infra.operate.erasing.choose import Choice, _years_before, choice
from infra.paths import ROOT
from shared.domain.delivery import DeliveryReport, DeliveryStatus
from shared.domain.dispute import Dispute
from shared.domain.refund import PaidBy, Resolution
from tests.bench.start_up import template
from tests.unit.orders import hundred_dollars, refund_of
from tests.unit.test_mail_events import message

DAY = 86_400
RESOURCES = template()["Resources"]
PAGE = (ROOT / "docs" / "privacy.md").read_text()


def row(place: str) -> str:
    """Return the row of the table about a place."""
    (found,) = [line for line in PAGE.splitlines() if line.startswith(f"| {place} |")]
    return found


def properties(name: str) -> Any:  # noqa: ANN401  # a resource's
    return RESOURCES[name]["Properties"]


def test_exports_are_deleted_after_the_days_that_the_page_names() -> None:
    (rule,) = properties("ExportBucket")["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert f"{rule['ExpirationInDays']} days" in row("export bucket")


def test_events_with_addresses_expire_as_the_page_says() -> None:
    assert properties("MailEventQueue")["MessageRetentionPeriod"] == DAY
    days = properties("MailEventDLQ")["MessageRetentionPeriod"] // DAY
    assert "at most a day" in row("`MailEventQueue`")
    assert f"{days} days" in row("`MailEventQueue`")


def test_every_log_expires() -> None:
    groups = [each for each in RESOURCES.values() if each["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) > 20
    for each in groups:
        assert each["Properties"]["RetentionInDays"]


def test_no_table_keeps_backups_longer_than_the_page_says() -> None:
    for each in RESOURCES.values():
        if each["Type"] == "AWS::DynamoDB::Table":
            backups = each["Properties"].get("PointInTimeRecoverySpecification")
            assert backups in ({"PointInTimeRecoveryEnabled": True}, None)  # AWS's own 35 days
    assert "35 days" in row("DynamoDB's backups")


def test_an_erased_message_has_no_words_and_still_says_that_it_was_sent() -> None:
    report = DeliveryReport(DeliveryStatus.BOUNCED, "2026-11-20T10:00:00.000Z", note="Ann")
    sent = replace(message(), reports=(report,), ses_message_id="0100")
    erased = sent.erased()
    kept = {"to_address", "subject", "text", "html", "reports"}
    for name in [each.name for each in fields(sent)]:
        assert name in kept or getattr(erased, name) == getattr(sent, name)
    assert (erased.to_address, erased.text, erased.html) == ("", "", "")
    assert erased.reports[0].note is None
    assert erased.erased() == erased


def test_the_kind_of_a_choice_names_nobody() -> None:
    assert choice("ord_1", None, None).kind == "order"
    assert choice(None, "ada@mail.example", None).kind == "email"
    assert choice(None, None, "Ada").kind == "subject"
    assert choice(None, None, None, older_than="7y").kind == "older than 7y"
    assert choice(None, None, None, user="una.kerr").kind == "user"


@pytest.mark.parametrize("age", ["7", "y", "0y", "-1y", "7d", "007y", "7 y", ""])
def test_an_age_is_a_number_of_years(age: str) -> None:
    with pytest.raises(typer.BadParameter):
        choice(None, None, None, older_than=age)


def test_orders_are_named_in_exactly_one_way() -> None:
    for named in ((None, None, None), ("ord_1", "a@b.example", None)):
        with pytest.raises(typer.BadParameter):
            choice(*named)
    with pytest.raises(typer.BadParameter):
        choice("ord_1", None, None, user="una.kerr")
    assert choice(None, None, None, older_than="10y") == Choice(older_than_years=10)


def test_a_leap_day_is_seven_years_after_the_last_day_of_february() -> None:
    leap_day = datetime(2028, 2, 29, tzinfo=UTC)
    assert _years_before(leap_day, 7) == datetime(2021, 2, 28, tzinfo=UTC)


def test_notes_are_erased_and_facts_of_money_stay() -> None:
    sale = hundred_dollars()
    done = Resolution(PaidBy.CHECK, "No. 1001", "2026-11-20T10:00:00.000Z", "staff", "Her aunt")
    refund = replace(refund_of(sale, "rf_1", 500), note="Ann called", resolution=done)
    erased = refund.erased()
    assert (erased.note, erased.resolution) == (None, replace(done, note=None))
    assert replace(erased, note=refund.note, resolution=done) == refund
    dispute = Dispute("dp_1", "lost", 100, False, "2026-11-20T10:00:00.000Z")  # noqa: FBT003  # its field
    noted = replace(dispute, dismissed_by="staff", dismissal_note="Ann called")
    state = replace(sale.state, disputes=(noted,))
    assert state.erased() == replace(state, disputes=(replace(noted, dismissal_note=None),))
