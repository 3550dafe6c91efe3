// The text of a stage beside its source, with the lines that belong together marked on both sides.
//
// Enters: what the server answers to `brrr.showIr`. Leaves: a read-only document and its decorations.

import * as vscode from 'vscode';

/** The scheme of the documents that show a stage. */
export const SCHEME = 'brrr-ir';

/** What the server answers. */
export interface Stage {
  title: string;
  languageId: string;
  text: string;
  mapping: { line: number; irLines: [number, number] }[];
}

/** One text beside one source; a new one takes its place. */
export class StageView implements vscode.TextDocumentContentProvider {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #shown = new Map<string, { stage: Stage; source: string }>();
  readonly #mark = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor('editor.rangeHighlightBackground'),
  });

  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext) {
    context.subscriptions.push(
      this.#changed,
      this.#mark,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.window.onDidChangeTextEditorSelection((event) => this.#follow(event.textEditor)),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#shown.get(uri.toString())?.stage.text ?? '';
  }

  /** Shows a stage beside the editor that asked for it. */
  async show(stage: Stage, source: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${stage.title}` });
    this.#shown.set(uri.toString(), { stage, source });
    this.#changed.fire(uri);
    let document = await vscode.workspace.openTextDocument(uri);
    const languages = await vscode.languages.getLanguages();
    if (languages.includes(stage.languageId)) {
      document = await vscode.languages.setTextDocumentLanguage(document, stage.languageId);
    }
    await vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.Beside,
      preserveFocus: true,
      preview: true,
    });
  }

  /** Marks on the other side what belongs to the line under the cursor. */
  #follow(editor: vscode.TextEditor): void {
    const line = editor.selection.active.line;
    const uri = editor.document.uri.toString();
    for (const other of vscode.window.visibleTextEditors) {
      const mine = this.#shown.get(other.document.uri.toString());
      if (mine?.source === uri) {
        const runs = mine.stage.mapping.filter((run) => run.line === line).map((run) => run.irLines);
        this.#highlight(other, runs);
      }
    }
    const own = this.#shown.get(uri);
    if (own !== undefined) {
      const lines = own.stage.mapping.filter(({ irLines: [first, last] }) => first <= line && line <= last);
      for (const other of vscode.window.visibleTextEditors) {
        if (other.document.uri.toString() === own.source) {
          this.#highlight(
            other,
            lines.map((run) => [run.line, run.line]),
          );
        }
      }
    }
  }

  #highlight(editor: vscode.TextEditor, runs: readonly (readonly [number, number])[]): void {
    const ranges = runs.map(([first, last]) => new vscode.Range(first, 0, last, 0));
    editor.setDecorations(this.#mark, ranges);
    const first = ranges[0];
    if (first !== undefined) {
      editor.revealRange(first, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    }
  }
}
