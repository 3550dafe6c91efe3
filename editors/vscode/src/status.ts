// How the server is, in the status bar while Python or a text of the compiler is looked at.

import * as vscode from 'vscode';
import { SCHEME } from './views';

export type State = { is: 'starting' } | { is: 'ready'; version: string } | { is: 'failed'; message: string };

export class Status {
  readonly #item = vscode.window.createStatusBarItem('brrr.status', vscode.StatusBarAlignment.Right, 90);
  #state: State = { is: 'starting' };
  #detail = '';
  /** Texts that LLVM makes at the moment. */
  #compiling = 0;

  constructor(context: vscode.ExtensionContext) {
    this.#item.name = 'brrr';
    this.#item.command = 'brrr.showMenu';
    context.subscriptions.push(
      this.#item,
      vscode.window.onDidChangeActiveTextEditor(() => this.#draw()),
      vscode.workspace.onDidOpenTextDocument(() => this.#draw()),
    );
    this.#draw();
  }

  /** @param detail which server it is */
  show(state: State, detail: string): void {
    this.#state = state;
    this.#detail = detail;
    this.#draw();
  }

  /** Shows that something is compiled until the work is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#compiling += 1;
    this.#draw();
    try {
      return await work;
    } finally {
      this.#compiling -= 1;
      this.#draw();
    }
  }

  #draw(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (document === undefined || (document.languageId !== 'python' && document.uri.scheme !== SCHEME)) {
      this.#item.hide();
      return;
    }
    const { icon, text, failed } = this.#look();
    this.#item.text = `$(${icon}) brrr`;
    const tooltip = new vscode.MarkdownString(`**brrr** ${text}\n\n`, true);
    tooltip.appendText(this.#detail);
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label: `brrr ${text}` };
    this.#item.backgroundColor = failed ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    this.#item.show();
  }

  #look(): { icon: string; text: string; failed: boolean } {
    switch (this.#state.is) {
      case 'starting':
        return { icon: 'sync~spin', text: 'is starting', failed: false };
      case 'failed':
        return { icon: 'error', text: this.#state.message, failed: true };
      case 'ready':
        return this.#compiling > 0
          ? { icon: 'sync~spin', text: `${this.#state.version}: compiling`, failed: false }
          : { icon: 'zap', text: `${this.#state.version}: ready`, failed: false };
    }
  }
}
