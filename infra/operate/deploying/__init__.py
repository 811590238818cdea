"""Deploys a stack to AWS."""
