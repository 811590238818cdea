"""A studio's users: who they are, inviting one, changing a role, removing one."""
