import { createHash } from 'node:crypto';
import { read } from 'node:fs';
import { promisify } from 'node:util';

const READ_BYTES = 1 << 20;

const readFromFile = promisify(read);

/** In base64, of what there is of those bytes of an open file. */
export async function md5OfPart(file: number, start: number, sizeBytes: number): Promise<string> {
  const md5 = createHash('md5');
  const buffer = Buffer.alloc(Math.min(READ_BYTES, sizeBytes));
  for (let done = 0; done < sizeBytes; ) {
    const { bytesRead } = await readFromFile(file, buffer, 0, Math.min(buffer.length, sizeBytes - done), start + done);
    if (bytesRead === 0) break;
    md5.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return md5.digest('base64');
}
