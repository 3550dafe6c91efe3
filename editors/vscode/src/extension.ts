// The extension: starts brrr-lsp, shows how it is, and starts it again.
//
// What it says about code comes from the server alone.

import * as vscode from 'vscode';
import {
  LanguageClient,
  type LanguageClientOptions,
  type ServerOptions,
  State,
  TransportKind,
} from 'vscode-languageclient/node';
import { findServer, thisMachine } from './finder';
import { type Stage, StageView } from './views';

const PYTHON = [
  { scheme: 'file', language: 'python' },
  { scheme: 'untitled', language: 'python' },
];

const OPEN_SETTINGS = 'Open Settings';
const RESTART = 'Restart';
const SHOW_LOG = 'Show Log';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('brrr', { log: true });
  const status = vscode.languages.createLanguageStatusItem('brrr.status', PYTHON);
  status.name = 'brrr';
  const conversation = conversationChannel(context, log);
  const running = new Server(log, conversation, status, new StageView(context));
  server = running;
  context.subscriptions.push(
    log,
    status,
    vscode.commands.registerCommand('brrr.restartServer', () => running.restart()),
    vscode.commands.registerCommand('brrr.showLog', () => log.show()),
    vscode.workspace.onDidChangeConfiguration((event) =>
      event.affectsConfiguration('brrr.server.path') ? running.restart() : undefined,
    ),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => (running.isRunning ? undefined : running.restart())),
  );
  await running.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/**
 * Where the client writes what it and the server say to each other: the log, at a level that is shown.
 *
 * The client traces only into a channel whose level is Trace, whatever `brrr.trace.server` says; so here the setting is the
 * level.
 */
function conversationChannel(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): vscode.LogOutputChannel {
  const level = () => {
    const setting = vscode.workspace.getConfiguration('brrr').get<string>('trace.server', 'off');
    return setting === 'off' ? vscode.LogLevel.Off : vscode.LogLevel.Trace;
  };
  const changed = new vscode.EventEmitter<vscode.LogLevel>();
  context.subscriptions.push(
    changed,
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('brrr.trace.server')) {
        changed.fire(level());
      }
    }),
  );
  return {
    ...log,
    get logLevel() {
      return level();
    },
    onDidChangeLogLevel: changed.event,
    trace: (message: string) => log.info(message),
  };
}

/** The one server of this window. */
class Server {
  readonly #log: vscode.LogOutputChannel;
  readonly #conversation: vscode.LogOutputChannel;
  readonly #status: vscode.LanguageStatusItem;
  readonly #views: StageView;
  #client: LanguageClient | undefined;
  /** Starting and stopping take turns: commands may come while either is under way. */
  #turn: Promise<void> = Promise.resolve();

  constructor(
    log: vscode.LogOutputChannel,
    conversation: vscode.LogOutputChannel,
    status: vscode.LanguageStatusItem,
    views: StageView,
  ) {
    this.#views = views;
    this.#log = log;
    this.#conversation = conversation;
    this.#status = status;
  }

  get isRunning(): boolean {
    return this.#client?.isRunning() ?? false;
  }

  restart(): Promise<void> {
    return this.#after(async () => {
      await this.#stop();
      await this.#start();
    });
  }

  stop(): Promise<void> {
    return this.#after(() => this.#stop());
  }

  #after(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step).catch((error: unknown) => this.#log.error(String(error)));
    return this.#turn;
  }

  async #start(): Promise<void> {
    const setting = vscode.workspace.getConfiguration('brrr').get<string>('server.path', '');
    // A workspace that is not trusted must not choose the program that is run.
    const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
    const found = findServer(
      setting,
      folders.filter((folder) => folder.uri.scheme === 'file').map((folder) => folder.uri.fsPath),
      thisMachine(),
    );
    if ('message' in found) {
      this.#fail('not found', found.message);
      return;
    }
    this.#log.info(`starting ${found.path} (from ${found.origin})`);
    this.#show('starting', found.path, vscode.LanguageStatusSeverity.Information, true);
    const options: ServerOptions = { command: found.path, transport: TransportKind.stdio };
    const behaviour: LanguageClientOptions = {
      documentSelector: PYTHON,
      outputChannel: this.#log,
      traceOutputChannel: this.#conversation,
      middleware: { executeCommand: (command, args, next) => this.#execute(command, args, next) },
    };
    const client = new LanguageClient('brrr', 'brrr', options, behaviour);
    this.#client = client;
    client.onDidChangeState(({ newState }) => this.#follow(client, newState, found.path));
    try {
      await client.start();
    } catch (error) {
      this.#client = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail('failed', `${found.path} does not start: ${reason}`);
    }
  }

  /** Commands of the server, with what an editor adds: a view of the answer, a choice beforehand. */
  async #execute(
    command: string,
    args: unknown[],
    next: (command: string, args: unknown[]) => unknown,
  ): Promise<unknown> {
    const place = args[0] as { uri: string; position: object } | undefined;
    if (command === 'brrr.chooseSignature' && place !== undefined && this.#client !== undefined) {
      const { uri, position } = place;
      const params = { textDocument: { uri }, position, stage: 'typed' };
      const { signatures } = await this.#client.sendRequest<{ signatures: string[] }>('brrr/ir', params);
      const signature = await vscode.window.showQuickPick(signatures, { title: 'Show the function for which types?' });
      return signature === undefined ? undefined : next(command, [{ uri, position, signature }]);
    }
    const answer = await next(command, args);
    if (command === 'brrr.showIr' && place !== undefined && answer) {
      await this.#views.show(answer as Stage, place.uri);
    }
    return answer;
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) {
      return;
    }
    try {
      await client.dispose();
    } catch (error) {
      // A server that has crashed cannot be asked to stop; it is gone.
      this.#log.warn(`the server did not stop in order: ${String(error)}`);
    }
  }

  #follow(client: LanguageClient, state: State, path: string): void {
    if (client !== this.#client) {
      return;
    }
    switch (state) {
      case State.Starting:
        this.#show('starting', path, vscode.LanguageStatusSeverity.Information, true);
        break;
      case State.Running: {
        const version = client.initializeResult?.serverInfo?.version ?? 'unknown version';
        this.#show(version, path, vscode.LanguageStatusSeverity.Information, false);
        break;
      }
      case State.Stopped:
        this.#show('stopped', path, vscode.LanguageStatusSeverity.Error, false);
        break;
      default:
        break;
    }
  }

  #show(state: string, detail: string, severity: vscode.LanguageStatusSeverity, busy: boolean): void {
    this.#status.text = `brrr: ${state}`;
    this.#status.detail = detail;
    this.#status.severity = severity;
    this.#status.busy = busy;
    this.#status.command = { command: 'brrr.restartServer', title: RESTART };
  }

  #fail(state: string, message: string): void {
    this.#log.error(message);
    this.#show(state, message, vscode.LanguageStatusSeverity.Error, false);
    void this.#offer(message);
  }

  async #offer(message: string): Promise<void> {
    switch (await vscode.window.showErrorMessage(`brrr: ${message}`, OPEN_SETTINGS, RESTART, SHOW_LOG)) {
      case OPEN_SETTINGS:
        await vscode.commands.executeCommand('workbench.action.openSettings', 'brrr.server.path');
        break;
      case RESTART:
        await this.restart();
        break;
      case SHOW_LOG:
        this.#log.show();
        break;
      default:
        break;
    }
  }
}
