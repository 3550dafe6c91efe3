// Answers for the Python extension: its API, as far as brrr asks it, with one interpreter that has brrr and one that has not.

import * as vscode from 'vscode';

export function activate(context) {
  const changed = new vscode.EventEmitter();
  let path = PYTHON;
  context.subscriptions.push(
    changed,
    vscode.commands.registerCommand('interpreters.select', () => {
      path = '/usr/bin/python3';
      changed.fire({ id: path, path });
    }),
  );
  return {
    environments: {
      getActiveEnvironmentPath: () => ({ id: path, path }),
      resolveEnvironment: async (asked) => ({ executable: { uri: vscode.Uri.file(asked.path) } }),
      onDidChangeActiveEnvironmentPath: changed.event,
    },
  };
}
