// Runs everything that must hold and sums it up in one last line. Called by ./check.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { memoryPlace } from './memory-place.mjs';
import { OTHER_MAJORS, nodeDirectory } from './node-versions.mjs';

/** One check: either a program that passes or fails as a whole, or projects of tests that are counted one by one. */
const STEPS = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json', '--noEmit'] },
  { name: 'types of the page', command: ['tsc', '-p', join('src', 'dashboard'), '--noEmit'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'unused code', command: ['knip'] },
  { name: 'unit tests and simulation', projects: ['unit', 'simulation'] },
  { name: 'tests on real parts', projects: ['real'], isTriedAgain: true },
];

/**
 * Tests on real parts share two cores with databases, browsers and clusters. Where so few files of them failed, these
 * run once more, alone: a test that passes then is named as unsteady, with what it failed of above, and is a fault to
 * be mended. With `--all`, which a release has to pass, there is no second try.
 */
const FILES_TRIED_AGAIN = 3;

/**
 * What a skipped test would have needed, by its file; a test may say it itself by `(needs …)` in its name. The first
 * that fits.
 */
const NEEDS = [
  [/test\/clients\/python\.test/, "Debian's python3-azure"],
  [/test\/clients\/azureCli\.test/, "Debian's azure-cli"],
  [/test\/api\/certificates\.test/, 'openssl'],
  [/test\/cli\/run\/run\.test/, 'ffmpeg, or script of bsdutils'],
  [/test\/agent\/container(s|Room)\.test/, 'that engine: podman, docker with its daemon, or runc or crun as root; with these alone no other store of images is there, and with crun what concerns images needs --all'],
  [/test\/agent\/gpus\.test/, 'a GPU of NVIDIA'],
  [/test\/(agent\/(users|transfers)|store\/embeddedBinaries|cli\/life\/users)\.test/, 'root'],
  [/test\/(agent\/(fileSystems|imageRoot)|cli\/mountsAndImages)\.test/, 'root on Linux, overlays, FUSE and busybox-static'],
  [/test\/agent\/killing\.test/, 'Linux, for some tests with root'],
  [/test\/(nodes\/slurm|clients\/slurm)/, "root and Debian's slurm-wlm"],
  [/test\/deploy\/container\.test/, '--all, and podman with busybox-static'],
  [/test\/(clients|cli|blobs)\//, 'Linux'],
];

/** Of the examples two are tried each time, those that need the least. */
const EXAMPLES_LEFT = ['preemption', 'shardedTests', 'etl', 'media', 'mpiHeat', 'kmers', 'rendering', 'training'];

/**
 * Files that take a minute or more and try at full length, through real clients, what others try in seconds: without
 * `--all` they are left out.
 */
const LEFT_TO_ALL = [
  'test/clients/identity.test.ts',
  'test/cli/run/growth.test.ts',
  'test/cli/clock.test.ts',
  'test/cli/pages.test.ts',
  'test/cli/sshPool.test.ts',
  'test/nodes/slurm/wholeProduct.test.ts',
  'test/nodes/kubernetes/wholeProduct.test.ts',
  ...EXAMPLES_LEFT.map((name) => `test/examples/${name}.test.ts`),
];

/** So many files of a step are named with the time that they took. */
const LONGEST_NAMED = 12;

const all = process.argv.includes('--all');
const directory = mkdtempSync(join(tmpdir(), 'linarite-check-'));
const sum = { passed: 0, failed: 0, skipped: 0 };
const unsteadyTests = [];
// With --all on the disk: what is slow there shows, and what goes wrong.
const memory = all ? undefined : memoryPlace();
if (memory !== undefined) {
  process.env.TMPDIR = memory.path;
  process.once('exit', memory.remove);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
}

for (const step of STEPS) {
  console.log(`\n== ${step.name}`);
  const started = performance.now();
  const result = step.projects === undefined ? runProgram(step) : runTests(step);
  for (const key of Object.keys(sum)) sum[key] += result[key];
  console.log(`== ${step.name}: ${describe(result)} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}
if (all) for (const major of OTHER_MAJORS) await checkOn(major);
else {
  for (const file of LEFT_TO_ALL) console.log(`skipped: ${file}: needs --all`);
  sum.skipped += LEFT_TO_ALL.length;
}
rmSync(directory, { recursive: true });
for (const { fullName, file } of unsteadyTests) console.log(`unsteady: failed, and passed when it ran once more, alone: ${file}: ${fullName}`);
console.log(`\n${describe(sum)}`);
process.exitCode = sum.failed > 0 ? 1 : 0;

/** The tests again, under another line of Node.js; skipped as a whole, with the reason, where it cannot be had. */
async function checkOn(major) {
  console.log(`\n== Node.js ${major}`);
  let nodes;
  try {
    nodes = await nodeDirectory(major);
  } catch (error) {
    console.log(`skipped: all tests on Node.js ${major}: needs ${error.message}`);
    sum.skipped += 1;
    return;
  }
  const former = process.env.PATH;
  process.env.PATH = `${nodes}${delimiter}${former}`;
  for (const step of STEPS.filter(({ projects }) => projects !== undefined)) {
    const result = runTests(step);
    for (const key of Object.keys(sum)) sum[key] += result[key];
    console.log(`== ${step.name} on Node.js ${major}: ${describe(result)}`);
  }
  process.env.PATH = former;
}

function runProgram({ command: [program, ...args] }) {
  const { status } = run(program, args);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

/**
 * Counts single tests, and names what was skipped. A run that ends badly without a failed test (it crashed, it hung) is
 * a failure too.
 */
function runTests({ name, projects, isTriedAgain = false }) {
  if (memory !== undefined) console.log(`what tests make lies in memory: ${memory.path}`);
  const { status, files } = reportOf(projects);
  if (files === null) {
    console.log(`${name}: no report`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const tests = files.flatMap((file) => file.tests);
  for (const { fullName, file } of tests.filter(({ outcome }) => outcome === 'skipped')) console.log(`skipped: ${fullName}: ${reasonToSkip(file, fullName)}`);
  const slowest = files.toSorted((one, other) => other.seconds - one.seconds);
  console.log(`the longest: ${slowest.slice(0, LONGEST_NAMED).map(({ file, seconds }) => `${file} ${seconds.toFixed(0)} s`).join(', ')}`);
  const count = (outcome) => tests.filter((test) => test.outcome === outcome).length;
  // A file that failed as a whole has one failure.
  const failed = count('failed') + files.filter(failedAsAWhole).length;
  const sums = { passed: count('passed'), failed: status !== 0 && failed === 0 ? 1 : failed, skipped: count('skipped') };
  const again = files.filter((file) => file.failed);
  if (!isTriedAgain || all || again.length === 0 || again.length > FILES_TRIED_AGAIN) return sums;
  const unsteady = unsteadyOf(again, projects);
  unsteadyTests.push(...unsteady);
  return { ...sums, passed: sums.passed + unsteady.length, failed: sums.failed - unsteady.length };
}

/** Which tests of these files, that failed, pass now. A file that failed as a whole stays failed. */
function unsteadyOf(failedFiles, projects) {
  console.log(`\n== once more, alone: ${failedFiles.map(({ file }) => file).join(', ')}`);
  const { files } = reportOf(projects, failedFiles.map(({ file }) => file));
  const passed = new Set((files ?? []).flatMap((file) => file.tests).filter(({ outcome }) => outcome === 'passed').map(keyOf));
  return failedFiles.flatMap((file) => file.tests).filter((test) => test.outcome === 'failed' && passed.has(keyOf(test)));
}

function keyOf({ file, fullName }) {
  return `${file}\n${fullName}`;
}

function failedAsAWhole({ failed, tests }) {
  return failed && tests.every(({ outcome }) => outcome !== 'failed');
}

/** Runs these projects' tests, or those of `only` these files; `files` is null when the run left no report. */
function reportOf(projects, only = []) {
  const report = join(directory, `${projects.join('-')}.json`);
  rmSync(report, { force: true });
  const { status } = run('vitest', ['run', ...only, ...projects.flatMap((project) => ['--project', project]), '--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return { status, files: null };
  }
  return { status, files: results.map(fileOf) };
}

function fileOf({ name, status, startTime, endTime, assertionResults }) {
  const file = relative('', name);
  return {
    file,
    failed: status === 'failed',
    seconds: (endTime - startTime) / 1000,
    tests: assertionResults.map((test) => ({ file, fullName: test.fullName, outcome: ['passed', 'failed'].includes(test.status) ? test.status : 'skipped' })),
  };
}

function reasonToSkip(file, name) {
  const need = /\(needs ([^)]+)\)/.exec(name)?.[1] ?? NEEDS.find(([pattern]) => pattern.test(file))?.[1];
  return need === undefined ? 'it does not say why' : `needs ${need}`;
}

function run(program, args) {
  const env = { ...process.env, ...(all ? { LINARITE_CHECK_ALL: '1' } : { LINARITE_LEFT_OUT: LEFT_TO_ALL.join(' ') }) };
  return spawnSync(join('node_modules', '.bin', program), args, { stdio: 'inherit', env });
}

function describe({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
