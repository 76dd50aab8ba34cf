import { describe, expect, it } from 'vitest';
import { compile, LIMITS } from '../../src/autoscale/index.ts';
import { DEALLOCATION_OPTIONS } from '../../src/autoscale/values.ts';
import { SERVICE_VARIABLES } from '../../src/autoscale/variables.ts';
import { compiled, evaluated, failure, printed, problems, problemsInShort, targets, valueOf } from './world.ts';

describe('the text of a formula', () => {
  it('may be empty, blank, or full of empty statements', () => {
    for (const text of ['', '  \r\n\t', ';', ';;\n;', '// nothing\n']) expect(evaluated(text).results).toBe('$TargetDedicatedNodes=0;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue');
  });

  it('has comments to the end of a line, whatever ends the line', () => {
    for (const end of ['\n', '\r\n', '\r']) expect(targets(`// 1;$x=${end}$TargetDedicatedNodes = 2 // + 5 ; $y${end};// end`)).toEqual([2, 0]);
  });

  it('may break a statement over lines anywhere between words', () => {
    expect(targets('$TargetDedicatedNodes\n=\r\nmax\n(\n1\n,\n2\n)')).toEqual([2, 0]);
  });

  it('has numbers with and without fraction and exponent', () => {
    expect(['4', '0.7', '600.0', '.5', '5.', '1e3', '2.5E-1'].map((number) => valueOf(number))).toEqual(['4', '0.7', '600', '0.5', '5', '1000', '0.25']);
  });

  it('tells $x from x, and a variable from a function of its name', () => {
    const result = evaluated('x = 1; $x = 2; round = 2.5; $round = round(round) + x;');
    expect([printed(result, 'x'), printed(result, '$x'), printed(result, '$round')]).toEqual(['1', '2', '4']);
  });

  it('tells names apart by case', () => {
    expect(problemsInShort('Limit = 3; $TargetDedicatedNodes = limit;')).toEqual(['1:36 UndefinedVariable']);
    expect(problems('x = $pendingtasks;')[0]?.expected).toContain('$PendingTasks');
  });

  it('counts lines and columns from 1, over all kinds of line ends', () => {
    expect(problemsInShort('a = 1;\r\nb = ;\rc = 2;\n  d = *;')).toEqual(['2:5 UnexpectedText', '4:7 UnexpectedText']);
  });
});

describe('a text with mistakes', () => {
  it.each([
    ['x =', "1:4 a value (a number, a name, a call or '(') / the end of the formula"],
    ['x = 1 2', "1:7 an operator, ';' or the end / '2'"],
    ['x = (1', "1:7 an operator or ')' / the end of the formula"],
    ['x = max(1; y = 2', "1:10 an operator, ',' or ')' / ';'"],
    ['x = max(1,)', "1:11 a value (a number, a name, a call or '(') / ')'"],
    ['x = 1 ? 2', "1:10 an operator or ':' / the end of the formula"],
    ['x = 1 = 2', "1:7 '==' to compare, or ';' before the next assignment / '='"],
    ['x = 1 & 1', "1:7 '&&' / '&'"],
    ['x = 7 % 2', "1:7 an operator ('%' is none of the language; write a - b * floor(a / b)) / '%'"],
    ['x = time("2024)', '1:10 a closing \'"\' on the same line / \'"2024)\''],
    ['x = /* no */ 1', "1:5 '//' (comments run to the end of the line) / '/*'"],
    ['x = $ 1', "1:5 a name after '$' / '$'"],
    ['$PendingTasks.', "1:15 the name of a member or method after '.' / the end of the formula"],
    ['v = [1,2,3]', "1:5 a value (vectors are not written out; GetSample() gives them) / '['"],
    ['x = time(“2024”)', "1:10 '\"' around the string / '“'"],
    ['x = 5 – 3', "1:7 '-' / '–'"],
    ['# note', "1:1 '//' (comments begin with two slashes) / '#'"],
    ['größe = 1', "1:3 a letter from 'a' to 'z' (names have no others) / 'ö'"],
    ['\\$x = 1', "1:1 the formula without escapes of a shell or template / '\\'"],
    ['x = 1 y = 2', "1:7 ';' before the next assignment / 'y'"],
    ['3 = x', "1:3 '==' to compare, or ';' before the next assignment / '='"],
  ])('%s', (text, expected) => {
    const [first, ...more] = problems(text);
    expect(`${first?.line}:${first?.column} ${first?.expected} / ${first?.found}`).toBe(expected);
    expect(more).toEqual([]);
  });

  it('is reported whole: one problem a statement, in order', () => {
    const text = 'a = 1 +;\nb = foo(2);\nc = (3;\n$d = 4;\ne = $PendingTasks.GetAverage();\n';
    expect(problemsInShort(text)).toEqual(['1:8 UnexpectedText', '2:5 UnknownFunction', '3:7 UnexpectedText', '5:19 UnknownMethod']);
  });

  it('is reported whole, also where a semicolon or a bracket is missing: the next line that assigns is read again', () => {
    expect(problemsInShort('a = 1\nb = foo(3);\nc = (1 + 2 // and\nd = 4 *;\n$TargetDedicatedNodes = d;')).toEqual(['2:1 UnexpectedText', '2:5 UnknownFunction', '4:1 UnexpectedText', '4:8 UnexpectedText']);
    expect(problemsInShort('x = max(\n  1,\n  y = 2,\n  z = 3);')).toEqual(['3:5 UnexpectedText', '4:8 UnexpectedText']);
  });

  it('is reported whole: what a broken statement assigns counts as assigned, of any type', () => {
    expect(problemsInShort('x = 1 y = 2;\nz = x + y;')).toEqual(['1:7 UnexpectedText']);
    expect(problemsInShort('now = time( ;\nhour = now.hour;\nx = lost + 1;\nnow = 1;\ny = now.day;')).toEqual(['1:13 UnexpectedText', '3:5 UndefinedVariable', '5:5 WrongType']);
  });

  it.each([
    ['x = $PendingTask.GetSample(1);', '1:5 UndefinedVariable', '$PendingTasks'],
    ['x = $PendingTasks.GetSamples(1);', '1:19 UnknownMethod', 'GetSample'],
    ['x = mim(1, 2);', '1:5 UnknownFunction', 'min'],
    ['x = TimeInterval_Minutes * 5;', '1:5 UndefinedVariable', 'TimeInterval_Minute'],
    ['$NodeDeallocationOption = TaskCompletion;', '1:27 UndefinedVariable', 'taskcompletion (names are case-sensitive)'],
    ['$NodeDeallocationOption = tascompletion;', '1:27 UndefinedVariable', 'taskcompletion'],
    ['maxNodes = 4; x = maxNode;', '1:19 UndefinedVariable', 'maxNodes'],
    ['x = time().months;', '1:12 UnknownMember', 'month'],
    ['x = time.hour;', '1:5 UndefinedVariable', "'(' after time, which is a function"],
    ['a = 1; x = b;', '1:12 UndefinedVariable', 'a variable assigned above, or one of the service'],
  ])('has its misspelt names guessed: %s', (text, problem, expected) => {
    expect(problemsInShort(text)).toEqual([problem]);
    expect(problems(text)[0]?.expected).toBe(expected);
  });

  it('has no guesses for names of thousands of letters', () => {
    const text = `${'a'.repeat(2000)} = 1;\nx = ${'a'.repeat(1999)}b;`;
    expect(problems(text)).toMatchObject([{ code: 'UndefinedVariable', expected: 'a variable assigned above, or one of the service' }]);
  });

  it('is told which operators take one of the two sides', () => {
    expect(problems('x = time() + 1;')[0]).toMatchObject({ expected: 'double + double or doubleVec + double or timestamp + timeinterval', found: 'timestamp + double' });
    expect(problems('x = "a" + requeue;')[0]?.expected).toMatch(/^double \+ double or .* or timestamp \+ timeinterval$/);
  });

  it('is reported whole: names and types', () => {
    const text = 'a = b;\n$CurrentDedicatedNodes = 3;\nd = time() * 2;\ne = "x" + 1;\nf = time("soon");\ng = time().week;\nh = max("a", time());\nTimeInterval_Day = 1;\n$NodeDeallocationOption = 4;';
    expect(problemsInShort(text)).toEqual([
      '1:5 UndefinedVariable',
      '2:1 ReadOnlyVariable',
      '3:12 WrongType',
      '4:9 WrongType',
      '5:10 InvalidTime',
      '6:12 UnknownMember',
      '7:9 WrongType',
      '7:14 WrongType',
      '8:1 ReadOnlyVariable',
      '9:27 WrongType',
    ]);
  });

  it('is reported once for each cause: what follows from it is not', () => {
    expect(problemsInShort('a = b + 1; c = a * time(); d = -c;')).toEqual(['1:5 UndefinedVariable']);
  });

  it('is reported in branches that are not taken, too', () => {
    expect(problemsInShort('x = 1 ? 2 : foo();')).toEqual(['1:13 UnknownFunction']);
  });
});

describe('limits', () => {
  const nested = (depth: number): string => `x = ${'('.repeat(depth)}1${')'.repeat(depth)};`;
  const chain = (links: number): string => `x = ${Array.from({ length: links }, () => '1').join('+')};`;

  it('allow 8192 characters', () => {
    const padded = (length: number): string => '$TargetDedicatedNodes=3;'.padEnd(length);
    expect(problems(padded(8192))).toEqual([]);
    expect(problems(padded(8193))).toMatchObject([{ code: 'FormulaTooLong', found: '8193 characters' }]);
  });

  it('allow 100 statements, empty ones not counted', () => {
    const statements = (count: number): string => 'x = 1;;\n'.repeat(count);
    expect(problems(statements(100))).toEqual([]);
    expect(problemsInShort(statements(101))).toEqual(['101:1 TooManyStatements']);
  });

  it('bound the depth of an expression, whichever way it is deep', () => {
    expect(problems(nested(200))).toEqual([]);
    expect(problems(chain(200))).toEqual([]);
    const deep = [nested(4000), chain(4000), `x = ${'-'.repeat(8000)}1;`, `x = ${'!'.repeat(8000)}1;`, `x = ${'1?1:'.repeat(2000)}1;`, `x = ${'abs('.repeat(1500)}`, `x = x${'.a'.repeat(3000)};`, `x = ${'('.repeat(8000)}`];
    for (const text of deep) expect(problems(text)).toMatchObject([{ code: 'TooDeep', line: 1 }]);
  });

  it('bound the number of problems reported', () => {
    expect(problems('x = ;'.repeat(90))).toHaveLength(LIMITS.problems);
  });

  it('bound the length of a vector', () => {
    const text = 'v = $PendingTasks.GetSample(60);\nn = len(v, v);';
    expect(failure(text, { load: { $PendingTasks: 1 }, settings: { limits: { ...LIMITS, vectorLength: 100 } } })).toMatchObject({ code: 'VectorTooLong', line: 2, column: 5 });
  });

  it('bound the steps of an evaluation', () => {
    const text = `v = $PendingTasks.GetSample(120);\n${'v = v + 1;\n'.repeat(50)}`;
    expect(failure(text, { load: { $PendingTasks: 1 }, settings: { limits: { ...LIMITS, steps: 1000 } } })).toMatchObject({ code: 'TooManySteps', line: 9 });
    expect(evaluated(text, { load: { $PendingTasks: 1 } }).ok).toBe(true);
  });

  it('bound the results text: a formula of a few hundred characters cannot print a hundred long vectors', () => {
    const load = { $PendingTasks: Array.from({ length: 2000 }, (_, index) => index / 7) };
    const copies = (count: number): string => `v = $PendingTasks.GetSample(2000);\n${Array.from({ length: count }, (_, index) => `a${index} = v;\n`).join('')}`;
    expect(evaluated(copies(20), { load }).ok).toBe(true);
    expect(failure(copies(80), { load })).toMatchObject({ code: 'TooManySteps' });
  });

  it('end the largest formula over the largest history in an error or a result, quickly', () => {
    const text = `v = $PendingTasks.GetSample(100000);\nx = sum(${Array.from({ length: 4000 }, () => 'v').join(',')});`;
    const load = { $PendingTasks: Array.from({ length: 20_000 }, () => 1) };
    expect(failure(text, { load })).toMatchObject({ code: 'TooManySteps', line: 2 });
  });
});

describe('the targets', () => {
  it('read as the pool has them until they are assigned, then as assigned', () => {
    const pool = { targetDedicatedNodes: 7, targetLowPriorityNodes: 2 };
    expect(targets('$TargetLowPriorityNodes = $TargetDedicatedNodes; $TargetDedicatedNodes = $TargetDedicatedNodes + 1; $TargetLowPriorityNodes = $TargetLowPriorityNodes + $TargetDedicatedNodes;', { pool })).toEqual([8, 15]);
  });

  it('keep the value they have if the formula does not assign them', () => {
    expect(targets('x = 1', { pool: { targetDedicatedNodes: 7, targetLowPriorityNodes: 2 } })).toEqual([7, 2]);
  });

  it('have older names; the full name wins, whichever comes last', () => {
    expect(targets('$TargetDedicated = 3; $TargetLowPriority = 4;')).toEqual([3, 4]);
    expect(targets('$TargetDedicatedNodes = 5; $TargetDedicated = 3;')).toEqual([5, 0]);
    expect(targets('$TargetDedicated = 3; $TargetDedicatedNodes = $TargetDedicatedNodes * 2;')).toEqual([6, 0]);
    expect(targets('x = $TargetDedicated; $TargetLowPriorityNodes = x;', { pool: { targetDedicatedNodes: 4 } })).toEqual([4, 4]);
  });

  it('are cut to whole numbers and are never negative', () => {
    expect(targets('$TargetDedicatedNodes = 3.99; $TargetLowPriorityNodes = 0 - 2.5;')).toEqual([3, 0]);
    expect(targets('$TargetDedicatedNodes = -0.5;')).toEqual([0, 0]);
  });

  it('must be finite numbers that fit', () => {
    for (const value of ['1 / 0', '-1 / 0', '0 / 0', 'log(0)', '3e9']) {
      expect(failure(`x = 1;\n$TargetDedicatedNodes = ${value};`)).toMatchObject({ code: 'OutOfRange', line: 2, column: 25 });
    }
    expect(targets('$TargetDedicatedNodes = 2147483647;')).toEqual([2_147_483_647, 0]);
  });

  it('must have a value: no sample is none', () => {
    expect(failure('$TargetDedicatedNodes = avg($PendingTasks.GetSample(3));')).toMatchObject({ code: 'NoValue', line: 1, column: 25 });
    expect(failure('$TargetDedicatedNodes = $PendingTasks.GetSample(2);', { load: { $PendingTasks: 1 } })).toMatchObject({ code: 'WrongType' });
  });

  it('may be assigned again after a value that would not do', () => {
    expect(targets('$TargetDedicatedNodes = 1 / 0; $TargetDedicatedNodes = 2;')).toEqual([2, 0]);
  });

  it('stand as they are at stop(), also when a branch stops', () => {
    expect(targets('$TargetDedicatedNodes = 4; x = $TargetDedicatedNodes > 3 ? stop() : 1; $TargetDedicatedNodes = 9;')).toEqual([4, 0]);
    expect(targets('$TargetDedicatedNodes = 2; x = $TargetDedicatedNodes > 3 ? stop() : 1; $TargetDedicatedNodes = 9;')).toEqual([9, 0]);
  });

  it('stand as they are at stop(), whatever its statement would still have computed', () => {
    const rest = ['> 3', '+ val($PendingTasks.GetSample(1), 5)', '+ avg($PendingTasks.GetSample(TimeInterval_Minute, 90))', '+ rand()'];
    let drawn = 0;
    for (const more of rest) {
      const text = `$TargetDedicatedNodes = 4; $TargetDedicatedNodes = (time().year > 2000 ? stop() : 1) ${more};`;
      expect(targets(text, { load: { $PendingTasks: [1] }, random: () => ++drawn })).toEqual([4, 0]);
    }
    expect(drawn).toBe(0);
  });
});

describe('$NodeDeallocationOption', () => {
  it.each(DEALLOCATION_OPTIONS)('may be %s', (option) => {
    expect(evaluated(`$NodeDeallocationOption = ${option};`)).toMatchObject({ ok: true, nodeDeallocationOption: option });
    expect(evaluated(`kept = ${option}; $NodeDeallocationOption = time().hour > 6 ? kept : requeue;`)).toMatchObject({ nodeDeallocationOption: option });
  });

  it('is requeue if the formula does not say', () => {
    expect(evaluated('o = $NodeDeallocationOption')).toMatchObject({ ok: true, nodeDeallocationOption: 'requeue', results: expect.stringMatching(/;o=requeue$/) });
  });

  it('is one of the bare words, not another word, a string or a number', () => {
    expect(problemsInShort('$NodeDeallocationOption = TaskCompletion;')).toEqual(['1:27 UndefinedVariable']);
    expect(problemsInShort('$NodeDeallocationOption = "requeue";')).toEqual(['1:27 WrongType']);
    expect(failure('x = 1 > 0 ? 1 : requeue; $NodeDeallocationOption = x;')).toMatchObject({ code: 'WrongType', column: 52 });
  });

  it('leaves its words free as names of variables', () => {
    expect(targets('terminate = 3; $TargetDedicatedNodes = terminate;')).toEqual([3, 0]);
  });
});

describe('the read-only variables of the service', () => {
  it('are what the pool is now', () => {
    const pool = { targetDedicatedNodes: 9, currentDedicatedNodes: 1, currentLowPriorityNodes: 2, preemptedNodes: 3, usableNodes: 4, taskSlotsPerNode: 5 };
    const names = ['$CurrentDedicatedNodes', '$CurrentDedicated', '$CurrentLowPriorityNodes', '$CurrentLowPriority', '$PreemptedNodeCount', '$UsableNodeCount', '$TaskSlotsPerNode'];
    expect(names.map((name) => valueOf(name, { pool }))).toEqual(['1', '1', '2', '2', '3', '4', '5']);
  });

  it.each(SERVICE_VARIABLES.filter((variable) => variable.role === 'metric').map(({ name }) => name))('%s gives samples, and its latest one as a number', (name) => {
    expect(valueOf(`${name}.GetSample(2)`, { load: { [name]: [1, 2, 3] } })).toBe('[2,3]');
    expect(valueOf(`${name} + 1`, { load: { [name]: [1, 2, 3] } })).toBe('4');
    expect(valueOf(name)).toBe('[]');
    expect(targets(`$TargetDedicatedNodes = ${name};`, { load: { [name]: [1, 2, 3] } })).toEqual([3, 0]);
    expect(problemsInShort(`${name} = 1;`)).toEqual(['1:1 ReadOnlyVariable']);
  });

  it('cannot be copied whole: a variable holds the number', () => {
    expect(problemsInShort('m = $PendingTasks; x = m.GetSample(1);')).toEqual(['1:24 WrongType']);
    expect(problemsInShort('x = $TargetDedicatedNodes.GetSample(1);')).toEqual(['1:5 WrongType']);
  });
});

describe('a program', () => {
  it('is compiled once and evaluated as often as one likes, with nothing kept from one time to the next', () => {
    const program = compiled('x = $TargetDedicatedNodes; $TargetDedicatedNodes = x + 1;');
    expect(compile(program.text)).toMatchObject({ ok: true });
    for (const targetDedicatedNodes of [1, 5, 1]) expect(targets(program.text, { pool: { targetDedicatedNodes } })).toEqual([targetDedicatedNodes + 1, 0]);
  });
});
