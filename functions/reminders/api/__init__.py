"""The JSON API: routes, the shapes of what comes in and goes out, and who may do what."""
