"""What the customer's Salesforce org must have, deployable with the Salesforce CLI, and its check."""
