"""OpenAI's `POST /v1/embeddings` on loopback, over the local model.

Vectors have as many numbers as are asked for: MiniLM's, through a fixed projection that keeps what
is near to what. It takes any `Authorization` header but not none.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dialplan.knowledge.minilm import DIMENSION, Embedder

MODELS: Final = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
"""Models with the most numbers of their vectors ("Embedding models", as documented)."""
MOST_INPUTS: Final = 2048
_SEED: Final = 20_250_101


def embeddings_app(embedder: Embedder) -> Starlette:
    """Return an application that serves the endpoint under `/v1`."""

    async def answer(request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return _refused(401, "You didn't provide an API key.", "invalid_request_error")
        try:
            asked = json.loads(await request.body())
            texts, model, size = _read(asked)
        except ValueError as error:
            return _refused(400, str(error), "invalid_request_error")
        rows = await asyncio.to_thread(_rows, embedder, texts, size)
        encoded = asked.get("encoding_format") == "base64"
        data = [
            {"object": "embedding", "index": at, "embedding": _base64(row) if encoded else row}
            for at, row in enumerate(rows)
        ]
        words = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": words, "total_tokens": words}
        return JSONResponse({"object": "list", "data": data, "model": model, "usage": usage})

    return Starlette(routes=[Route("/v1/embeddings", answer, methods=["POST"])])


def _read(asked: Any) -> tuple[list[str], str, int]:
    if not isinstance(asked, dict):
        raise ValueError("We could not parse the JSON body of your request.")
    model, given = asked.get("model"), asked.get("input")
    if model not in MODELS:
        raise ValueError(f"The model `{model}` does not exist or you do not have access to it.")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not 0 < len(texts) <= MOST_INPUTS:
        raise ValueError("'$.input' is invalid. Please check the API reference.")
    if not all(isinstance(text, str) and text for text in texts):
        raise ValueError("'$.input' is invalid. Please check the API reference.")
    size = asked.get("dimensions", MODELS[model])
    if not isinstance(size, int) or not 0 < size <= MODELS[model]:
        raise ValueError(f"Invalid value for 'dimensions': at most {MODELS[model]}.")
    return texts, model, size


def _rows(embedder: Embedder, texts: list[str], size: int) -> list[list[float]]:
    import numpy as np

    rows = np.stack([embedder.embed([text])[0] for text in texts])
    spread = np.random.default_rng(_SEED).standard_normal((DIMENSION, size))
    wide = rows @ spread
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    found: list[list[float]] = unit.tolist()
    return found


def _base64(row: list[float]) -> str:
    import numpy as np

    return base64.b64encode(np.asarray(row, dtype=np.float32).tobytes()).decode()


def _refused(status: int, message: str, kind: str) -> Response:
    error = {"message": message, "type": kind, "param": None, "code": None}
    return JSONResponse({"error": error}, status)
