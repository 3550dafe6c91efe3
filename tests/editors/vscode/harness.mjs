// VS Code's own workbench in a browser: code-server, driven by playwright-core in Chromium.
//
// Enters: a vsix, a project, settings. Leaves: a `Workbench` to look at and to type into, and screenshots. Promised: what was
// started is ended, and what is waited for and does not come fails with a picture of what was there instead.

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const required = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: scripts/editors.sh sets it`);
  return value;
};

/** The folder where code-server and playwright-core are installed. */
const TOOLS = required('BRRR_EDITORS');
export const VSIX = required('BRRR_VSIX');
const OUTPUT = required('BRRR_OUTPUT');
const CODE_SERVER = join(TOOLS, 'node_modules', '.bin', 'code-server');
const { chromium } = createRequire(join(TOOLS, 'package.json'))('playwright-core');

/** How long anything may take, in milliseconds: the machine may be busy. */
export const PATIENCE = Number(process.env.BRRR_PATIENCE ?? 30_000);

const CHROMIUM = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

const SETTINGS = {
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'editor.minimap.enabled': false,
  'editor.fontSize': 13,
  'editor.renderWhitespace': 'none',
  'editor.occurrencesHighlight': 'off',
  'editor.renderLineHighlight': 'none',
  'breadcrumbs.enabled': false,
  'explorer.autoReveal': false,
  'git.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.ignoreRecommendations': true,
  'extensions.autoCheckUpdates': false,
  'update.mode': 'none',
  // In a browser edits are saved by themselves otherwise, and cannot be reverted.
  'files.autoSave': 'off',
};

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/**
 * Starts everything: the project is a copy of `project`, with `files` beside it.
 *
 * @param {{settings?: object, files?: Record<string, string>, extensions?: string[], trust?: boolean, env?: object}} options
 */
export async function start({ settings = {}, files = {}, extensions = [VSIX], trust = true, env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'brrr-editors-'));
  const project = join(folder, 'simulation');
  cpSync(join(import.meta.dirname, 'project'), project, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text, { mode: 0o755 });
  }
  const user = join(folder, 'data', 'User');
  mkdirSync(user, { recursive: true });
  writeFileSync(join(user, 'settings.json'), JSON.stringify({ ...SETTINGS, ...settings }));
  const where = ['--extensions-dir', join(folder, 'extensions'), '--user-data-dir', join(folder, 'data')];
  const environment = { ...process.env, ...env, HOME: folder, XDG_CONFIG_HOME: join(folder, 'config') };
  for (const extension of extensions) {
    const installed = spawnSync(CODE_SERVER, [...where, '--install-extension', extension], { env: environment, encoding: 'utf8' });
    if (installed.status !== 0) throw new Error(`code-server does not install ${extension}:\n${installed.stdout}${installed.stderr}`);
  }
  const port = await freePort();
  const server = spawn(
    CODE_SERVER,
    [...where, '--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check',
      ...(trust ? ['--disable-workspace-trust'] : [])],
    { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let said = '';
  const listening = new Promise((resolve, reject) => {
    const hear = (text) => {
      said += text;
      if (said.includes('HTTP server listening')) resolve();
    };
    server.stdout.on('data', hear);
    server.stderr.on('data', hear);
    server.on('exit', () => reject(new Error(`code-server has ended:\n${said}`)));
  });
  await listening;
  const browser = await chromium.launchPersistentContext(join(folder, 'browser'), {
    executablePath: process.env.BRRR_CHROMIUM ?? '/usr/bin/chromium',
    args: CHROMIUM,
    viewport: { width: 1240, height: 720 },
    deviceScaleFactor: 1,
  });
  const page = browser.pages()[0] ?? (await browser.newPage());
  await page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(project)}`);
  await page.locator('.explorer-folders-view, .monaco-dialog-box').first().waitFor({ timeout: 4 * PATIENCE });
  const stop = async () => {
    await browser.close();
    try {
      // Its children with it.
      process.kill(-server.pid, 'SIGTERM');
    } catch {
      // It has ended already.
    }
    await new Promise((resolve) => (server.exitCode === null && server.signalCode === null ? server.on('exit', resolve) : resolve()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  return new Workbench(page, { folder, project, stop });
}

/** Packs an extension that a test needs, from a folder here: the real ones are in no registry that is reached. */
export async function companion(name) {
  const extension = join(import.meta.dirname, '..', '..', '..', 'editors', 'vscode');
  const folder = join(required('BRRR_EDITORS'), name);
  cpSync(join(import.meta.dirname, name), folder, { recursive: true });
  const esbuild = createRequire(join(extension, 'package.json'))('esbuild');
  await esbuild.build({
    entryPoints: [join(folder, 'extension.mjs')],
    outfile: join(folder, 'extension.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    nodePaths: [join(extension, 'node_modules')],
    define: {
      BASEDPYRIGHT: JSON.stringify(join(required('BRRR_BASEDPYRIGHT'), 'basedpyright', 'langserver.index.js')),
      PYTHON: JSON.stringify(required('BRRR_PYTHON')),
    },
  });
  const vsix = join(folder, `${name}.vsix`);
  const vsce = join(extension, 'node_modules', '.bin', 'vsce');
  const packed = spawnSync(vsce, ['package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', vsix], { cwd: folder, encoding: 'utf8' });
  if (packed.status !== 0) throw new Error(packed.stdout + packed.stderr);
  return vsix;
}

/** One window. */
export class Workbench {
  constructor(page, { folder, project, stop }) {
    this.page = page;
    this.folder = folder;
    this.project = project;
    this.stop = stop;
  }

  /** Waits until something is true, or fails with what it was last. */
  async until(what, look, patience = PATIENCE) {
    const end = Date.now() + patience;
    let last;
    for (;;) {
      last = await look();
      if (last) return last;
      if (Date.now() > end) {
        if (patience >= PATIENCE) await this.shot(`failed-${what.replace(/\W+/g, '-')}`);
        throw new Error(`in vain: ${what}; the editor shows:\n${await this.text()}`);
      }
      await this.page.waitForTimeout(100);
    }
  }

  async shot(name, clip) {
    mkdirSync(OUTPUT, { recursive: true });
    // What fades in is there.
    await this.page.waitForTimeout(500);
    await this.page.screenshot({ path: join(OUTPUT, `${name}.png`), ...(clip ? { clip } : {}) });
  }

  /** The lines of an editor, as they are drawn, hints included. */
  async text(at = 0) {
    return this.page.evaluate((at) => {
      const editor = document.querySelectorAll('.editor-group-container .editor-instance .monaco-editor')[at];
      const lines = [...(editor?.querySelectorAll('.view-line') ?? [])];
      const top = (line) => Number.parseFloat(line.style.top);
      return lines.sort((a, b) => top(a) - top(b)).map((line) => line.textContent.replaceAll('\u00a0', ' ')).join('\n');
    }, at);
  }

  /** Opens a file of the project and puts the cursor there. Lines count from 1. */
  async open(name, line = 1, column = 1) {
    const entry = this.page.locator('.explorer-folders-view .monaco-list-row').filter({ hasText: name }).first();
    await entry.waitFor({ timeout: PATIENCE });
    await entry.dblclick();
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor({ timeout: PATIENCE });
    await this.go(line, column);
  }

  /** Puts the cursor somewhere in the active editor. */
  async go(line, column = 1) {
    await this.page.keyboard.press('Control+g');
    await this.page.locator('.quick-input-widget input').waitFor();
    await this.page.keyboard.type(`${line}:${column}`);
    await this.page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: `line ${line} ` }).waitFor({ timeout: PATIENCE });
    await this.page.waitForTimeout(200);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** Runs a command by its title. */
  async command(title) {
    await this.page.keyboard.press('F1');
    await this.page.locator('.quick-input-widget input').waitFor();
    await this.page.keyboard.type(title);
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
    await row.waitFor({ timeout: PATIENCE });
    await this.page.waitForTimeout(200);
    await this.page.keyboard.press('Enter');
  }

  /** Picks a row of the list that is open. */
  async pick(text) {
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
    await row.waitFor({ timeout: PATIENCE });
    await row.click();
  }

  /** The lenses above functions, row by row. */
  async lenses() {
    const texts = await this.page.locator('.codelens-decoration a').allTextContents();
    return texts.map((text) => text.replaceAll('\u00a0', ' '));
  }

  async clickLens(text, nth = 0) {
    const lens = this.page.locator('.codelens-decoration a').filter({ hasText: text }).nth(nth);
    await lens.waitFor({ timeout: PATIENCE });
    const box = await lens.boundingBox();
    await this.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  }

  /** Where a piece of text of an editor is on the screen. */
  async place(text, at = 0, nth = 0) {
    return this.until(`the text ${text}`, () =>
      this.page.evaluate(
        ([text, at, nth]) => {
          const editor = document.querySelectorAll('.editor-group-container .editor-instance .monaco-editor')[at];
          let left = nth;
          for (const line of editor?.querySelectorAll('.view-line') ?? []) {
            const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
            const nodes = [];
            while (walker.nextNode()) nodes.push(walker.currentNode);
            const all = nodes.map((node) => node.data).join('').replaceAll('\u00a0', ' ');
            const start = all.indexOf(text);
            if (start < 0 || left-- > 0) continue;
            const range = document.createRange();
            let offset = 0;
            for (const node of nodes) {
              const end = offset + node.data.length;
              if (offset <= start && start < end) range.setStart(node, start - offset);
              if (offset < start + text.length && start + text.length <= end) range.setEnd(node, start + text.length - offset);
              offset = end;
            }
            const { x, y, width, height } = range.getBoundingClientRect();
            return { x, y, width, height };
          }
          return null;
        },
        [text, at, nth],
      ),
    );
  }

  /** What the hover over a text says. */
  async hover(text, nth = 0, patience = PATIENCE) {
    const box = await this.place(text, 0, nth);
    await this.page.mouse.move(5, 5);
    await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
    const hover = this.page.locator('.monaco-hover:not(.hidden) .hover-contents');
    await this.until(`a hover over ${text}`, async () => (await hover.count()) > 0 && (await hover.first().innerText()).trim() !== '', patience);
    return (await hover.allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
  }

  /** The squiggles of a severity: the boxes on the screen. */
  squiggles(severity = 'error') {
    return this.page.evaluate(
      (severity) => [...document.querySelectorAll(`.cdr.squiggly-${severity}`)].map((one) => {
        const { x, y, width, height } = one.getBoundingClientRect();
        return { x, y, width, height };
      }),
      severity,
    );
  }

  /** The rows that are marked in an editor, by their tops on the screen. */
  marks(at = 0) {
    return this.page.evaluate((at) => {
      const editor = document.querySelectorAll('.editor-group-container .editor-instance .monaco-editor')[at];
      const marked = [...(editor?.querySelectorAll('.view-overlays .cdr[class*="ced-"]') ?? [])];
      const background = (one) => getComputedStyle(one).backgroundColor;
      const rows = marked.filter((one) => background(one) !== 'rgba(0, 0, 0, 0)').map((one) => one.getBoundingClientRect().y);
      return [...new Set(rows)].sort((a, b) => a - b);
    }, at);
  }

  /** The lines of an editor on whose rows there is a mark. */
  async markedLines(at = 0) {
    const rows = await this.marks(at);
    return this.page.evaluate(
      ([rows, at]) => {
        const editor = document.querySelectorAll('.editor-group-container .editor-instance .monaco-editor')[at];
        const lines = [...(editor?.querySelectorAll('.view-line') ?? [])];
        const found = lines.filter((line) => rows.some((row) => Math.abs(row - line.getBoundingClientRect().y) < 3));
        const top = (line) => Number.parseFloat(line.style.top);
        return found.sort((a, b) => top(a) - top(b)).map((line) => line.textContent.replaceAll('\u00a0', ' '));
      },
      [rows, at],
    );
  }

  /** The text of the status item. */
  status() {
    return this.page.evaluate(() => {
      const item = [...document.querySelectorAll('.statusbar-item')].find((one) => one.id.includes('brrr'));
      return item && { label: item.getAttribute('aria-label'), icons: item.querySelector('.codicon')?.className ?? '', text: item.textContent };
    });
  }

  /** Notes what the status item says from now on; gives a function that tells it. */
  async labels() {
    await this.page.evaluate(() => {
      window.brrrLabels = [];
      const note = () => {
        const item = [...document.querySelectorAll('.statusbar-item')].find((one) => one.id.includes('brrr'));
        const label = item?.getAttribute('aria-label');
        if (label && window.brrrLabels.at(-1) !== label) window.brrrLabels.push(label);
      };
      new MutationObserver(note).observe(document.querySelector('.statusbar') ?? document.body, {
        subtree: true, childList: true, attributes: true, attributeFilter: ['aria-label'],
      });
    });
    return () => this.page.evaluate(() => window.brrrLabels);
  }

  /** Waits until the status item says so. */
  isReady() {
    return this.until('the server is ready', async () => (await this.status())?.label?.includes('ready'), 4 * PATIENCE);
  }

  /** The messages in the corner. */
  notifications() {
    return this.page.locator('.notification-list-item-message').allInnerTexts();
  }

  /** What a process runs. */
  programOf(id) {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0')[0];
  }

  async closeAll() {
    await this.page.keyboard.press('Escape');
    await this.command('View: Close All Editors');
    await this.page.locator('.tab').first().waitFor({ state: 'detached' }).catch(() => undefined);
  }

  has(name) {
    return existsSync(join(this.project, name));
  }

  write(name, text) {
    mkdirSync(dirname(join(this.project, name)), { recursive: true });
    writeFileSync(join(this.project, name), text);
  }

  read(name) {
    return readFileSync(join(this.project, name), 'utf8');
  }

  /** The processes of this window's server, by what their command lines say; not its children, which have another task. */
  processes(name) {
    return readdirSync('/proc').filter((id) => /^\d+$/.test(id)).filter((id) => {
      try {
        const line = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
        const own = existsSync(`/proc/${id}/environ`) && readFileSync(`/proc/${id}/environ`, 'utf8').includes(`HOME=${this.folder}`);
        return own && line[0].endsWith(`/${name}`) && line.includes('--stdio');
      } catch {
        return false;
      }
    }).map(Number);
  }
}
