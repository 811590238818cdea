"""The control API under `/_standin`: commands that change or show what Stripe does.

Bodies are JSON and checked strictly. No key is needed: the stand-in is for local use only.
"""
