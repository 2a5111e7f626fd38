"""Text models: agents that are asked and do not speak."""
