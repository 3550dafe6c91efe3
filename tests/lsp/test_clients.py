"""Conversations as real editors hold them: pytest-lsp's client, which checks what it gets, with the capabilities of each editor."""

from __future__ import annotations

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

from .conftest import build_server
from .test_answers import TEXT, place

URI = "file:///editor/a.py"
WRONG = TEXT + "\n@brrr\ndef wrong(**x):\n    '🙂'; return [i for i in x]\n"


def client() -> LanguageClient:
    made = make_test_lsp_client()
    for request in ("client/registerCapability", "workspace/inlayHint/refresh", "workspace/codeLens/refresh", "workspace/semanticTokens/refresh"):
        made.feature(request)(lambda *_: None)
    return made


@pytest_lsp.fixture(
    params=["visual_studio_code", "neovim", "emacs"],
    config=ClientServerConfig(server_command=[str(build_server()), "--stdio"], client_factory=client),
)
async def editor(request, lsp_client: LanguageClient):
    options = types.InitializeParams(capabilities=client_capabilities(request.param), workspace_folders=[])
    await lsp_client.initialize_session(options)
    yield
    await lsp_client.shutdown_session()


def opened(editor: LanguageClient, text: str) -> types.TextDocumentIdentifier:
    item = types.TextDocumentItem(uri=URI, language_id="python", version=1, text=text)
    editor.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
    return types.TextDocumentIdentifier(uri=URI)


def position(mark: str, inside: int = 0) -> types.Position:
    line, character = place(TEXT, mark, inside)
    return types.Position(line=line, character=character)


@pytest.mark.asyncio
async def test_diagnostics(editor: LanguageClient):
    document = opened(editor, WRONG)
    if editor.capabilities.text_document.diagnostic is not None:
        report = await editor.text_document_diagnostic_async(types.DocumentDiagnosticParams(text_document=document))
        items = report.items
    else:
        await editor.wait_for_notification("textDocument/publishDiagnostics")
        items = editor.diagnostics[URI]
    assert {one.code for one in items} == {"BRRR205", "BRRR223"}
    assert all(one.source == "brrr" for one in items)


@pytest.mark.asyncio
async def test_hover(editor: LanguageClient):
    document = opened(editor, TEXT)
    answer = await editor.text_document_hover_async(types.HoverParams(text_document=document, position=position("(total)", 1)))
    assert "total: int | float" in answer.contents.value


@pytest.mark.asyncio
async def test_hints_lenses_and_actions(editor: LanguageClient):
    document = opened(editor, TEXT)
    whole = types.Range(start=types.Position(0, 0), end=types.Position(1000, 0))
    hints = await editor.text_document_inlay_hint_async(types.InlayHintParams(text_document=document, range=whole))
    assert ": i64" in [one.label for one in hints]
    lenses = await editor.text_document_code_lens_async(types.CodeLensParams(text_document=document))
    assert "brrr.showIr" in [one.command.command for one in lenses]
    params = types.CodeActionParams(text_document=document, range=whole, context=types.CodeActionContext(diagnostics=[]))
    assert await editor.text_document_code_action_async(params) in ([], ())


@pytest.mark.asyncio
async def test_the_command_that_shows_the_ir(editor: LanguageClient):
    opened(editor, TEXT)
    argument = {"uri": URI, "position": {"line": 7, "character": 0}, "stage": "typed"}
    params = types.ExecuteCommandParams(command="brrr.showIr", arguments=[argument])
    answer = await editor.workspace_execute_command_async(params)
    assert "fn f(" in str(answer)
