"""How each noun is stored: its item in DynamoDB, and back. One file a noun, and nowhere else."""
