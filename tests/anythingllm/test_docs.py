"""The table in docs/client.md names every method there is, and none that is not."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from dashboard.anythingllm import AnythingLLMClient

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
REFERENCE = {
    "auth": "login validate_token check_setup",
    "workspaces": "list get create update delete get_documents add_documents remove_document",
    "documents": "list get upload delete sync get_folders create_folder delete_folder",
    "chat": "send_message get_history clear_history list_threads create_thread update_thread delete_thread",
    "system": "get_health get_settings update_settings get_llm_models get_embedding_models get_vector_dbs"
    " get_accepted_document_types get_prompts create_prompt update_prompt delete_prompt",
    "users": "list get create update delete get_api_keys create_api_key delete_api_key",
    "embed": "get_text_embedding get_batch_embeddings",
    "admin": "is_multi_user_mode create_user update_user delete_user create_invite get_invites delete_invite"
    " get_system_preferences update_system_preferences",
    "openai": "list_models create_chat_completion list_vector_stores create_embedding",
    "workspace_thread": "list_threads get_thread create_thread update_thread delete_thread get_thread_messages"
    " send_message clear_thread_messages",
    "http_client": "get post put delete",
}


def written() -> tuple[set[str], set[str]]:
    """The names in the table of the reference, and in the one of what goes beyond."""
    text = PAGE.read_text()
    reference, beyond = text.split("## Every method")[1].split("## Beyond")
    cells = [re.findall(r"^\| (`.*?`) \|", part, re.MULTILINE) for part in (reference, beyond)]
    found, more = ({name for cell in part for name in re.findall(r"`([\w.]+)`", cell)} for part in cells)
    return found, more


def offered() -> set[str]:
    client = AnythingLLMClient("http://localhost:3001", "key")
    names = {"get_api_status"}
    for name, module in vars(client).items():
        methods = {method for method, _ in inspect.getmembers(module, callable) if not method.startswith("_")}
        names |= {f"{name}.{method}" for method in methods}
    return names - {f"http_client.{method}" for method in ("call", "fetch", "stream", "close", "hide")}


def test_it_lists_the_whole_reference() -> None:
    wanted = {f"{module}.{method}" for module, methods in REFERENCE.items() for method in methods.split()}
    assert written()[0] == wanted | {"get_api_status"}


def test_it_lists_all_that_the_client_offers_and_nothing_else() -> None:
    reference, beyond = written()
    assert not reference & beyond
    assert reference | beyond == offered()
