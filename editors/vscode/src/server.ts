// The language server of this window: started, followed, and started again when it crashes.
//
// Enters: settings and the selected interpreter. Leaves: a client to ask, the status, and messages for the user.

import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  type ServerOptions,
  State,
  TransportKind,
} from 'vscode-languageclient/node';
import { Crashes, LIMIT, WINDOW } from './crashes';
import { findInterpreter, findProgram, findServer, thisMachine, type Wanted } from './finder';
import { type FunctionInfo, type Position, reasonOf, type Stage, type StageText } from './protocol';
import type { Interpreters } from './python';
import type { Status } from './status';

export const PYTHON = [
  { scheme: 'file', language: 'python' },
  { scheme: 'untitled', language: 'python' },
  // Cells of notebooks.
  { notebook: '*', language: 'python' },
];

/** The lens of this command is the editor's own: the server never runs code. */
export const RUN_BENCHMARK = 'brrr.runBenchmark';

const OPEN_SETTINGS = 'Open Settings';
const RESTART = 'Restart';
const SHOW_LOG = 'Show Log';

export class Server {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #conversation: vscode.LogOutputChannel;
  readonly #status: Status;
  readonly #interpreters: Interpreters;
  readonly #crashes = new Crashes();
  readonly #changed = new vscode.EventEmitter<void>();
  #middleware: Middleware = {};
  #client: LanguageClient | undefined;
  /** The server has crashed, and its successor waits for its turn. */
  #isToRecover = false;
  /** The path of the server that runs. */
  #path: string | undefined;
  /** Starting and stopping take turns: commands may come while either is under way. */
  #turn: Promise<void> = Promise.resolve();

  /** The server answers, for the first time or again, or will not answer any more. */
  readonly onDidChangeState = this.#changed.event;

  constructor(
    context: vscode.ExtensionContext,
    log: vscode.LogOutputChannel,
    conversation: vscode.LogOutputChannel,
    status: Status,
    interpreters: Interpreters,
  ) {
    this.#context = context;
    this.#log = log;
    this.#conversation = conversation;
    this.#status = status;
    this.#interpreters = interpreters;
    context.subscriptions.push(this.#changed);
  }

  /** What happens to messages on their way; before the first start. */
  use(middleware: Middleware): void {
    this.#middleware = middleware;
  }

  get isRunning(): boolean {
    return this.#client?.isRunning() ?? false;
  }

  /** The client, for what the library offers beyond requests. */
  get client(): LanguageClient | undefined {
    return this.#client;
  }

  restart(): Promise<void> {
    return this.#after(async () => {
      this.#crashes.forget();
      await this.#stop();
      await this.#start();
    });
  }

  /** Starts it again if another one would be started now. */
  reconsider(): Promise<void> {
    return this.#after(async () => {
      const found = findServer(await this.wanted(), thisMachine());
      if ('message' in found || found.path !== this.#path || !this.isRunning) {
        await this.#stop();
        await this.#start();
      }
    });
  }

  stop(): Promise<void> {
    return this.#after(() => this.#stop());
  }

  /** Asks for the text of a function at a stage. */
  text(uri: string, position: Position, stage: Stage, signature?: string): Promise<StageText> {
    const params = { textDocument: { uri }, position, stage, ...(signature === undefined ? {} : { signature }) };
    const asked = this.#ask<StageText>('brrr/ir', params);
    return stage === 'typed' ? asked : this.#status.during(asked);
  }

  /** The functions of a document, from its top. */
  async functions(uri: string): Promise<FunctionInfo[]> {
    return (await this.#ask<FunctionInfo[] | null>('brrr/functions', { textDocument: { uri } })) ?? [];
  }

  /** Shows a function for a signature; `undefined` for the next one. */
  async choose(uri: string, position: Position, signature: string | undefined): Promise<void> {
    const argument = { uri, position, ...(signature === undefined ? {} : { signature }) };
    await this.#ask('workspace/executeCommand', { command: 'brrr.chooseSignature', arguments: [argument] });
  }

  /** Has the server ask for its settings again. */
  async tellConfiguration(): Promise<void> {
    if (this.isRunning) {
      await this.#client?.sendNotification('workspace/didChangeConfiguration', { settings: null });
    }
  }

  /** The command `brrr` and the interpreter that the workspace's code runs in. */
  async tools(): Promise<{ program: string | undefined; interpreter: string | undefined }> {
    const wanted = await this.wanted();
    const machine = thisMachine();
    return { program: findProgram(this.#path, wanted, machine), interpreter: findInterpreter(wanted, machine) };
  }

  /** Why it is not there, for who has asked in vain. */
  async #ask<T>(method: string, params: object): Promise<T> {
    await this.#turn;
    const client = this.#client;
    if (client === undefined || client.state === State.Stopped) {
      throw new Error('the language server does not run');
    }
    return client.sendRequest<T>(method, params);
  }

  async wanted(): Promise<Wanted> {
    const settings = vscode.workspace.getConfiguration('brrr');
    // A workspace that is not trusted must not choose the program that is run.
    const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
    return {
      setting: settings.get<string>('server.path', ''),
      prefer: settings.get<string>('server.prefer') === 'bundled' ? 'bundled' : 'environment',
      folders: folders.filter((folder) => folder.uri.scheme === 'file').map((folder) => folder.uri.fsPath),
      interpreter: await this.#interpreters.selected(),
      bundled: vscode.Uri.joinPath(this.#context.extensionUri, 'server').fsPath,
    };
  }

  #after(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step).catch((error: unknown) => this.#log.error(reasonOf(error)));
    return this.#turn;
  }

  async #start(): Promise<void> {
    this.#status.show({ is: 'starting' }, '');
    const found = findServer(await this.wanted(), thisMachine());
    if ('message' in found) {
      this.#fail(found.message);
      return;
    }
    this.#path = found.path;
    const detail = `${found.path} (from ${originText(found.origin)})`;
    this.#log.info(`starting ${detail}`);
    this.#status.show({ is: 'starting' }, detail);
    const options: ServerOptions = { command: found.path, transport: TransportKind.stdio };
    const behaviour: LanguageClientOptions = {
      documentSelector: PYTHON,
      outputChannel: this.#log,
      traceOutputChannel: this.#conversation,
      // Asked to pull, the client forgets cells of a notebook whose tab is opened after them.
      initializationOptions: { commands: [RUN_BENCHMARK], diagnostics: 'push' },
      middleware: this.#middleware,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue }),
        closed: () => this.#closed(client),
      },
    };
    const client = new QuietClient('brrr', 'brrr', options, behaviour);
    this.#client = client;
    client.onDidChangeState(({ newState }) => this.#follow(client, newState, detail));
    try {
      await client.start();
    } catch (error) {
      if (this.#isToRecover) {
        this.#log.warn(`the server has crashed while it started: ${reasonOf(error)}`);
      } else {
        this.#client = undefined;
        this.#fail(`${found.path} does not start: ${reasonOf(error)}`);
      }
    }
  }

  /**
   * The server is gone though nobody stopped it.
   *
   * A new client follows, for the library's own restart forgets a server that crashes before it is ready.
   */
  #closed(client: LanguageClient): { action: CloseAction; handled: boolean; message: string } {
    const left = { action: CloseAction.DoNotRestart, handled: true, message: 'the connection to the server is closed' };
    if (client !== this.#client) {
      return left;
    }
    if (this.#crashes.note(Date.now())) {
      this.#log.warn('the server has crashed and is started again');
      this.#status.show({ is: 'starting' }, '');
      this.#isToRecover = true;
      void this.#after(async () => {
        this.#isToRecover = false;
        if (client === this.#client) {
          await this.#stop();
          await this.#start();
        }
      });
      return left;
    }
    this.#fail(
      `the server crashed ${LIMIT} times within ${WINDOW / 60_000} minutes and is not started again. The log may tell why; the code that it crashes on is worth a report.`,
    );
    return left;
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
      this.#log.warn(`the server did not stop in order: ${reasonOf(error)}`);
    }
  }

  #follow(client: LanguageClient, state: State, detail: string): void {
    if (client !== this.#client) {
      return;
    }
    if (state === State.Starting) {
      this.#status.show({ is: 'starting' }, detail);
    } else if (state === State.Running) {
      const version = client.initializeResult?.serverInfo?.version ?? 'unknown version';
      this.#log.info(`the server is ready, version ${version}`);
      this.#status.show({ is: 'ready', version }, detail);
      this.#changed.fire();
    }
  }

  #fail(message: string): void {
    this.#log.error(message);
    this.#status.show({ is: 'failed', message }, '');
    this.#changed.fire();
    void this.#offer(message);
  }

  async #offer(message: string): Promise<void> {
    switch (await vscode.window.showErrorMessage(`brrr: ${message}`, RESTART, OPEN_SETTINGS, SHOW_LOG)) {
      case OPEN_SETTINGS:
        await vscode.commands.executeCommand('workbench.action.openSettings', 'brrr.server');
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

/** What goes wrong in the conversation is logged; messages to the user are `Server`'s own, which have remedies. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

function originText(origin: 'setting' | 'environment' | 'bundled' | 'PATH'): string {
  switch (origin) {
    case 'setting':
      return 'brrr.server.path';
    case 'environment':
      return 'the Python environment';
    case 'bundled':
      return 'the extension';
    case 'PATH':
      return 'PATH';
  }
}
