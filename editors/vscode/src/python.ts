// The interpreter of the selected Python environment, from the Python extension if it is there.
//
// Enters: a workspace folder. Leaves: the path of an interpreter, and word when another one is selected.

import * as vscode from 'vscode';

/** The part of the Python extension's API that is used here. */
interface PythonApi {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { id: string; path: string };
    resolveEnvironment(path: { id: string; path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** How long the Python extension may take before the server starts without it, in milliseconds. */
const PATIENCE = 5000;

export class Interpreters {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #context: vscode.ExtensionContext;
  #api: Promise<PythonApi | undefined> | undefined;

  /** Another interpreter was selected. */
  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext) {
    this.#context = context;
    context.subscriptions.push(
      this.#changed,
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('python.defaultInterpreterPath')) {
          this.#changed.fire();
        }
      }),
    );
  }

  /** The selected interpreter; none in a workspace that is not trusted, for it could select any program. */
  async selected(): Promise<string | undefined> {
    if (!vscode.workspace.isTrusted) {
      return undefined;
    }
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    this.#api ??= this.#activate();
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE));
    const environments = (await Promise.race([this.#api, late]))?.environments;
    if (environments !== undefined) {
      try {
        const environment = await environments.resolveEnvironment(environments.getActiveEnvironmentPath(folder));
        const path = environment?.executable.uri?.fsPath;
        if (path !== undefined) {
          return path;
        }
      } catch {
        // The other extension's own trouble; it tells of it itself.
      }
    }
    const setting = vscode.workspace.getConfiguration('python', folder).get<string>('defaultInterpreterPath', '');
    return setting.includes('/') || setting.includes('\\') ? setting : undefined;
  }

  async #activate(): Promise<PythonApi | undefined> {
    const extension = vscode.extensions.getExtension<PythonApi>('ms-python.python');
    try {
      const api = await extension?.activate();
      const changes = api?.environments?.onDidChangeActiveEnvironmentPath(() => this.#changed.fire());
      if (changes !== undefined) {
        this.#context.subscriptions.push(changes);
      }
      return api;
    } catch {
      return undefined;
    }
  }
}
