// The optional mode that writes at the end of each line how many machine instructions it has become, and how wide its vectors are.
//
// Enters: editors in sight and edits. Leaves: decorations, and nothing while the mode is off.

import * as vscode from 'vscode';
import { costs, costText } from './costs';
import type { Server } from './server';

const SETTING = 'lineCosts.enable';

/** From an edit to the question, in milliseconds. */
const PAUSE = 500;

export class CostView {
  readonly #server: Server;
  readonly #end = vscode.window.createTextEditorDecorationType({
    after: {
      color: new vscode.ThemeColor('editorCodeLens.foreground'),
      margin: '0 0 0 3em',
      fontStyle: 'italic',
    },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  #timer: NodeJS.Timeout | undefined;
  #asked = 0;

  constructor(context: vscode.ExtensionContext, server: Server) {
    this.#server = server;
    context.subscriptions.push(
      this.#end,
      vscode.window.onDidChangeVisibleTextEditors(() => this.refresh()),
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.document.languageId === 'python') {
          this.refresh(PAUSE);
        }
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(`brrr.${SETTING}`)) {
          this.refresh();
        }
      }),
      server.onDidChangeState(() => this.refresh()),
    );
  }

  /** Turns the mode on or off for this user. */
  async toggle(): Promise<void> {
    const settings = vscode.workspace.getConfiguration('brrr');
    await settings.update(SETTING, !settings.get<boolean>(SETTING, false), vscode.ConfigurationTarget.Global);
  }

  refresh(pause = 0): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#draw(), pause);
  }

  async #draw(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const isOn = vscode.workspace.getConfiguration('brrr').get<boolean>(SETTING, false);
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document.languageId === 'python') {
        const ends = isOn ? await this.#ends(editor.document) : [];
        if (asked !== this.#asked) {
          return;
        }
        editor.setDecorations(this.#end, ends);
      }
    }
  }

  async #ends(document: vscode.TextDocument): Promise<vscode.DecorationOptions[]> {
    const uri = document.uri.toString();
    const ends: vscode.DecorationOptions[] = [];
    try {
      for (const one of await this.#server.functions(uri)) {
        if (one.isRefused) {
          continue;
        }
        // One that cannot be compiled for its types has no lines to show; its diagnostics say why.
        const answer = await this.#server.text(uri, one.position, 'asm').catch(() => undefined);
        for (const [line, cost] of answer === undefined ? [] : costs(answer.text, answer.mapping)) {
          if (line < document.lineCount) {
            const { end } = document.lineAt(line).range;
            ends.push({
              range: new vscode.Range(end, end),
              renderOptions: { after: { contentText: costText(cost) } },
            });
          }
        }
      }
    } catch {
      // Without a server there is nothing to show; the status says so.
      return [];
    }
    return ends;
  }
}
