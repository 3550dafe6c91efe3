// Where the language server is, and the command `brrr` that belongs to it.
//
// Enters: settings, the workspace folders, the selected interpreter, and what the machine looks like. Leaves: the path of
// `brrr-lsp`, or what to tell the user. Knows no editor, so that it runs in plain tests.

import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

/** Why this server and no other. */
export type Origin = 'setting' | 'environment' | 'bundled' | 'PATH';

export type Found = { path: string; origin: Origin };

/** A message for the user, with its remedy. */
export type Missing = { message: string };

/** What the search depends on. */
export interface Machine {
  windows: boolean;
  home: string;
  /** The value of the variable `PATH`. */
  path: string;
  isExecutable(path: string): boolean;
}

/** What the search is asked. */
export interface Wanted {
  /** The value of `brrr.server.path`, empty if it is not set. */
  setting: string;
  /** The value of `brrr.server.prefer`. */
  prefer: 'environment' | 'bundled';
  /** The absolute paths of the workspace folders, empty if the workspace is not trusted. */
  folders: readonly string[];
  /** The interpreter of the selected Python environment, if there is one and the workspace is trusted. */
  interpreter: string | undefined;
  /** The folder of the extension in which its own server is, if it has one. */
  bundled: string;
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return {
    windows: process.platform === 'win32',
    home: homedir(),
    path: process.env.PATH ?? '',
    isExecutable,
  };
}

/**
 * The server to start. A setting that leads nowhere is reported and not passed over: another server than the one asked
 * for would hide the mistake.
 */
export function findServer(wanted: Wanted, machine: Machine): Found | Missing {
  const { join } = machine.windows ? win32 : posix;
  const name = programName('brrr-lsp', machine);

  if (wanted.setting.trim() !== '') {
    const path = expand(wanted.setting.trim(), wanted.folders, machine);
    if (machine.isExecutable(path)) {
      return { path, origin: 'setting' };
    }
    return {
      message: `The setting brrr.server.path is "${path}", which is not a program. Correct the setting, or clear it to use the server of the Python environment or the one that comes with the extension.`,
    };
  }

  const environment = environments(wanted, machine).map((folder): Found => {
    return { path: join(folder, name), origin: 'environment' };
  });
  const bundled: Found = { path: join(wanted.bundled, name), origin: 'bundled' };
  const onPath = pathFolders(machine).map((folder): Found => ({ path: join(folder, name), origin: 'PATH' }));
  const order =
    wanted.prefer === 'bundled' ? [bundled, ...environment, ...onPath] : [...environment, bundled, ...onPath];
  const found = order.find(({ path }) => machine.isExecutable(path));
  if (found !== undefined) {
    return found;
  }
  const places = ['in the extension', 'on PATH'];
  if (environment.length > 0) {
    places.unshift('in the Python environment');
  }
  return {
    message: `${name} was not found ${places.join(', ').replace(/, ([^,]*)$/, ' or $1')}. Install brrr into the Python environment, or set brrr.server.path to its server.`,
  };
}

/**
 * The command `brrr`: beside the server, in the Python environment, or on PATH.
 *
 * @param server the path of the server that runs, if one does
 */
export function findProgram(server: string | undefined, wanted: Wanted, machine: Machine): string | undefined {
  const { join, dirname } = machine.windows ? win32 : posix;
  const folders = server === undefined ? [] : [dirname(server)];
  folders.push(...environments(wanted, machine), wanted.bundled, ...pathFolders(machine));
  const paths = folders.map((folder) => join(folder, programName('brrr', machine)));
  return paths.find((path) => machine.isExecutable(path));
}

/** The interpreter that code of the workspace runs in: the selected one, or that of `.venv`. */
export function findInterpreter(wanted: Wanted, machine: Machine): string | undefined {
  const { join } = machine.windows ? win32 : posix;
  const own = environments({ ...wanted, interpreter: undefined }, machine);
  const paths = own.map((folder) => join(folder, programName('python', machine)));
  return [wanted.interpreter, ...paths].find((path) => path !== undefined && machine.isExecutable(path));
}

/** The folders with the programs of the environments that belong to the workspace, the selected one first. */
function environments(wanted: Wanted, machine: Machine): string[] {
  const { join, dirname } = machine.windows ? win32 : posix;
  const scripts = machine.windows ? 'Scripts' : 'bin';
  const selected = wanted.interpreter === undefined ? [] : [dirname(wanted.interpreter)];
  if (machine.windows) {
    // A base installation has its scripts in a folder below its interpreter.
    selected.push(...selected.map((folder) => join(folder, scripts)));
  }
  return [...selected, ...wanted.folders.map((folder) => join(folder, '.venv', scripts))];
}

function pathFolders(machine: Machine): string[] {
  return machine.path.split(machine.windows ? ';' : ':').filter((folder) => folder !== '');
}

function programName(name: string, machine: Machine): string {
  return machine.windows ? `${name}.exe` : name;
}

function expand(setting: string, folders: readonly string[], machine: Machine): string {
  const { join, isAbsolute } = machine.windows ? win32 : posix;
  const first = folders[0];
  const named = first === undefined ? setting : setting.replaceAll('$' + '{workspaceFolder}', first);
  if (named === '~' || named.startsWith('~/') || (machine.windows && named.startsWith('~\\'))) {
    return join(machine.home, named.slice(1));
  }
  return isAbsolute(named) || first === undefined ? named : join(first, named);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
