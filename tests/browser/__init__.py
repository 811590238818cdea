"""The page in a real Chromium, on the deployed stack."""
