"""The fault harness: the whole product in one process, with faults wherever it calls outside.

- ``one_process/``: the product's handlers, the AWS engine, the Stripe stand-in and a clock, all in
  this process. Every call out of a function passes one place, where a fault can be injected.
- ``world/``: one studio's world, built from these parts, with the people who use it.
- ``flows.py``: the flows that ``test_crash_points.py`` crashes at every outside call. Each flow is
  a scene (``scenes.py``) and an action (``actions.py``). A new flow is one more row there.
- ``weather/``: days of a busy studio in which everything goes wrong, drawn from one seed.
- ``final_state.py`` and ``money_oracle.py``: the records at the end, and the rules they must obey.
"""
