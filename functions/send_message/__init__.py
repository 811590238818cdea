"""Writing to the parent. A person sends each message; nothing is automatic."""
