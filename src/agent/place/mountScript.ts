import { existsSync } from 'node:fs';
import { PERL } from '../script.ts';

/**
 * - `enter`: names that follow are relative to this directory.
 * - `mount`: mount(2) with these arguments; `isNeeded` false: its failure is none.
 * - `said`: writes an empty line, by which whoever started the script knows how far it came.
 * - `shell`: what is no mount.
 */
export type Step =
  | { readonly kind: 'enter'; readonly directory: string }
  | MountStep
  | { readonly kind: 'said' }
  | { readonly kind: 'shell'; readonly words: string };

export interface MountStep {
  readonly kind: 'mount';
  readonly source: string;
  readonly point: string;
  readonly type: 'none' | 'tmpfs' | 'overlay';
  readonly flags: readonly MountFlag[];
  readonly data: string;
  readonly isNeeded: boolean;
}

/** include/uapi/linux/mount.h */
const FLAGS = { ro: 0x1, nosuid: 0x2, nodev: 0x4, remount: 0x20, bind: 0x1000, move: 0x2000, recursive: 0x4000, unbindable: 0x2_0000, private: 0x4_0000, shared: 0x10_0000 } as const;
export type MountFlag = keyof typeof FLAGS;

/**
 * The number of mount(2) where perl can be told of it (include/uapi/asm-generic/unistd.h;
 * arch/x86/entry/syscalls/syscall_64.tbl).
 */
const MOUNT_CALLS: Partial<Record<NodeJS.Architecture, number>> = { x64: 165, arm64: 40 };

/** `perl`: one process makes all mounts of a row, 0.2 ms each; `mount`: each is a process of mount(8), of 2.3 ms. */
export type Mounter = 'perl' | 'mount';

export function machineMounter(): Mounter {
  return (MOUNT_CALLS[process.arch] !== undefined && existsSync(PERL) ? 'perl' : 'mount');
}

/**
 * The words for /bin/sh that do the steps in this order and end at the first that fails, with what failed and the
 * system's reason on stderr.
 */
export function scriptOf(steps: readonly Step[], mounter: Mounter = machineMounter()): string {
  const lines = ['set -e'];
  let row: RowStep[] = [];
  const endRow = (): void => {
    if (row.length > 0) lines.push(mounter === 'perl' ? byPerl(row) : row.map(byShell).join('\n'));
    row = [];
  };
  for (const step of steps) {
    if (step.kind !== 'shell') row.push(step);
    else {
      endRow();
      lines.push(step.words);
    }
  }
  endRow();
  return lines.join('\n');
}

/** What needs no shell. */
type RowStep = Exclude<Step, { readonly kind: 'shell' }>;

function byShell(step: RowStep): string {
  switch (step.kind) {
    case 'enter':
      return `cd ${quoted(step.directory)}`;
    case 'said':
      return 'echo';
    case 'mount':
      return `mount ${wordsOf(step)}${step.isNeeded ? '' : ' 2>/dev/null || :'}`;
  }
}

/** The words of mount(8). */
function wordsOf({ source, point, type, flags, data }: MountStep): string {
  const has = (flag: MountFlag): boolean => flags.includes(flag);
  const propagation = (['unbindable', 'private', 'shared'] as const).find(has);
  if (propagation !== undefined) return `--make-${propagation} ${quoted(point)}`;
  if (has('remount')) return `-o ${flags.join(',')} ${quoted(point)}`;
  if (has('move')) return `--move ${quoted(source)} ${quoted(point)}`;
  if (has('bind')) return `${has('recursive') ? '--rbind' : '--bind'} ${quoted(source)} ${quoted(point)}`;
  return `-t ${type} -o ${quoted([...flags, data].join(','))} ${quoted(source)} ${quoted(point)}`;
}

/** Reads a step a line, its words as `encodeURI` writes them. */
const MOUNT_ALL =
  `$| = 1; sub failed { print STDERR "mount: $_[0]: $!\\n"; exit 32 } ` +
  `while (<STDIN>) { chomp; my ($kind, @w) = split / /, $_, -1; s/%(..)/chr hex $1/ge for @w; ` +
  `if ($kind eq "said") { print "\\n" } ` +
  `elsif ($kind eq "enter") { chdir $w[0] or failed($w[0]) } ` +
  `else { my ($needed, $source, $point, $type, $flags, $data) = @w; ` +
  `syscall(CALL, $source, $point, $type, $flags + 0, $data) == 0 or $needed eq "" or failed($point) } }`;

function byPerl(row: readonly RowStep[]): string {
  const call = MOUNT_CALLS[process.arch];
  if (call === undefined) throw new Error(`no number of mount(2) is known for ${process.arch}`);
  const lines = row.map((step) => callOf(step).map(encodeURI).join(' '));
  return `${PERL} -e ${quoted(MOUNT_ALL.replace('CALL', String(call)))} <<'END'\n${lines.join('\n')}\nEND`;
}

function callOf(step: RowStep): readonly string[] {
  switch (step.kind) {
    case 'enter':
      return ['enter', step.directory];
    case 'said':
      return ['said'];
    case 'mount':
      return ['mount', step.isNeeded ? 'needed' : '', step.source, step.point, step.type, String(flagsOf(step)), step.data];
  }
}

function flagsOf({ flags }: MountStep): number {
  return flags.reduce((sum, flag) => sum | FLAGS[flag], 0);
}

export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
