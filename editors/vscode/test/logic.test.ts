import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchCommand, guessedArguments, hashOf, lensText, reportOf, speedText } from '../src/benchmarks';
import { costs, costText, isInstruction, vectorOf } from '../src/costs';
import { Crashes, LIMIT, WINDOW } from '../src/crashes';
import { followed, functionAt, linesOfSource, linesOfText, longest } from '../src/lines';
import { beside, shownBeside } from '../src/neighbours';
import { type FunctionInfo, type Run, reasonOf, STAGES, stageName } from '../src/protocol';

test('a server that crashes too often is left alone, until it was quiet for a while', () => {
  const crashes = new Crashes();
  const early = Array.from({ length: LIMIT }, (_, at) => crashes.note(at));
  assert.deepEqual(early, [...Array(LIMIT - 1).fill(true), false]);
  assert.equal(crashes.note(WINDOW + LIMIT), true, 'all of these are long ago');
});

test('a start by the user begins the count again', () => {
  const crashes = new Crashes();
  Array.from({ length: LIMIT }, () => crashes.note(0));
  crashes.forget();
  assert.equal(crashes.note(1), true);
});

const MAPPING: Run[] = [
  { line: 4, irLines: [10, 12] },
  { line: 3, irLines: [5, 6] },
  { line: 4, irLines: [20, 20] },
  { line: 4, irLines: [13, 14] },
  { line: 5, irLines: [14, 15] },
];

test('a line of the source has runs of lines of the text, joined where they touch', () => {
  assert.deepEqual(linesOfText(MAPPING, 4), [
    [10, 14],
    [20, 20],
  ]);
  assert.deepEqual(linesOfText(MAPPING, 7), []);
  assert.deepEqual(MAPPING[0], { line: 4, irLines: [10, 12] }, 'the mapping stays as it was');
});

test('the longest run is most of a line', () => {
  assert.deepEqual(
    longest([
      [1, 2],
      [5, 9],
      [11, 15],
    ]),
    [5, 9],
  );
  assert.equal(longest([]), undefined);
});

test('a line of the text has lines of the source', () => {
  assert.deepEqual(linesOfSource(MAPPING, 14), [4, 5]);
  assert.deepEqual(linesOfSource(MAPPING, 6), [3]);
  assert.deepEqual(linesOfSource(MAPPING, 16), []);
});

function info(name: string, first: number, last: number): FunctionInfo {
  return {
    name,
    qualified: name,
    position: { line: first + 1, character: 4 },
    range: { start: { line: first, character: 0 }, end: { line: last, character: 0 } },
    signature: '(int) -> int',
    parameters: ['int'],
    isRefused: false,
  };
}

test('a view follows its function through edits', () => {
  const functions = [info('f', 2, 5), info('g', 7, 9), info('f', 11, 14)];
  assert.equal(followed(functions, 'f', { line: 13, character: 0 }), functions[2]);
  assert.equal(followed(functions, 'f', { line: 3, character: 0 }), functions[0]);
  assert.equal(followed(functions, 'h', { line: 3, character: 0 }), undefined);
});

test('the function around a line is the innermost one', () => {
  const functions = [info('outer', 2, 20), info('inner', 7, 9)];
  assert.deepEqual(
    [1, 2, 8, 10, 21].map((line) => functionAt(functions, line)?.name),
    [undefined, 'outer', 'inner', 'outer', undefined],
  );
});

test('vectors are known by what computes with them', () => {
  const said = (instruction: string) => {
    const vector = vectorOf(instruction);
    return vector && `${vector.lanes} × ${vector.element}`;
  };
  assert.equal(said('\tvaddpd\t%ymm1, %ymm0, %ymm0'), '4 × f64');
  assert.equal(said('\tvfmadd231ps\t(%rax), %zmm1, %zmm0'), '16 × f32');
  assert.equal(said('\tmulpd\t%xmm1, %xmm0'), '2 × f64');
  assert.equal(said('\tvpaddq\t%ymm1, %ymm0, %ymm0'), '4 × i64');
  assert.equal(said('\tvpminud\t%xmm1, %xmm0, %xmm0'), '4 × u32');
  assert.equal(said('\tvpmuludq\t%ymm1, %ymm0, %ymm0'), '4 × i64');
  assert.equal(said('\tvcvtdq2pd\t(%rax), %ymm0'), '4 × f64');
  for (const scalar of [
    'vaddsd\t%xmm1, %xmm0, %xmm0',
    'vmovapd\t%xmm1, %xmm0',
    'vxorpd\t%xmm1, %xmm1, %xmm1',
    'addq\t%rax, %rbx',
  ]) {
    assert.equal(said(`\t${scalar}`), undefined, scalar);
  }
});

test('labels, directives and comments are no instructions', () => {
  assert.deepEqual(
    ['\taddq\t%rax, %rbx', '.LBB0_1:', '\t.p2align\t4', '# %bb.1:', '', 'brrr_entry:'].map(isInstruction),
    [true, false, false, false, false, false],
  );
});

test('each line has the instructions of all its runs, and the widest vector', () => {
  const text = [
    'f:',
    '\taddq\t%rax, %rbx',
    '\tvaddpd\t%xmm0, %xmm1, %xmm1',
    '.L1:',
    '\tvaddpd\t%ymm0, %ymm1, %ymm1',
    '\tretq',
  ];
  const found = costs(text.join('\n'), [
    { line: 2, irLines: [1, 2] },
    { line: 2, irLines: [4, 4] },
    { line: 3, irLines: [5, 5] },
    { line: 4, irLines: [3, 3] },
  ]);
  assert.deepEqual(
    [...found],
    [
      [2, { instructions: 3, vector: { lanes: 4, element: 'f64' } }],
      [3, { instructions: 1, vector: undefined }],
    ],
  );
  assert.deepEqual([...found.values()].map(costText), ['3 instructions, 4 × f64', '1 instruction']);
});

test('the lens of a benchmark has its speed, its date, and whether it is stale', () => {
  const time = Date.UTC(2026, 10, 26, 12);
  const hash = hashOf('def f(): pass');
  const entry = { args: '(1,)', speedup: 43.2, time, hash };
  assert.equal(lensText(entry, hash, time), '43x CPython, 26 Nov');
  assert.equal(lensText(entry, hashOf('def f(): return 1'), time), '43x CPython, 26 Nov (stale: edited since)');
  assert.equal(lensText(entry, hash, Date.UTC(2027, 5, 1)), '43x CPython, 26 Nov 2026');
  assert.match(lensText({ ...entry, speedup: undefined }, hash, time), /^differs from CPython/);
});

test('speeds are short', () => {
  assert.deepEqual([0.853, 1.26, 9.96, 43.2, 38987.2].map(speedText), ['0.85x', '1.3x', '10x', '43x', '38,987x']);
});

test('blanks at the ends of lines are no edit', () => {
  assert.equal(hashOf('def f():  \r\n    pass\n'), hashOf('def f():\n    pass'));
  assert.notEqual(hashOf('def f():\n    pass'), hashOf('def f():\n        pass'));
});

test('only a report is taken for one', () => {
  assert.deepEqual(reportOf('{"equal": true, "speedup": 3.5, "more": 1}'), { equal: true, speedup: 3.5 });
  assert.deepEqual(reportOf('{"equal": false, "difference": "x"}'), { equal: false });
  assert.deepEqual(['', '[]', 'null', '{"speedup": 2}'].map(reportOf), Array(4).fill(undefined));
});

test('arguments are guessed from the types', () => {
  assert.equal(guessedArguments(['int']), '(1000,)');
  assert.equal(guessedArguments([]), '()');
  assert.equal(
    guessedArguments(['float64[::1]', 'int32[:, ::1]', 'float', 'bool', 'float32']),
    '(np.full(100_000, 0.5, "float64"), np.ones((300, 300), "int32"), 0.5, True, np.float32(1))',
  );
  assert.equal(guessedArguments(['tuple[int, float]', 'complex']), '(..., 0.5j)');
});

test('the command names the interpreter if one is selected', () => {
  const command = benchCommand('/w/a b.py', 'f', '(1,)', '/tmp/x.json', '/w/.venv/bin/python');
  const start = ['bench', '/w/a b.py::f', '--args', '(1,)', '--save', '/tmp/x.json'];
  assert.deepEqual(command, [...start, '--python', '/w/.venv/bin/python']);
  assert.deepEqual(benchCommand('/w/a b.py', 'f', '(1,)', '/tmp/x.json', undefined), start);
});

test('every stage has a name of its own', () => {
  assert.equal(new Set(STAGES.map(stageName)).size, STAGES.length);
});

test('a reason is what was said', () => {
  assert.equal(reasonOf(new Error('there is no brrr function here')), 'there is no brrr function here');
  assert.equal(reasonOf('gone'), 'gone');
});

test('types that another server writes are left out', () => {
  const settings: Record<string, unknown> = {};
  const shown = (...there: string[]) =>
    shownBeside(
      (id) => there.includes(id),
      (name) => settings[name],
    );
  assert.deepEqual(shown(), { variables: false, results: false });
  assert.deepEqual(shown('detachhead.basedpyright'), { variables: true, results: true });
  assert.deepEqual(shown('ms-python.vscode-pylance'), { variables: false, results: false });
  settings['basedpyright.analysis.inlayHints.variableTypes'] = false;
  settings['python.analysis.inlayHints.functionReturnTypes'] = true;
  assert.deepEqual(shown('detachhead.basedpyright'), { variables: false, results: true });
  assert.deepEqual(shown('ms-python.vscode-pylance'), { variables: false, results: true });
  const both = { variables: true, results: true };
  assert.deepEqual(beside({ inlayHints: { enable: true }, codeLens: { enable: false } }, both), {
    inlayHints: { enable: true, variables: false, results: false },
    codeLens: { enable: false },
  });
  const asked = { inlayHints: { beside: 'show' } };
  assert.equal(beside(asked, both), asked);
  assert.deepEqual(beside({}, { variables: false, results: false }), {
    inlayHints: { variables: true, results: true },
  });
  assert.equal(beside(null, both), null);
});
