"""The only places that import boto3 or stripe: the tables, the queues, the secrets, Stripe."""
