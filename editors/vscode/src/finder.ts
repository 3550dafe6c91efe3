// Where the language server is.
//
// Enters: the setting, the workspace folders, and what the machine looks like. Leaves: the path of `brrr-lsp`, or what to
// tell the user. Knows no editor, so that it runs in plain tests.

import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

/** Why this server and no other. */
export type Origin = 'setting' | 'environment' | 'PATH';

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
 *
 * @param setting the value of `brrr.server.path`, empty if it is not set
 * @param folders the absolute paths of the workspace folders, empty if the workspace is not trusted
 */
export function findServer(setting: string, folders: readonly string[], machine: Machine): Found | Missing {
  const { join, resolve } = machine.windows ? win32 : posix;
  const name = machine.windows ? 'brrr-lsp.exe' : 'brrr-lsp';

  if (setting.trim() !== '') {
    const path = expand(setting.trim(), folders, machine);
    if (machine.isExecutable(path)) {
      return { path, origin: 'setting' };
    }
    return {
      message: `The setting brrr.server.path is "${path}", which is not a program. Correct the setting, or clear it to use the server of the workspace's .venv or of PATH.`,
    };
  }

  const scripts = machine.windows ? 'Scripts' : 'bin';
  for (const folder of folders) {
    const path = join(folder, '.venv', scripts, name);
    if (machine.isExecutable(path)) {
      return { path, origin: 'environment' };
    }
  }

  const entries = machine.path.split(machine.windows ? ';' : ':');
  for (const entry of entries.filter((entry) => entry !== '')) {
    const path = resolve(entry, name);
    if (machine.isExecutable(path)) {
      return { path, origin: 'PATH' };
    }
  }

  const where = folders.length === 0 ? 'on PATH' : `in .venv/${scripts} of the workspace or on PATH`;
  return {
    message: `${name} was not found ${where}. "make build" in a checkout of brrr puts it into .venv/${scripts} there: set brrr.server.path to it.`,
  };
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
