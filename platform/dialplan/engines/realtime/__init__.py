"""The Agents SDK's realtime session over our own model transport."""
