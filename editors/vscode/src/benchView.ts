// Benchmarks: run in a terminal when the user asks, and shown in the lens beside the function.
//
// Enters: a function and the arguments that the user gives. Leaves: a task, and what it found, kept with the workspace.

import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { benchCommand, type Entry, guessedArguments, hashOf, lensText, reportOf } from './benchmarks';
import { functionAt } from './lines';
import type { FunctionInfo, Place } from './protocol';
import type { Server } from './server';

/** Where the workspace keeps them. */
const KEY = 'benchmarks';

export class BenchView {
  readonly #context: vscode.ExtensionContext;
  readonly #server: Server;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();

  /** A lens has another text. */
  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext, server: Server, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#server = server;
    this.#log = log;
    context.subscriptions.push(this.#changed);
  }

  /** What lenses of a document say beside their functions, by name. */
  async lenses(document: vscode.TextDocument): Promise<Map<string, string>> {
    const result = new Map<string, string>();
    const known = this.#known();
    const uri = document.uri.toString();
    if (!Object.keys(known).some((key) => key.startsWith(`${uri}::`))) {
      return result;
    }
    for (const one of await this.#server.functions(uri)) {
      const entry = known[`${uri}::${one.qualified}`];
      if (entry !== undefined && one.qualified !== null) {
        result.set(one.qualified, lensText(entry, hashOf(textOf(document, one)), Date.now()));
      }
    }
    return result;
  }

  /** Asks for arguments and runs a benchmark of the function at a place. */
  async run(place: Place): Promise<void> {
    const uri = vscode.Uri.parse(place.uri, true);
    const document = await vscode.workspace.openTextDocument(uri);
    if (uri.scheme !== 'file') {
      throw new Error('a benchmark runs a file: save the document first');
    }
    if (!vscode.workspace.isTrusted) {
      throw new Error('a benchmark runs the code of the workspace, which is not trusted');
    }
    const one = functionAt(await this.#server.functions(place.uri), place.position.line);
    if (one === undefined) {
      throw new Error('there is no brrr function here');
    }
    if (one.qualified === null) {
      throw new Error(`${one.name} is within another function, and cannot be called from outside`);
    }
    const key = `${place.uri}::${one.qualified}`;
    const args = await vscode.window.showInputBox({
      title: `Benchmark of ${one.name}${one.signature}`,
      prompt: 'The arguments, a tuple. Names of the file can be used, and np and math.',
      value: this.#known()[key]?.args ?? guessedArguments(one.parameters),
      validateInput: (text) => (text.trim() === '' ? 'A tuple, as in (1000,)' : undefined),
    });
    if (args === undefined) {
      return;
    }
    if (document.isDirty && !(await document.save())) {
      throw new Error(`${document.fileName} was not saved`);
    }
    const hash = hashOf(textOf(document, one));
    const entry = await this.#measure(document.fileName, one.qualified, args.trim());
    if (entry !== undefined) {
      await this.#context.workspaceState.update(KEY, { ...this.#known(), [key]: { ...entry, hash } });
      this.#changed.fire();
    }
  }

  async #measure(file: string, name: string, args: string): Promise<Omit<Entry, 'hash'> | undefined> {
    const { program, interpreter } = await this.#server.tools();
    if (program === undefined) {
      throw new Error('the command `brrr` was not found; install brrr into the Python environment');
    }
    const save = join(tmpdir(), `brrr-bench-${randomBytes(8).toString('hex')}.json`);
    const command = benchCommand(file, name, args, save, interpreter);
    this.#log.info(`running ${program} ${command.join(' ')}`);
    const title = `brrr bench ${name}`;
    const scope = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file)) ?? vscode.TaskScope.Workspace;
    const execution = new vscode.ProcessExecution(program, command, { cwd: dirname(file) });
    const task = new vscode.Task({ type: 'brrr', function: name }, scope, title, 'brrr', execution, []);
    task.presentationOptions = {
      reveal: vscode.TaskRevealKind.Always,
      panel: vscode.TaskPanelKind.Shared,
      clear: true,
      // The command is in the log; what is of interest is what it says.
      echo: false,
    };
    try {
      await ended(task);
      const report = reportOf(await readFile(save, 'utf8'));
      return report && { args, speedup: report.equal ? report.speedup : undefined, time: Date.now() };
    } catch (error) {
      // The terminal says what went wrong: there is no report then.
      this.#log.warn(`the benchmark of ${name} gave no report: ${String(error)}`);
      return undefined;
    } finally {
      await rm(save, { force: true });
    }
  }

  #known(): Record<string, Entry> {
    return this.#context.workspaceState.get<Record<string, Entry>>(KEY, {});
  }
}

function textOf(document: vscode.TextDocument, { range: { start, end } }: FunctionInfo): string {
  return document.getText(new vscode.Range(start.line, start.character, end.line, end.character));
}

/** Runs a task to its end. */
async function ended(task: vscode.Task): Promise<void> {
  let execution: vscode.TaskExecution | undefined;
  await new Promise<void>((resolve, reject) => {
    const listener = vscode.tasks.onDidEndTask((event) => {
      if (event.execution === execution || event.execution.task.name === task.name) {
        listener.dispose();
        resolve();
      }
    });
    vscode.tasks.executeTask(task).then(
      (started) => {
        execution = started;
      },
      (error: unknown) => {
        listener.dispose();
        reject(error);
      },
    );
  });
}
