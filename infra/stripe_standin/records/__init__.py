"""What the stand-in stores: one type of record for each kind of Stripe object.

A record holds only what varies. Amounts are integers in minor units of the record's currency.
Times are Unix seconds of the simulated clock. `rendering` adds the rest of Stripe's JSON.
"""
