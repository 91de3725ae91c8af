"""The way to Salesforce and from it: REST calls on simple-salesforce, and outbound messages."""
