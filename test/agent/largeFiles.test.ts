import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { startNode, type TestNode } from './testNode.ts';

const MIB = 2 ** 20;
const LONGEST_MS = 240_000;
/** Beyond what an agent has when it has just started. */
const MOST_GROWTH_BYTES = 160 * MIB;

let server: Server | undefined;
let node: TestNode | undefined;
afterEach(async () => {
  await node?.close();
  server?.closeAllConnections();
  server?.close();
});

/** The content of each MiB of a file that exists nowhere: its number, over and over. */
function mib(index: number): Buffer {
  return Buffer.alloc(MIB, `${index} `);
}

function* bytes(start: number, end: number): Generator<Buffer> {
  for (let at = start; at <= end; ) {
    const from = at % MIB;
    const chunk = mib(Math.floor(at / MIB)).subarray(from, Math.min(MIB, from + end + 1 - at));
    at += chunk.length;
    yield chunk;
  }
}

/** Serves such a file in ranges, and takes blocks of one, of which only checksums are kept. */
function storage(sizeBytes: number, blocks: Map<string, string>, committed: (ids: readonly string[]) => void): RequestListener {
  return (request, response) => {
    if (request.method === 'GET') {
      const [, first = '0', last = String(sizeBytes - 1)] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      const [start, end] = [Number(first), Number(last)];
      const range = request.headers.range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${sizeBytes}` };
      response.writeHead(request.headers.range === undefined ? 200 : 206, { etag: '"1"', 'accept-ranges': 'bytes', 'content-length': end + 1 - start, ...range });
      Readable.from(bytes(start, end)).on('error', () => {}).pipe(response);
      return;
    }
    const { searchParams } = new URL(request.url ?? '', 'http://x');
    const md5 = createHash('md5');
    let list = '';
    request.on('data', (chunk: Buffer) => {
      md5.update(chunk);
      if (searchParams.get('comp') === 'blocklist') list += chunk.toString();
    });
    request.on('end', () => {
      const digest = md5.digest('base64');
      const id = searchParams.get('blockid');
      if (id === null) committed([...list.matchAll(/<Latest>(.*?)<\/Latest>/g)].map(([, block = '']) => block));
      else blocks.set(id, digest);
      response.writeHead(201, id === null ? {} : { 'content-md5': digest }).end();
    });
  };
}

/** What a process has had in memory at most. */
function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

const sizes = [
  ['192 MiB', 192 * MIB, true],
  ['2 GiB (needs --all)', 2_048 * MIB, process.env['LINARITE_CHECK_ALL'] !== undefined],
] as const;

for (const [size, sizeBytes, runs] of sizes) {
  test.runIf(runs && process.platform === 'linux')(`${size} as a resource file and as an output file are whole, and the agent does not hold them`, { timeout: 2 * LONGEST_MS }, async () => {
    const blocks = new Map<string, string>();
    let order: readonly string[] = [];
    server = createServer(storage(sizeBytes, blocks, (ids) => (order = ids)));
    await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/container`;
    node = await startNode();
    expect((await node.owner.run({ task: 'warm', commandLine: '/bin/true' })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    const before = peakBytes(node.agent.pid ?? 0);
    const end = await node.owner.run(
      {
        task: 'large',
        resourceFiles: [{ kind: 'url', url, filePath: 'large', fileMode: null }],
        commandLine: '/bin/sh -c "stat -c %s large; md5sum < large"',
        outputFiles: [{ filePattern: 'large', containerUrl: url, path: null, headers: [], condition: 'tasksuccess' }],
      },
      LONGEST_MS,
    );
    expect(end.outcome).toEqual({ kind: 'exited', exitCode: 0 });
    const whole = createHash('md5');
    for (const chunk of bytes(0, sizeBytes - 1)) whole.update(chunk);
    expect(readFileSync(join(node.root, 'workitems/job1/job-1/large/stdout.txt'), 'utf8')).toBe(`${sizeBytes}\n${whole.digest('hex')}  -\n`);
    const blockBytes = 32 * MIB;
    const expected = Array.from({ length: sizeBytes / blockBytes }, (_, index) => {
      const md5 = createHash('md5');
      for (const chunk of bytes(index * blockBytes, (index + 1) * blockBytes - 1)) md5.update(chunk);
      return md5.digest('base64');
    });
    expect(order.map((id) => blocks.get(id))).toEqual(expected);
    expect(peakBytes(node.agent.pid ?? 0) - before).toBeLessThan(MOST_GROWTH_BYTES);
  });
}
