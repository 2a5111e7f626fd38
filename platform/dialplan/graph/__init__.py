"""The graph of agents and handoffs: build and check. Pure."""
