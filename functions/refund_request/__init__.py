"""The API of refunds: preview one, request one, read one."""
