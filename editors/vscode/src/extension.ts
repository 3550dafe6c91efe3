// The extension: puts the parts together and registers the commands.
//
// What it says about code comes from the server alone.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { BenchView } from './benchView';
import { CostView } from './costView';
import { functionAt } from './lines';
import { beside, SECTIONS, type Shown, shownBeside } from './neighbours';
import { type Place, reasonOf, type Stage } from './protocol';
import { Interpreters } from './python';
import { RUN_BENCHMARK, Server } from './server';
import { Status } from './status';
import { pickStage, SCHEME, Views } from './views';

/** What the server's lenses do; the client answers for it. */
const SHOW_IR = 'brrr.showIr';
const CHOOSE_SIGNATURE = 'brrr.chooseSignature';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('brrr', { log: true });
  context.subscriptions.push(log);
  const interpreters = new Interpreters(context);
  const status = new Status(context);
  const running = new Server(context, log, conversationChannel(context), status, interpreters);
  server = running;
  const views = new Views(context, running);
  const costs = new CostView(context, running);
  const benchmarks = new BenchView(context, running, log);
  const extension = { context, log, server: running, views, costs, benchmarks };
  running.use({
    workspace: {
      configuration: async (params, token, next) => {
        const answers = await next(params, token);
        const isBrrr = (at: number) => params.items[at]?.section === 'brrr';
        return Array.isArray(answers)
          ? answers.map((one, at) => (isBrrr(at) ? beside(one, shownHere()) : one))
          : answers;
      },
    },
    executeCommand: (command, args, next) => execute(extension, command, args, next),
    provideCodeLenses: async (document, token, next) => lenses(extension, document, await next(document, token)),
  });
  registerCommands(extension);
  context.subscriptions.push(
    benchmarks.onDidChange(() => refreshLenses(running)),
    interpreters.onDidChange(() => running.reconsider()),
    vscode.workspace.onDidChangeConfiguration((event) =>
      event.affectsConfiguration('brrr.server') ? running.restart() : undefined,
    ),
    vscode.workspace.onDidChangeConfiguration((event) =>
      SECTIONS.some((section) => event.affectsConfiguration(section)) ? running.tellConfiguration() : undefined,
    ),
    vscode.extensions.onDidChange(() => running.tellConfiguration()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.reconsider()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => running.reconsider()),
  );
  await running.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

interface Extension {
  context: vscode.ExtensionContext;
  log: vscode.LogOutputChannel;
  server: Server;
  views: Views;
  costs: CostView;
  benchmarks: BenchView;
}

function registerCommands(extension: Extension): void {
  const { context, log, server, views, costs, benchmarks } = extension;
  // What a command cannot do is a message, not an error of the extension.
  const command = (name: string, run: (argument?: unknown) => unknown) =>
    context.subscriptions.push(
      vscode.commands.registerCommand(name, async (argument?: unknown) => {
        try {
          await run(argument);
        } catch (error) {
          log.warn(`${name}: ${reasonOf(error)}`);
          void vscode.window.showWarningMessage(`brrr: ${reasonOf(error)}`);
        }
      }),
    );
  command('brrr.openIr', (argument) => views.showBeside(placeOf(views, argument), llvmStage()));
  command('brrr.openAssembly', (argument) => views.showBeside(placeOf(views, argument), 'asm'));
  command('brrr.openStage', async () => {
    const place = placeOf(views, undefined);
    const stage = await pickStage(undefined);
    return stage === undefined ? undefined : views.showBeside(place, stage);
  });
  command('brrr.peekIr', (argument) => views.peek(placeOf(views, argument), stageOf(argument) ?? llvmStage()));
  command('brrr.peekAssembly', (argument) => views.peek(placeOf(views, argument), 'asm'));
  command('brrr.chooseStage', (argument) => views.chooseStage(viewOf(views, argument)));
  command('brrr.pickSignature', (argument) => chooseSignature(extension, placeOf(views, argument)));
  command('brrr.toggleLineCosts', () => costs.toggle());
  command(RUN_BENCHMARK, (argument) => benchmarks.run(placeOf(views, argument)));
  command('brrr.clearCache', () => clearCache(extension));
  command('brrr.restartServer', () => server.restart());
  command('brrr.showLog', () => log.show());
  command('brrr.showMenu', () => showMenu());
}

/** What other Python extensions of this window write into the text. */
function shownHere(): Shown {
  return shownBeside(
    (id) => vscode.extensions.getExtension(id) !== undefined,
    (name) => vscode.workspace.getConfiguration().get(name),
  );
}

/** A place from a lens, the function of a text, or the cursor. */
function placeOf(views: Views, argument: unknown): Place {
  if (typeof argument === 'object' && argument !== null && 'position' in argument && 'uri' in argument) {
    return argument as Place;
  }
  const editor = vscode.window.activeTextEditor;
  const view = argument instanceof vscode.Uri && argument.scheme === SCHEME ? argument : editor?.document.uri;
  const place = view && views.placeOf(view);
  if (place !== undefined) {
    return place;
  }
  if (editor === undefined || editor.document.languageId !== 'python') {
    throw new Error('put the cursor into a brrr function of a Python file');
  }
  const { line, character } = editor.selection.active;
  return { uri: editor.document.uri.toString(), position: { line, character } };
}

/** A text, from its own lens or editor, or the one that is shown of the active source. */
function viewOf(views: Views, argument: unknown): vscode.Uri {
  const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
  const shown = uri?.scheme === SCHEME ? uri : uri && views.shownOf(uri);
  if (shown === undefined) {
    throw new Error('show IR or assembly of a function first');
  }
  return shown;
}

function stageOf(argument: unknown): Stage | undefined {
  return typeof argument === 'object' && argument !== null && 'stage' in argument
    ? (argument.stage as Stage)
    : undefined;
}

function llvmStage(): Stage {
  return vscode.workspace.getConfiguration('brrr').get<boolean>('ir.optimized', true) ? 'llvm-opt' : 'llvm';
}

/** Commands of the server's lenses, done as an editor can. */
async function execute(
  { server, views, log }: Extension,
  command: string,
  args: unknown[],
  next: (command: string, args: unknown[]) => unknown,
): Promise<unknown> {
  const place = args[0] as (Place & { stage?: Stage }) | undefined;
  try {
    if (command === SHOW_IR && place !== undefined) {
      return await views.showBeside(place, place.stage ?? llvmStage());
    }
    if (command === CHOOSE_SIGNATURE && place !== undefined) {
      return await chooseSignature({ server, views }, place);
    }
    return await next(command, args);
  } catch (error) {
    log.warn(`${command}: ${reasonOf(error)}`);
    void vscode.window.showWarningMessage(`brrr: ${reasonOf(error)}`);
    return undefined;
  }
}

/** The server's lenses, with a peek beside the IR and what benchmarks have found. */
async function lenses(
  { benchmarks }: Extension,
  document: vscode.TextDocument,
  lenses: vscode.CodeLens[] | null | undefined,
): Promise<vscode.CodeLens[]> {
  const found = await benchmarks.lenses(document).catch(() => new Map<string, string>());
  return (lenses ?? []).flatMap((lens) => {
    const argument = lens.command?.arguments?.[0];
    switch (lens.command?.command) {
      case SHOW_IR:
        if (argument?.stage === 'asm') {
          return [lens];
        }
        return [
          lens,
          new vscode.CodeLens(lens.range, { title: 'peek', command: 'brrr.peekIr', arguments: [argument] }),
        ];
      case RUN_BENCHMARK: {
        // Only files of a workspace that is trusted are run.
        if (!vscode.workspace.isTrusted || document.uri.scheme !== 'file') {
          return [];
        }
        const title = found.get(argument?.function);
        return title === undefined ? [lens] : [new vscode.CodeLens(lens.range, { ...lens.command, title })];
      }
      default:
        return [lens];
    }
  });
}

function refreshLenses({ client }: Server): void {
  for (const document of vscode.workspace.textDocuments) {
    client?.getFeature('textDocument/codeLens').getProvider(document)?.onDidChangeCodeLensEmitter.fire();
  }
}

/** Asks for the types that a function is shown for. */
async function chooseSignature({ server, views }: Pick<Extension, 'server' | 'views'>, place: Place): Promise<void> {
  const other = { label: '$(edit) Other types…', signature: '' };
  const functions = await server.functions(place.uri);
  const one = functionAt(functions, place.position.line);
  const { signature, signatures } = await server.text(place.uri, place.position, 'typed').catch((error: unknown) => {
    // A function that cannot be compiled for its types may be one for others.
    if (one === undefined) {
      throw error;
    }
    return { signature: one.signature, signatures: [one.signature] };
  });
  const items = signatures.map((text) => {
    return { label: text, signature: text, ...(text === signature ? { description: 'shown' } : {}) };
  });
  const picked = await vscode.window.showQuickPick([...items, other], {
    title: 'Show the function for which types?',
  });
  const chosen =
    picked !== other
      ? picked?.signature
      : await vscode.window.showInputBox({
          title: 'The types of the parameters',
          prompt: 'Separated by commas, as in: int, float, float64[:, ::1]',
          value: one?.parameters.join(', ') ?? '',
        });
  if (chosen !== undefined) {
    await server.choose(place.uri, place.position, chosen);
    views.refresh();
  }
}

async function clearCache({ server, log }: Extension): Promise<void> {
  const { program } = await server.tools();
  if (program === undefined) {
    throw new Error('the command `brrr` was not found; install brrr into the Python environment');
  }
  const { stdout } = await promisify(execFile)(program, ['cache', 'clear', '--color', 'never']);
  log.info(stdout.trim());
  void vscode.window.showInformationMessage(`brrr: ${stdout.trim()}`);
}

/** What the status item opens. */
async function showMenu(): Promise<void> {
  const items = [
    { label: '$(split-horizontal) Show IR', command: 'brrr.openIr' },
    { label: '$(file-binary) Show Assembly', command: 'brrr.openAssembly' },
    { label: '$(symbol-parameter) Choose Signature', command: 'brrr.pickSignature' },
    { label: '$(symbol-ruler) Toggle Instruction Counts', command: 'brrr.toggleLineCosts' },
    { label: '$(dashboard) Run Benchmark', command: RUN_BENCHMARK },
    { label: '$(trash) Clear Cache', command: 'brrr.clearCache' },
    { label: '$(debug-restart) Restart Language Server', command: 'brrr.restartServer' },
    { label: '$(output) Show Log', command: 'brrr.showLog' },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: 'brrr' });
  if (picked !== undefined) {
    await vscode.commands.executeCommand(picked.command);
  }
}

/**
 * Where the client writes what it and the server say to each other.
 *
 * The client traces only into a channel whose level is Trace, whatever `brrr.trace.server` says; so here the setting is the
 * level.
 */
function conversationChannel(context: vscode.ExtensionContext): vscode.LogOutputChannel {
  const channel = vscode.window.createOutputChannel('brrr: Conversation with Server', { log: true });
  const level = () => {
    const setting = vscode.workspace.getConfiguration('brrr').get<string>('trace.server', 'off');
    return setting === 'off' ? vscode.LogLevel.Off : vscode.LogLevel.Trace;
  };
  const changed = new vscode.EventEmitter<vscode.LogLevel>();
  context.subscriptions.push(
    channel,
    changed,
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('brrr.trace.server')) {
        changed.fire(level());
      }
    }),
  );
  return {
    ...channel,
    get logLevel() {
      return level();
    },
    onDidChangeLogLevel: changed.event,
    trace: (message: string) => channel.info(message),
  };
}
