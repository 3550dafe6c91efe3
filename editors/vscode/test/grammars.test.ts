import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import * as oniguruma from 'vscode-oniguruma';
import * as textmate from 'vscode-textmate';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const paths = new Map<string, string>(
  manifest.contributes.grammars.map((one: { scopeName: string; path: string }) => [one.scopeName, one.path]),
);
const wasm = join(dirname(createRequire(join(process.cwd(), 'package.json')).resolve('vscode-oniguruma')), 'onig.wasm');

const library = oniguruma.loadWASM(readFileSync(wasm)).then(() => ({
  createOnigScanner: (sources: string[]) => new oniguruma.OnigScanner(sources),
  createOnigString: (text: string) => new oniguruma.OnigString(text),
}));

const registry = new textmate.Registry({
  onigLib: library,
  loadGrammar: async (scope) => {
    const path = paths.get(scope);
    return path === undefined ? null : textmate.parseRawGrammar(readFileSync(path, 'utf8'), path);
  },
});

/** The innermost scope of each word that has one of its own. */
async function scopes(scope: string, line: string): Promise<Record<string, string>> {
  const grammar = await registry.loadGrammar(scope);
  assert.ok(grammar !== null, scope);
  const { tokens } = grammar.tokenizeLine(line, textmate.INITIAL);
  const named = tokens.map((token) => [line.slice(token.startIndex, token.endIndex), token.scopes.at(-1) ?? '']);
  return Object.fromEntries(named.filter(([text, name]) => text?.trim() !== '' && name !== scope));
}

test('typed IR', async () => {
  const step = await scopes('source.brrr-ir', '    result: i64 = result + 7  # exit 1');
  assert.equal(step.i64, 'storage.type');
  assert.equal(step['7'], 'constant.numeric');
  assert.equal(step['+'], 'keyword.operator');
  assert.equal(step['# exit 1'], 'comment.line.number-sign');
  assert.equal((await scopes('source.brrr-ir', '    .c7: low64 = i')).low64, 'storage.type');
  const head = await scopes('source.brrr-ir', 'fn total(n: i64) -> i64');
  assert.equal(head.total, 'entity.name.function');
  const jump = await scopes('source.brrr-ir', '    if .5 then bb2 else bb3');
  assert.equal(jump.if, 'keyword.control');
  assert.equal(jump.bb2, 'entity.name.label');
});

test('LLVM IR', async () => {
  const line = '  %22 = fmul <4 x double> %20, %21, !dbg !7 ; comment';
  const found = await scopes('source.brrr-llvm', line);
  assert.equal(found['%22'], 'variable.other');
  assert.equal(found.fmul, 'keyword.operator.instruction');
  assert.equal(found.double, 'storage.type');
  assert.equal(found['; comment'], 'comment.line.semicolon');
  const label = await scopes('source.brrr-llvm', 'go5.prol:      ; preds = %x');
  assert.equal(label['go5.prol'], 'entity.name.label');
});

test('assembly', async () => {
  const found = await scopes('source.brrr-asm', '\tvmulpd\t(%r12,%r13,8), %ymm0, %ymm0');
  assert.equal(found.vmulpd, 'keyword.operator.instruction');
  assert.equal(found['%r12'], 'variable.language.register');
  assert.equal(found['%ymm0'], 'storage.type.register.vector');
  assert.equal(found['8'], 'constant.numeric');
  const jump = await scopes('source.brrr-asm', '\tjne\t.LBB0_23');
  assert.equal(jump.jne, 'keyword.control');
  assert.equal(jump['.LBB0_23'], 'entity.name.label');
});
