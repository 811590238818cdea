"""One studio's world: its functions, queues, webhook events, users and operator."""
