"""The ledger on DynamoDB: what is stored, under which keys, and how it is read back."""
