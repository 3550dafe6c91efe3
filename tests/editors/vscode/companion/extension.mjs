// Starts basedpyright's language server with its defaults, as its own extension does.

import { LanguageClient, TransportKind } from 'vscode-languageclient/node';

let client;

export async function activate() {
  const server = { module: BASEDPYRIGHT, transport: TransportKind.stdio };
  client = new LanguageClient('basedpyright', 'basedpyright', server, {
    documentSelector: [{ scheme: 'file', language: 'python' }],
    synchronize: { configurationSection: ['python', 'basedpyright'] },
  });
  await client.start();
}

export async function deactivate() {
  await client?.stop();
}
