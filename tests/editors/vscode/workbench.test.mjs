// What a user of VS Code sees and does, in the order of a first day. One window for all tests: each begins with no editor open.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { PATIENCE, start } from './harness.mjs';

/** @type {import('./harness.mjs').Workbench} */
let bench;

before(async () => {
  bench = await start();
});

after(async () => bench?.stop());

beforeEach(async () => bench.closeAll());

const shown = (what, text, at = 0) => bench.until(what, async () => (await bench.text(at)).includes(text));

test('types, lenses and the status appear', async () => {
  await bench.open('kernels.py', 13, 9);
  await bench.isReady();
  await shown('hints', 'def squares(n: i64) -> i64:');
  await shown('a hint behind an emoji', "'🙂'; square: f64 = x * x");
  const lenses = await bench.until('lenses', async () => {
    const all = await bench.lenses();
    return all.length === 15 && all;
  });
  assert.deepEqual(lenses.slice(0, 5), ['IR', 'peek', 'asm', '(int) -> int', 'run benchmark']);
  const { text, icons } = await bench.status();
  assert.equal(text.trim(), 'brrr');
  assert.match(icons, /codicon-zap/);
  await bench.shot('types');
});

test('a hover tells types and the typed IR', async () => {
  await bench.open('kernels.py', 1);
  await shown('hints', 'result: i64 = 0');
  const said = await bench.hover('result', 1);
  assert.match(said, /i64/);
  await bench.shot('hover');
});

test('squiggles stand where the mistakes are, behind an emoji too, and nowhere else', async () => {
  await bench.open('mistakes.py', 1);
  for (const [severity, text] of [['warning', 'sqrt'], ['error', '[i for i in range(n) if i % 2 == 0]']]) {
    const squiggles = await bench.until('squiggles', async () => {
      const all = await bench.squiggles(severity);
      return all.length > 0 && all;
    });
    assert.equal(squiggles.length, 1);
    const place = await bench.place(text);
    const squiggle = squiggles[0];
    assert.ok(Math.abs(squiggle.x - place.x) < 2, `${text}: at ${squiggle.x}, not at ${place.x}`);
    assert.ok(Math.abs(squiggle.width - place.width) < 3, `${text}: ${squiggle.width} wide, not ${place.width}`);
  }
  const said = await bench.hover('sqrt');
  assert.match(said, /BRRR\d+/);
  assert.match(said, /math\.sqrt/);
  await bench.shot('overview');
});

test('a quick fix is applied', async () => {
  await bench.open('mistakes.py', 11, 21);
  await bench.until('squiggles', async () => (await bench.squiggles('warning')).length === 1);
  await bench.page.keyboard.press('Control+.');
  const action = bench.page.locator('.action-widget .monaco-list-row.action').filter({ hasText: 'math.sqrt' }).first();
  await action.waitFor({ timeout: PATIENCE });
  await bench.shot('quick-fix');
  await bench.page.keyboard.press('Enter');
  await shown('the fixed text', '= math.sqrt(square)');
  await bench.until('no such squiggle', async () => (await bench.squiggles('warning')).length === 0);
  await bench.page.keyboard.press('Control+s');
  await bench.until('the file', () => bench.read('mistakes.py').includes("'🙂'; result = math.sqrt(square)"));
});

test('the IR stands beside the source, and the lines that belong together are marked, both ways', async () => {
  await bench.open('kernels.py', 13, 9);
  const labels = await bench.labels();
  await bench.clickLens('IR', 0);
  await shown('LLVM IR', '%', 1);
  // While LLVM is at work, the status says so.
  assert.match((await labels()).join('\n'), /: compiling[^]*: ready/);
  assert.deepEqual(await bench.page.locator('.tab.active .label-name').allTextContents(), [
    'kernels.py',
    'squares: optimised LLVM IR',
  ]);
  await bench.until('a mark on the source', async () =>
    (await bench.markedLines(0)).some((line) => line.includes('result += i * i & 255')),
  );
  const first = await bench.until('marks on the IR', async () => {
    const lines = await bench.markedLines(1);
    return lines.length > 0 && lines;
  });
  // Colours: the words of a line do not all look alike.
  const colours = await bench.page.evaluate(() => {
    const editor = document.querySelectorAll('.editor-group-container .editor-instance .monaco-editor')[1];
    return new Set([...editor.querySelectorAll('.view-line span span')].map((one) => getComputedStyle(one).color)).size;
  });
  assert.ok(colours >= 4, `${colours} colours`);
  await bench.shot('panel');

  await bench.go(12, 5);
  await bench.until('the mark follows the cursor', async () => {
    const [source, ir] = [await bench.markedLines(0), await bench.markedLines(1)];
    return source.some((line) => line.includes('in range(n)')) && JSON.stringify(ir) !== JSON.stringify(first);
  });

  // The other way: the cursor goes into the IR.
  await bench.go(13, 9);
  await bench.until('the first marks again', async () => JSON.stringify(await bench.markedLines(1)) === JSON.stringify(first));
  const row = (await bench.marks(1))[0];
  await bench.go(9, 1);
  await bench.until('no marks on a line that is no code', async () => (await bench.marks(1)).length === 0);
  const text = await bench.place(first[0].trim(), 1);
  assert.ok(Math.abs(text.y - row) < 40 || row > 0);
  await bench.page.mouse.click(text.x + 4, text.y + text.height / 2);
  await bench.until('a mark on the source, from the IR', async () =>
    (await bench.markedLines(0)).some((line) => line.includes('result += i * i & 255')),
  );
});

test('the text follows edits, and says when it cannot', async () => {
  await bench.open('kernels.py', 13, 33);
  await bench.command('brrr: Show Stage of the Compiler');
  await bench.pick('typed IR');
  await shown('typed IR', 'fn squares(n: i64) -> i64', 1);
  await bench.page.keyboard.press('End');
  await bench.page.keyboard.type(' ^ 4711');
  await shown('the edit', '4711', 1);
  await bench.page.keyboard.type(' ** [');
  await bench.until('a note', async () => (await bench.lenses()).some((one) => one.includes('as of the last version that compiled')));
  await shown('the text as it was', '4711', 1);
  await bench.command('View: Revert and Close Editor');
});

test('a peek shows the IR within the source', async () => {
  await bench.open('kernels.py', 20, 9);
  await bench.command('brrr: Peek IR');
  const peek = bench.page.locator('.peekview-widget');
  await peek.waitFor({ timeout: PATIENCE });
  await bench.until('IR in the peek', async () => (await peek.locator('.preview .view-line').allTextContents()).some((line) => /fmul|fadd|load/.test(line)));
  assert.match(await peek.locator('.peekview-title').innerText(), /smooth: optimised LLVM IR/);
  await bench.page.waitForTimeout(500);
  await bench.shot('peek');
  await bench.page.keyboard.press('Escape');
  await peek.waitFor({ state: 'detached' });
});

test('assembly, and another stage of it by the picker', async () => {
  await bench.open('kernels.py', 20, 9);
  await bench.clickLens('asm', 1);
  await shown('assembly', '%xmm', 1);
  await bench.until('marks', async () => (await bench.marks(1)).length > 0);
  await bench.shot('assembly');
  await bench.command('brrr: Choose Stage');
  await bench.pick('typed IR');
  // What belongs to the line under the cursor is in view; that need not be the first line.
  await shown('typed IR', 'load.float64(', 1);
});

test('a signature is picked, and everything is shown for it', async () => {
  await bench.open('kernels.py', 25, 9);
  await shown('hints', 'square: f64');
  await bench.clickLens('(float, float) -> float');
  await bench.page.locator('.quick-input-list .monaco-list-row').first().waitFor({ timeout: PATIENCE });
  await bench.page.waitForTimeout(300);
  await bench.shot('signature');
  await bench.pick('(int, int) -> float');
  await shown('hints for ints', 'square: i64');
  await bench.clickLens('(int, int) -> float');
  await bench.pick('Other types');
  const input = bench.page.locator('.quick-input-widget input');
  await bench.until('the types', async () => (await input.inputValue()) === 'int, int');
  await input.fill('int, float');
  await bench.page.keyboard.press('Enter');
  await shown('hints for both', 'square: f64');
  await bench.until('the lens', async () => (await bench.lenses()).some((one) => one.startsWith('(int, float) -> float')));
});

test('instruction counts and the width of vectors stand at the ends of lines, when they are asked for', async () => {
  await bench.open('kernels.py', 1);
  await shown('hints', 'result: i64 = 0');
  await bench.command('brrr: Toggle Instruction Counts');
  const ends = () =>
    bench.page.evaluate(() =>
      [...document.querySelectorAll('.view-line span[class*="ced-"]')]
        .map((one) => getComputedStyle(one, '::after').content)
        .filter((text) => text.includes('instruction')),
    );
  const texts = await bench.until('counts', async () => {
    const all = await ends();
    return all.length >= 5 && all;
  });
  assert.ok(texts.some((text) => text.includes('4 × f64')), texts.join());
  await bench.shot('line-costs');
  await bench.command('brrr: Toggle Instruction Counts');
  await bench.until('no counts', async () => (await ends()).length === 0);
});

test('cells of a notebook have types and squiggles, too', async () => {
  const entry = bench.page.locator('.explorer-folders-view .monaco-list-row').filter({ hasText: 'lab.ipynb' });
  await entry.dblclick();
  const cells = bench.page.locator('.notebookOverlay .monaco-editor .view-lines');
  await bench.until('hints', async () => {
    const texts = await cells.allInnerTexts();
    return texts.some((text) => text.replaceAll('\u00a0', ' ').includes('result: i64 = 0'));
  });
  await bench.until('a squiggle', async () => (await bench.squiggles()).length === 1);
  await bench.shot('notebook');
});

test('the walkthrough has its pictures', async () => {
  await bench.command('Welcome: Open Walkthrough...');
  await bench.pick('Get started with brrr');
  const steps = bench.page.locator('.getting-started-step');
  await bench.until('steps', async () => (await steps.count()) === 5);
  await steps.filter({ hasText: 'Look at the machine code' }).first().click();
  await bench.until('a picture', () =>
    bench.page.evaluate(() =>
      [...document.querySelectorAll('.getting-started-media img')].some((one) => one.complete && one.naturalWidth > 500),
    ),
  );
  await bench.shot('walkthrough');
});

test('the server is started again when it crashes, and left alone when it crashes too often', async () => {
  await bench.open('mistakes.py', 1);
  await bench.until('squiggles', async () => (await bench.squiggles()).length > 0);
  for (let crash = 1; crash <= 4; crash++) {
    const [id] = await bench.until('a server', () => {
      const all = bench.processes('brrr-lsp');
      return all.length > 0 && all;
    });
    process.kill(id, 'SIGKILL');
    await bench.until('another server', () => bench.processes('brrr-lsp').some((one) => one !== id));
    await bench.isReady();
    await bench.until('squiggles again', async () => (await bench.squiggles()).length > 0);
  }
  assert.deepEqual(await bench.notifications(), [], 'nobody is bothered with what was mended');
  for (const id of bench.processes('brrr-lsp')) process.kill(id, 'SIGKILL');
  await bench.until('a message', async () => (await bench.notifications()).some((one) => /crashed 5 times within 3 minutes/.test(one)));
  assert.match((await bench.status()).label, /crashed 5 times/);
  await bench.page.waitForTimeout(700);
  await bench.shot('crashed');
  await bench.page.locator('.notification-list-item-buttons-container .monaco-button').filter({ hasText: 'Restart' }).first().click();
  await bench.isReady();
  await bench.until('squiggles after a restart', async () => (await bench.squiggles()).length > 0);
});

test('the log tells what was started', async () => {
  await bench.open('kernels.py', 1);
  await bench.command('brrr: Show Log');
  await bench.until('the log', async () => {
    const lines = await bench.page.locator('.output-view .view-line, .panel .view-line').allTextContents();
    return lines.some((line) => /the server is ready, version \d/.test(line.replaceAll('\u00a0', ' ')));
  });
  await bench.command('View: Toggle Panel Visibility');
});
