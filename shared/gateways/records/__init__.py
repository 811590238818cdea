"""How each noun is stored: to its DynamoDB item and back. One file for each noun."""
