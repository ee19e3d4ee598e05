"""The OpenAI-compatible part: workspaces are its models, under their slugs. It answers most failures without a word."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Literal, overload

from .chat import ChatStream
from .errors import BrokenAnswer, NotSupported
from .http import HttpClient, Kind
from .sse import CompletionReader
from .types import Completion, Embeddings, OpenAIModel, VectorStore, each, need, need_list, need_text


class OpenAIModule:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def list_models(self) -> list[OpenAIModel]:
        return self._http.call("GET", "/v1/openai/models", each(OpenAIModel.from_json, "data"))

    @overload
    def create_chat_completion(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        temperature: float | None = None,
        stream: Literal[False] = False,
        **unsupported: Any,
    ) -> Completion: ...

    @overload
    def create_chat_completion(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        temperature: float | None,
        stream: Literal[True],
        **unsupported: Any,
    ) -> ChatStream: ...

    def create_chat_completion(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        temperature: float | None = None,
        stream: bool = False,
        **unsupported: Any,
    ) -> Completion | ChatStream:
        """NotFound for an unknown model; ServerError when the model fails. max_tokens, top_p and the like:
        NotSupported."""
        for name, value in unsupported.items():
            if value is not None:
                raise NotSupported(f"{name}: AnythingLLM ignores it.")
        body: dict[str, Any] = {"model": model, "messages": [dict(message) for message in messages]}
        if temperature is not None:
            body["temperature"] = temperature
        route = "/v1/openai/chat/completions"
        if stream:
            return ChatStream(self._http.stream(route, names={}, json={**body, "stream": True}), CompletionReader())
        return self._http.call("POST", route, Completion.from_json, kind=Kind.STREAM, json=body)

    def list_vector_stores(self) -> list[VectorStore]:
        return self._http.call("GET", "/v1/openai/vector_stores", each(VectorStore.from_json, "data"))

    def create_embedding(self, input_text: str | Sequence[str], model: str | None = None) -> Embeddings:
        """One vector for each text, by the instance's embedder."""
        if model is not None:
            raise NotSupported("model: the embedder is one for the whole instance.")
        texts = input_text if isinstance(input_text, str) else list(input_text)
        return self._http.call(
            "POST", "/v1/openai/embeddings", Embeddings.from_json, kind=Kind.EMBED, json={"input": texts}
        )

    def generate_image(self, prompt: str, *, size: str | None = None, references: Sequence[BinaryIO] = ()) -> bytes:
        """A PNG (v1.16, where a provider is set; else Refused). With `references` these pictures are edited."""
        fields = {"prompt": prompt} | ({"size": size} if size else {})
        route = "/v1/openai/images/generations"
        if not references:
            return self._http.call("POST", route, _image, kind=Kind.STREAM, json=fields)
        files = [
            ("image_references", (f"{number}.png", picture, "image/png")) for number, picture in enumerate(references)
        ]
        return self._http.call("POST", route, _image, kind=Kind.UPLOAD, data=fields, files=files)


def _image(data: Any) -> bytes:
    try:
        return base64.b64decode(need_text(need(need_list(data, "data"), 0), "b64_json"), validate=True)
    except binascii.Error:
        raise BrokenAnswer(200, "The answer's 'b64_json' is not base64.") from None
