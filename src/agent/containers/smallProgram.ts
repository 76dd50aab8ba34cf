import { arch } from 'node:os';

/** What the program that exits ends with: no failure of an engine looks like it. */
export const EXIT_CODE = 42;

/**
 * `exit` ends at once with `EXIT_CODE`; `hold` never ends by itself, and reaps what others leave behind. With words
 * `hold` becomes the program that the first of them is the path of: what it was given as descriptors 3 and 4 is the
 * output of that and its standard error.
 */
export type SmallProgram = 'exit' | 'hold';

interface Processor {
  /** Its number in an ELF header (elf(5)). */
  readonly machine: number;
  readonly code: Readonly<Record<SmallProgram, string>>;
}

/** A struct sigaction that says SIG_IGN and nothing else: what ignores SIGCHLD has no zombies (sigaction(2)). */
const IGNORED = `01${'00'.repeat(31)}`;

/** Machine code by Node's name of the processor. */
const PROCESSORS: Readonly<Record<string, Processor>> = {
  x64: {
    machine: 62,
    code: {
      // mov edi, 42; mov eax, 60; syscall
      exit: 'bf2a000000b83c0000000f05',
      hold: [
        // cmp qword [rsp], 1; jg become
        '48833c24017f48',
        // mov eax, 13; mov edi, 17; lea rsi, [rip+23]; xor edx, edx; mov r10d, 8; syscall
        'b80d000000bf11000000488d351700000031d241ba080000000f05',
        // again: mov eax, 34; syscall; jmp again
        'b8220000000f05ebf700000000',
        IGNORED,
        // become: dup2(3, 1); dup2(4, 2); close(3); close(4)
        'b821000000bf03000000be010000000f05b821000000bf04000000be020000000f05b803000000bf030000000f05b803000000bf040000000f05',
        // mov rax, [rsp]; lea rdx, [rsp+rax*8+16]; mov rdi, [rsp+16]; lea rsi, [rsp+16]; mov eax, 59; syscall
        '488b0424488d54c410488b7c2410488d742410b83b0000000f05',
        // mov edi, 126; mov eax, 60; syscall
        'bf7e000000b83c0000000f05',
      ].join(''),
    },
  },
  arm64: {
    machine: 183,
    code: {
      // mov x0, #42; mov x8, #93; svc #0
      exit: '400580d2a80b80d2010000d4',
      hold: [
        // ldr x3, [sp]; cmp x3, #1; b.gt become
        'e30340f97f0400f1ec020054',
        // mov x0, #17; adr x1, .+52; mov x2, #0; mov x3, #8; mov x8, #134; svc #0
        '200280d2a1010010020080d2030180d2c81080d2010000d4',
        // again: mov x0, #0; mov x1, #0; mov x2, #0; mov x3, #0; mov x8, #73; svc #0; b again
        '000080d2010080d2020080d2030080d2280980d2010000d4faffff1700000000',
        IGNORED,
        // become: dup3(3, 1, 0); dup3(4, 2, 0); close(3); close(4)
        '600080d2210080d2020080d2080380d2010000d4800080d2410080d2020080d2080380d2010000d4600080d2280780d2010000d4800080d2280780d2010000d4',
        // ldr x3, [sp]; add x1, sp, #16; add x2, x1, x3, lsl #3; ldr x0, [sp, #16]; mov x8, #221; svc #0
        'e30340f9e1430091220c038be00b40f9a81b80d2010000d4',
        // mov x0, #126; mov x8, #93; svc #0
        'c00f80d2a80b80d2010000d4',
      ].join(''),
    },
  },
};

const HEADER_BYTES = 0x78;

/** A whole program of some hundred bytes, which needs nothing of an image. null: none for this kind of processor. */
export function smallProgram(which: SmallProgram, processor: string = arch()): Buffer | null {
  const known = PROCESSORS[processor];
  if (known === undefined) return null;
  const code = Buffer.from(known.code[which], 'hex');
  const base = 0x400000n;
  const size = BigInt(HEADER_BYTES + code.length);
  const header = Buffer.alloc(HEADER_BYTES);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16); // An executable.
  header.writeUInt16LE(known.machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(base + BigInt(HEADER_BYTES), 24); // Where it begins.
  header.writeBigUInt64LE(64n, 32); // Its one segment is described behind this header.
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // To be loaded,
  header.writeUInt32LE(5, 68); // readable and executable.
  header.writeBigUInt64LE(base, 80);
  header.writeBigUInt64LE(base, 88);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([header, code]);
}
