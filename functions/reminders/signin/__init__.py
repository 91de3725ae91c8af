"""Signing in with Salesforce (C7): the routes `/auth/*`, their cookies, and Salesforce as OpenID provider."""
