"""The graph of agents and handoffs: build, check and draw. Pure."""
