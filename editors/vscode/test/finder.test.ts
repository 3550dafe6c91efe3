import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as finder from '../src/finder';
import {
  type Found,
  findInterpreter,
  findProgram,
  type Machine,
  type Missing,
  thisMachine,
  type Wanted,
} from '../src/finder';

function wanted(more: Partial<Wanted>): Wanted {
  return { setting: '', prefer: 'environment', folders: [], interpreter: undefined, bundled: '/ext/server', ...more };
}

function findServer(setting: string, folders: readonly string[], machine: Machine): Found | Missing {
  return finder.findServer(wanted({ setting, folders }), machine);
}

function linux(...programs: string[]): Machine {
  return {
    windows: false,
    home: '/home/u',
    path: '/usr/bin::/opt/bin',
    isExecutable: (path) => programs.includes(path),
  };
}

function windows(...programs: string[]): Machine {
  const isExecutable = (path: string) => programs.includes(path);
  return { windows: true, home: 'C:\\Users\\u', path: 'C:\\Tools;D:\\bin', isExecutable };
}

function messageOf(found: Found | Missing): string {
  assert.ok('message' in found, `found ${JSON.stringify(found)}`);
  return found.message;
}

test('the setting comes first', () => {
  const machine = linux('/my/brrr-lsp', '/w/.venv/bin/brrr-lsp', '/usr/bin/brrr-lsp');
  assert.deepEqual(findServer('/my/brrr-lsp', ['/w'], machine), { path: '/my/brrr-lsp', origin: 'setting' });
  assert.deepEqual(findServer('  /my/brrr-lsp ', ['/w'], machine), { path: '/my/brrr-lsp', origin: 'setting' });
});

test('a setting that leads nowhere is not passed over', () => {
  const message = messageOf(findServer('/wrong', ['/w'], linux('/w/.venv/bin/brrr-lsp')));
  assert.match(message, /brrr\.server\.path is "\/wrong"/);
  assert.match(message, /Correct the setting/);
});

test('the setting knows the home, the workspace and relative paths', () => {
  const path = (setting: string, folders: string[], machine: Machine) => {
    const found = findServer(setting, folders, machine);
    return 'path' in found ? found.path : undefined;
  };
  assert.equal(path('~/bin/brrr-lsp', [], linux('/home/u/bin/brrr-lsp')), '/home/u/bin/brrr-lsp');
  assert.equal(path('~u/brrr-lsp', [], linux('/home/u/u/brrr-lsp')), undefined);
  const folder = '$' + '{workspaceFolder}';
  assert.equal(path(`${folder}/b/brrr-lsp`, ['/w', '/x'], linux('/w/b/brrr-lsp')), '/w/b/brrr-lsp');
  assert.equal(path('b/brrr-lsp', ['/w'], linux('/w/b/brrr-lsp')), '/w/b/brrr-lsp');
  assert.equal(path('~\\brrr-lsp.exe', [], windows('C:\\Users\\u\\brrr-lsp.exe')), 'C:\\Users\\u\\brrr-lsp.exe');
  assert.equal(path('b\\brrr-lsp.exe', ['C:\\w'], windows('C:\\w\\b\\brrr-lsp.exe')), 'C:\\w\\b\\brrr-lsp.exe');
});

test("the workspace's environment comes before PATH, folder by folder", () => {
  const machine = linux('/x/.venv/bin/brrr-lsp', '/y/.venv/bin/brrr-lsp', '/usr/bin/brrr-lsp');
  const found = findServer('', ['/w', '/x', '/y'], machine);
  assert.deepEqual(found, { path: '/x/.venv/bin/brrr-lsp', origin: 'environment' });
});

test('PATH comes last, in its order, its empty entries left out', () => {
  const found = findServer('', ['/w'], linux('/opt/bin/brrr-lsp', '/brrr-lsp', 'brrr-lsp'));
  assert.deepEqual(found, { path: '/opt/bin/brrr-lsp', origin: 'PATH' });
});

test('Windows has its own names', () => {
  const environment = 'C:\\w\\.venv\\Scripts\\brrr-lsp.exe';
  assert.deepEqual(findServer('', ['C:\\w'], windows(environment)), { path: environment, origin: 'environment' });
  const tool = 'D:\\bin\\brrr-lsp.exe';
  assert.deepEqual(findServer('', ['C:\\w'], windows(tool)), { path: tool, origin: 'PATH' });
});

test('a missing server is reported with its remedy and with what was searched', () => {
  const message = messageOf(findServer('', ['/w'], linux()));
  assert.match(message, /was not found in the Python environment, in the extension or on PATH\./);
  assert.match(message, /Install brrr.*brrr\.server\.path/);
  assert.match(messageOf(findServer('', [], linux())), /was not found in the extension or on PATH\./);
});

test('the selected environment comes before the one of the folder, and the server within the extension after both', () => {
  const search = wanted({ folders: ['/w'], interpreter: '/conda/bin/python3' });
  const programs = ['/conda/bin/brrr-lsp', '/w/.venv/bin/brrr-lsp', '/ext/server/brrr-lsp', '/usr/bin/brrr-lsp'];
  const origins = programs.map((_, at) => finder.findServer(search, linux(...programs.slice(at))));
  assert.deepEqual(origins, [
    { path: '/conda/bin/brrr-lsp', origin: 'environment' },
    { path: '/w/.venv/bin/brrr-lsp', origin: 'environment' },
    { path: '/ext/server/brrr-lsp', origin: 'bundled' },
    { path: '/usr/bin/brrr-lsp', origin: 'PATH' },
  ]);
  const bundled = finder.findServer({ ...search, prefer: 'bundled' }, linux(...programs));
  assert.deepEqual(bundled, { path: '/ext/server/brrr-lsp', origin: 'bundled' });
});

test('a base installation on Windows has its scripts below its interpreter', () => {
  const search = wanted({ interpreter: 'C:\\Python\\python.exe', bundled: 'C:\\ext' });
  const tool = 'C:\\Python\\Scripts\\brrr-lsp.exe';
  assert.deepEqual(finder.findServer(search, windows(tool)), { path: tool, origin: 'environment' });
});

test('the command belongs to the server that runs', () => {
  const search = wanted({ folders: ['/w'], interpreter: '/conda/bin/python' });
  const programs = ['/my/brrr', '/conda/bin/brrr', '/w/.venv/bin/brrr', '/ext/server/brrr', '/usr/bin/brrr'];
  const found = programs.map((_, at) => findProgram('/my/brrr-lsp', search, linux(...programs.slice(at))));
  assert.deepEqual(found, programs);
  assert.equal(findProgram(undefined, search, linux()), undefined);
});

test('the interpreter is the selected one, else that of the folder', () => {
  const search = wanted({ folders: ['/w'], interpreter: '/conda/bin/python' });
  assert.equal(findInterpreter(search, linux('/conda/bin/python', '/w/.venv/bin/python')), '/conda/bin/python');
  assert.equal(findInterpreter(search, linux('/w/.venv/bin/python')), '/w/.venv/bin/python');
  assert.equal(findInterpreter(search, linux()), undefined);
});

test('on the real file system only executable files count', { skip: process.platform === 'win32' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brrr-finder-'));
  try {
    const path = join(folder, '.venv', 'bin', 'brrr-lsp');
    const machine = { ...thisMachine(), path: '' };
    mkdirSync(path, { recursive: true });
    assert.ok('message' in findServer('', [folder], machine), 'a folder is no program');
    rmSync(path, { recursive: true });
    writeFileSync(path, '#!/bin/sh\n', { mode: 0o644 });
    assert.ok('message' in findServer('', [folder], machine), 'a plain file is no program');
    chmodSync(path, 0o755);
    assert.deepEqual(findServer('', [folder], machine), { path, origin: 'environment' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
