"""Answers from a vertical's articles: embeddings, the index in Postgres, ranking, and its tests."""
