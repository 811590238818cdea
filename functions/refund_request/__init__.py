"""The API of refunds: preview one, request one, look at one."""
