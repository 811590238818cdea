"""A studio for the unit tests."""

from shared.domain.studio import Studio

LAKESIDE = Studio(
    studio_id="st_1",
    name="Lakeside School Portraits",
    timezone="America/Chicago",
    currency="usd",
    rev_share_bps=1500,
    from_address="orders@lakeside.example",
    negative_balance_limit=0,
)
