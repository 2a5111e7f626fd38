"""The real MiniLM weights: what retrieval and the understanding of rehearsals stand on."""

from __future__ import annotations

import numpy as np
import pytest

from dialplan.knowledge.minilm import Embedder, read_vocabulary
from dialplan.knowledge.wordpiece import token_ids


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


def test_rows_are_unit_vectors_in_the_order_asked(embedder: Embedder) -> None:
    texts = ["book an appointment", "cancel it", "book an appointment"]

    rows = embedder.embed(texts)

    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    assert np.array_equal(rows[0], rows[2])
    assert not np.allclose(rows[0], rows[1])


def test_a_paraphrase_is_nearer_than_another_matter(embedder: Embedder) -> None:
    asked, same, other = embedder.embed(
        [
            "I need to see a doctor next week",
            "schedule a medical appointment",
            "what is the opening time of the restaurant",
        ]
    )

    assert asked @ same > asked @ other + 0.2


def test_the_batch_does_not_change_a_text_beyond_quantisation(embedder: Embedder) -> None:
    alone = Embedder().embed(["yes"])[0]

    together = Embedder().embed(["yes", "a much longer sentence that makes the batch wide"])[0]

    assert alone @ together > 0.98


def test_no_text_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_the_vocabulary_gives_the_ids_bert_is_known_for() -> None:
    assert token_ids("Hello, world!", read_vocabulary(), 128) == [101, 7592, 1010, 2088, 999, 102]


def test_the_cache_keeps_to_its_limit_and_still_answers_all() -> None:
    small = Embedder(cache=2)

    rows = small.embed(["one", "two", "three"])

    assert rows.shape == (3, 384)
    assert np.allclose(small.embed(["one"])[0], rows[0], atol=0.05)
