// Windows of other kinds: with a Python environment that has brrr, in a workspace that is not trusted, and beside another server.

import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { companion, PATIENCE, start, VSIX } from './harness.mjs';

/** Runs a test in a window of its own. */
async function within(options, run) {
  const bench = await start(options);
  try {
    await run(bench);
  } finally {
    await bench.stop();
  }
}

const METHODS = `from brrr import brrr


class Sums:
    @staticmethod
    @brrr
    def evens(n: int):
        total = 0
        for i in range(0, n, 2):
            total += i
        return total
`;

test('a benchmark runs in a terminal, and its lens is stale after an edit', async () => {
  const python = process.env.BRRR_PYTHON;
  const methods = { 'methods.py': METHODS };
  await within({ settings: { 'python.defaultInterpreterPath': python }, files: methods }, async (bench) => {
    await bench.open('kernels.py', 13, 9);
    await bench.isReady();
    await bench.clickLens('run benchmark', 0);
    const input = bench.page.locator('.quick-input-widget input');
    await bench.until('arguments', async () => (await input.inputValue()) === '(1000,)');
    await bench.page.keyboard.press('Enter');
    const speed = /^[\d.,]+x CPython, \d+ \w+$/;
    await bench.until('the result', async () => (await bench.lenses()).some((one) => speed.test(one)), 4 * PATIENCE);
    await bench.page.waitForTimeout(1000);
    await bench.shot('benchmark');
    await bench.command('View: Toggle Panel Visibility');
    await bench.go(13, 1);
    await bench.page.keyboard.press('End');
    await bench.page.keyboard.type(' ^ 1');
    await bench.until('it is stale', async () => (await bench.lenses()).some((one) => /x CPython, .* \(stale: edited since\)/.test(one)));
    for (let word = 0; word < 4; word++) await bench.page.keyboard.press('Control+z');
    await bench.until('it is not stale any more', async () => (await bench.lenses()).some((one) => speed.test(one)));
    // A static method is reached by way of its class.
    await bench.open('methods.py', 7, 9);
    await bench.clickLens('run benchmark', 0);
    await bench.until('arguments', async () => (await input.inputValue()) === '(1000,)');
    await bench.page.keyboard.press('Enter');
    await bench.until('the result', async () => (await bench.lenses()).filter((one) => speed.test(one)).length === 1, 4 * PATIENCE);
    await bench.command('View: Toggle Panel Visibility');
    await bench.command('brrr: Clear Cache');
    await bench.until('a message', async () => (await bench.notifications()).some((one) => one.startsWith('brrr: ')));
    assert.ok((await bench.notifications()).every((one) => !one.includes('not found')), await bench.notifications());
    await bench.command('brrr: Show Log');
    await bench.until('the server of the environment', async () => {
      const lines = await bench.page.locator('.panel .view-line').allTextContents();
      return lines.some((line) => line.replaceAll('\u00a0', ' ').includes('(from the Python environment)'));
    });
  });
});

test('the server is that of the selected interpreter, and changes with it', async () => {
  await within({ extensions: [VSIX, await companion('interpreters')] }, async (bench) => {
    await bench.open('kernels.py', 1);
    await bench.isReady();
    const running = () =>
      bench.processes('brrr-lsp').some((id) => bench.programOf(id).startsWith(dirname(process.env.BRRR_PYTHON)));
    await bench.until('the server of the environment', running);
    await bench.command('Interpreters: Select Another');
    await bench.until('the server of the extension', () =>
      bench.processes('brrr-lsp').some((id) => bench.programOf(id).includes('/extensions/brrr.brrr-')),
    );
    await bench.isReady();
    assert.ok(!running(), 'the other one has ended');
  });
});

test('a workspace that is not trusted is analysed, by the server of the extension, and runs nothing', async () => {
  // A server that the workspace brings would say so.
  const trap = { '.vscode/settings.json': '{"brrr.server.path": "${workspaceFolder}/trap.sh"}' };
  await within({ trust: false, files: { ...trap, 'trap.sh': '#!/bin/sh\ntouch "$0.ran"\n' } }, async (bench) => {
    const dialog = bench.page.locator('.monaco-dialog-box');
    await dialog.waitFor({ timeout: PATIENCE });
    await dialog.locator('.monaco-button').filter({ hasText: /^No/ }).click();
    await dialog.waitFor({ state: 'detached' });
    await bench.open('mistakes.py', 1);
    await bench.isReady();
    await bench.until('squiggles', async () => (await bench.squiggles()).length === 1);
    const lenses = await bench.until('lenses', async () => {
      const all = await bench.lenses();
      return all.length > 0 && all;
    });
    assert.ok(lenses.includes('IR') && !lenses.includes('run benchmark'), lenses.join());
    assert.ok(!bench.has('trap.sh.ran'));
    await bench.shot('untrusted');
  });
});

test('beside another Python server nothing is doubled', async () => {
  const other = await companion('companion');
  const settings = { 'basedpyright.analysis.typeCheckingMode': 'basic' };
  await within({ extensions: [VSIX, other], settings }, async (bench) => {
    await bench.open('kernels.py', 13, 9);
    await bench.isReady();
    // Types within the text: those of variables and results are the other server's, of parameters only brrr writes them.
    const shows = (...parts) => async () => {
      const text = await bench.text();
      return parts.every((part) => text.includes(part)) && text;
    };
    const text = await bench.until('hints of both', shows('def squares(n: i64)', '-> int', 'square: Any'), 4 * PATIENCE);
    assert.ok(!/: f64 =|: i64 =|Any: f64|-> i64|-> f64/.test(text), text);
    await bench.shot('hints-beside-basedpyright');
    // The other server is there: it speaks outside of brrr functions, where brrr is silent.
    const outside = await bench.until('a hover of the other server', async () => {
      const said = await bench.hover('print', 0, 3000).catch(() => '');
      return said.includes('def print(') && said;
    });
    assert.ok(!outside.includes('i64'), outside);
    const parts = async () => {
      await bench.hover('result', 1);
      await bench.page.waitForTimeout(1000);
      const all = await bench.page.locator('.monaco-hover:not(.hidden) .hover-row .hover-contents').allInnerTexts();
      return all.map((one) => one.replaceAll('\u00a0', ' ')).filter((one) => one.trim() !== '');
    };
    const said = await parts();
    assert.equal(said.filter((one) => one.includes('(variable)')).length, 1, said.join('\n---\n'));
    assert.equal(said.filter((one) => one.includes('int (i64)')).length, 1, said.join('\n---\n'));
    await bench.shot('beside-basedpyright');
    // Completions, definitions and symbols come from the other server alone.
    await bench.go(13, 1);
    await bench.page.keyboard.press('End');
    await bench.page.keyboard.type(' + resul');
    await bench.page.keyboard.press('Control+Space');
    const labels = await bench.until('completions', async () => {
      const all = await bench.page.locator('.suggest-widget .monaco-list-row .label-name').allTextContents();
      return all.length > 0 && all;
    });
    assert.equal(labels.filter((one) => one === 'result').length, 1, labels.join());
    await bench.page.keyboard.press('Escape');
    // How much one step takes back depends on how fast it was typed.
    await bench.until('the text as it was', async () => {
      if (!(await bench.text()).includes('255 +')) return true;
      await bench.page.keyboard.press('Control+z');
      return false;
    });
    // Where the other one is told to be silent, brrr writes them at once.
    bench.write('.vscode/settings.json', JSON.stringify({
      'basedpyright.analysis.inlayHints.variableTypes': false, 'basedpyright.analysis.inlayHints.functionReturnTypes': false,
    }));
    await bench.until("brrr's hints alone", shows('def squares(n: i64) -> i64:', 'result: i64 = 0'), 2 * PATIENCE);
  });
});
