"""A bag of words instead of embeddings: two sentences are as near as the words they share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray

from dialplan.emulators.rehearsal.choose import Chooser

_DULL = frozenset("a an the i to is my your of for and it you me can do in at".split())


class BagOfWords:
    """Counts words into 256 buckets and normalises."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.full((len(texts), 256), 1e-6, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"[a-z]+", text.lower()):
                if word not in _DULL:
                    row[crc32(word.removesuffix("s").encode()) % 256] += 1.0
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def bag() -> BagOfWords:
    return BagOfWords()


@pytest.fixture
def chooser(bag: BagOfWords) -> Chooser:
    return Chooser(bag)
