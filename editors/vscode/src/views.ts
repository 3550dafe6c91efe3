// Texts of the compiler beside their source, or in a peek: read-only, live, with the line under the cursor marked on both sides.
//
// Enters: a place, a stage, edits, the cursor. Leaves: virtual documents and decorations. Promised: a text that no longer
// belongs to its source stays and says so; it never shows something else than it says.

import * as vscode from 'vscode';
import { followed, linesOfSource, linesOfText, longest } from './lines';
import { type Place, type Position, reasonOf, STAGES, type Stage, type StageText, stageName } from './protocol';
import type { Server } from './server';

/** The scheme of the documents that show a stage. */
export const SCHEME = 'brrr-ir';

/** From an edit to the question for the new text, in milliseconds. */
const PAUSE = 200;

/** What the extension calls the languages of the texts, so that no other extension's grammar is in the way. */
const LANGUAGES: Record<Stage, string> = {
  typed: 'brrr-ir',
  llvm: 'brrr-llvm',
  'llvm-opt': 'brrr-llvm',
  asm: 'brrr-asm',
};

interface View {
  uri: vscode.Uri;
  source: string;
  name: string;
  /** Where the function's name was when it was seen last. */
  position: Position;
  stage: Stage;
  /** The last text that could be made. */
  shown: StageText;
  /** Why the text is older than the source, if it is. */
  stale: string | undefined;
  /** Counts what was asked, so that late answers do not replace newer ones. */
  asked: number;
}

export class Views implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider {
  readonly #server: Server;
  readonly #views = new Map<string, View>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #lensesChanged = new vscode.EventEmitter<void>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #mark = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor('editor.wordHighlightStrongBackground'),
    overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.wordHighlightStrongForeground'),
    overviewRulerLane: vscode.OverviewRulerLane.Full,
  });

  readonly onDidChange = this.#changed.event;
  readonly onDidChangeCodeLenses = this.#lensesChanged.event;

  constructor(context: vscode.ExtensionContext, server: Server) {
    this.#server = server;
    context.subscriptions.push(
      this.#changed,
      this.#lensesChanged,
      this.#mark,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, this),
      vscode.window.onDidChangeTextEditorSelection((event) => this.#follow(event.textEditor)),
      vscode.window.onDidChangeVisibleTextEditors(() => this.#followActive()),
      vscode.workspace.onDidChangeTextDocument((event) => this.#edited(event.document)),
      vscode.workspace.onDidCloseTextDocument((document) => this.#closed(document)),
      server.onDidChangeState(() => this.refresh()),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#views.get(uri.toString())?.shown.text ?? '';
  }

  /** What is shown, above the text; each part can be changed. */
  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const view = this.#views.get(document.uri.toString());
    if (view === undefined) {
      return [];
    }
    const top = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command: string) =>
      new vscode.CodeLens(top, { title, command, arguments: [view.uri] });
    const lenses = [
      lens(`${view.name}${view.shown.signature}`, 'brrr.pickSignature'),
      lens(stageName(view.stage), 'brrr.chooseStage'),
    ];
    if (view.stale !== undefined) {
      lenses.push(
        lens(`$(warning) as of the last version that compiled: ${view.stale}`, 'workbench.action.problems.focus'),
      );
    }
    return lenses;
  }

  /** Shows a function beside its source. */
  async showBeside(place: Place, stage: Stage): Promise<void> {
    const { document } = await this.#open(place, stage);
    await vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.Beside,
      preserveFocus: true,
      preview: true,
    });
    this.#followActive();
  }

  /** Shows a function within its source, at the line. */
  async peek(place: Place, stage: Stage): Promise<void> {
    const { view } = await this.#open(place, stage);
    const at = new vscode.Position(place.position.line, place.position.character);
    const [first] = longest(linesOfText(view.shown.mapping, place.position.line)) ?? [0];
    // A place and no range: the lines have their own marks.
    const location = new vscode.Location(view.uri, new vscode.Position(first, 0));
    const source = vscode.Uri.parse(place.uri, true);
    await vscode.commands.executeCommand('editor.action.peekLocations', source, at, [location], 'peek');
  }

  /** The function that a text is of. */
  placeOf(uri: vscode.Uri): (Place & { stage: Stage; name: string }) | undefined {
    const view = this.#views.get(uri.toString());
    return view && { uri: view.source, position: view.position, stage: view.stage, name: view.name };
  }

  /** The text that is in sight of a source. */
  shownOf(source: vscode.Uri): vscode.Uri | undefined {
    const views = vscode.window.visibleTextEditors.map((one) => this.#views.get(one.document.uri.toString()));
    return views.find((view) => view?.source === source.toString())?.uri;
  }

  /** Asks for another stage of what a text shows. */
  async chooseStage(uri: vscode.Uri): Promise<void> {
    const view = this.#views.get(uri.toString());
    const stage = await pickStage(view?.stage);
    if (view !== undefined && stage !== undefined && stage !== view.stage) {
      const column = vscode.window.visibleTextEditors.find((one) => one.document.uri.toString() === uri.toString());
      const { document } = await this.#open({ uri: view.source, position: view.position }, stage);
      await vscode.window.showTextDocument(document, {
        viewColumn: column?.viewColumn ?? vscode.ViewColumn.Beside,
        preserveFocus: true,
        preview: true,
      });
      this.#followActive();
    }
  }

  /** Makes all texts again. */
  refresh(): void {
    for (const view of this.#views.values()) {
      void this.#renew(view);
    }
  }

  async #open(place: Place, stage: Stage): Promise<{ view: View; document: vscode.TextDocument }> {
    const shown = await this.#server.text(place.uri, place.position, stage);
    const functions = await this.#server.functions(place.uri);
    const position = followed(functions, shown.function, place.position)?.position ?? place.position;
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: `/${shown.function}: ${stageName(stage)}`,
      query: place.uri,
    });
    const known = this.#views.get(uri.toString());
    const view: View = {
      uri,
      source: place.uri,
      name: shown.function,
      position,
      stage,
      shown,
      stale: undefined,
      asked: (known?.asked ?? 0) + 1,
    };
    this.#views.set(uri.toString(), view);
    this.#changed.fire(uri);
    this.#lensesChanged.fire();
    const opened = await vscode.workspace.openTextDocument(uri);
    const document = await vscode.languages.setTextDocumentLanguage(opened, LANGUAGES[stage]);
    return { view, document };
  }

  #closed(document: vscode.TextDocument): void {
    // A change of its language closes and opens a document, too.
    setTimeout(() => {
      const isOpen = vscode.workspace.textDocuments.some((one) => one.uri.toString() === document.uri.toString());
      if (document.uri.scheme === SCHEME && !isOpen) {
        this.#views.delete(document.uri.toString());
        this.#followActive();
      }
    }, 0);
  }

  #edited(document: vscode.TextDocument): void {
    const source = document.uri.toString();
    if (document.uri.scheme === SCHEME) {
      // The new text is in place.
      this.#followActive();
      return;
    }
    if (![...this.#views.values()].some((view) => view.source === source)) {
      return;
    }
    clearTimeout(this.#timers.get(source));
    const renew = () => {
      this.#timers.delete(source);
      for (const view of this.#views.values()) {
        if (view.source === source) {
          void this.#renew(view);
        }
      }
    };
    this.#timers.set(source, setTimeout(renew, PAUSE));
  }

  async #renew(view: View): Promise<void> {
    view.asked += 1;
    const asked = view.asked;
    let stale: string | undefined;
    let text: StageText | undefined;
    let position: Position | undefined;
    try {
      position = followed(await this.#server.functions(view.source), view.name, view.position)?.position;
      if (position === undefined) {
        stale = `there is no function ${view.name} any more`;
      } else {
        text = await this.#server.text(view.source, position, view.stage);
      }
    } catch (error) {
      stale = reasonOf(error);
    }
    if (asked !== view.asked) {
      return;
    }
    view.position = position ?? view.position;
    view.stale = stale;
    const isNew = text !== undefined && text.text !== view.shown.text;
    view.shown = text ?? view.shown;
    this.#lensesChanged.fire();
    if (isNew) {
      this.#changed.fire(view.uri);
    } else {
      this.#followActive();
    }
  }

  #followActive(): void {
    const active = vscode.window.activeTextEditor;
    if (active !== undefined) {
      this.#follow(active);
    }
  }

  /** Marks on both sides what belongs to the line under the cursor of an editor. */
  #follow(editor: vscode.TextEditor): void {
    const line = editor.selection.active.line;
    const uri = editor.document.uri.toString();
    const own = this.#views.get(uri);
    if (own !== undefined) {
      const lines = linesOfSource(own.shown.mapping, line);
      this.#highlight(
        editor,
        lines.flatMap((one) => linesOfText(own.shown.mapping, one)),
        false,
      );
      for (const other of vscode.window.visibleTextEditors) {
        if (other.document.uri.toString() === own.source) {
          this.#highlight(
            other,
            lines.map((one) => [one, one] as const),
            true,
          );
        }
      }
      return;
    }
    let isMapped = false;
    let hasView = false;
    for (const other of vscode.window.visibleTextEditors) {
      const view = this.#views.get(other.document.uri.toString());
      if (view?.source === uri) {
        const runs = linesOfText(view.shown.mapping, line);
        hasView = true;
        isMapped ||= runs.length > 0;
        this.#highlight(other, runs, true);
      }
    }
    if (hasView || editor.document.languageId === 'python') {
      this.#highlight(editor, isMapped ? [[line, line]] : [], false);
    }
  }

  #highlight(editor: vscode.TextEditor, runs: readonly (readonly [number, number])[], reveal: boolean): void {
    const ranges = runs.map(([first, last]) => new vscode.Range(first, 0, last, 0));
    editor.setDecorations(this.#mark, ranges);
    // Of a line whose code is in several places the longest part is most of it.
    const part = longest(runs);
    if (reveal && part !== undefined) {
      const range = new vscode.Range(part[0], 0, part[1], 0);
      editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    }
  }
}

/** Asks the user for a stage. */
export async function pickStage(current: Stage | undefined): Promise<Stage | undefined> {
  const details: Record<Stage, string> = {
    typed: 'types and exits, before LLVM',
    llvm: 'as it is given to LLVM',
    'llvm-opt': 'after the passes',
    asm: 'for this machine',
  };
  const items = STAGES.map((stage) => {
    const description = stage === current ? `${details[stage]} (shown)` : details[stage];
    return { label: stageName(stage), description, stage };
  });
  return (await vscode.window.showQuickPick(items, { title: 'Show which stage of the compiler?' }))?.stage;
}
