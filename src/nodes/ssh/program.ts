import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** The program of agents, as it is brought along to hosts. */
export interface BroughtProgram {
  /** Of its files: another build is another program. */
  readonly build: string;
  /** A gzipped tar file. */
  readonly archive: Buffer;
  /** In it: what Node.js runs. */
  readonly main: string;
}

/** Where a clone and an installed package have them alike. */
const PACKAGE_ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MAIN = 'dist/nodes/ssh/host/main.js';
const FILES = [MAIN, 'dist/package.json', 'dist/bundles/agent.cjs', 'dist/nodes/local/sweeper.js', 'package.json'];

/** Throws an Error where nothing is built: sources alone run on no other machine. */
export function broughtProgram(root: string = PACKAGE_ROOT): BroughtProgram {
  if (!existsSync(join(root, MAIN))) throw new Error(`${join(root, MAIN)} is not there: agents are brought to hosts from a build (npm run build)`);
  const files = FILES.map((name) => ({ name, content: readFileSync(join(root, name)) }));
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name} ${content.length}\n`).update(content);
  return { build: hash.digest('hex').slice(0, 16), archive: gzipSync(tarOf(files)), main: MAIN };
}

const BLOCK = 512;

/** POSIX.1-1988 (ustar): a header of 512 bytes a file, its content in whole blocks, two empty blocks at the end. */
export function tarOf(files: readonly { readonly name: string; readonly content: Buffer }[]): Buffer {
  const blocks = files.flatMap(({ name, content }) => [headerOf(name, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long for a tar file`);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
