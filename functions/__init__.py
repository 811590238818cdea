"""The Lambda functions, one package each; they never import each other.

What a cold start imports stays. Python would look through it for garbage a hundred times on the
way, for a twentieth of the time. So it looks only after 100,000 new objects, and not after 2,000.
"""

import gc

gc.set_threshold(100_000)
