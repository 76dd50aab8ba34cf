import { send } from '../../client/request.ts';
import { say, sayError } from '../../parts/toasts.tsx';
import { bytes } from '../../text/format.ts';

/** A request of a file of a task asks for no more, so that none takes long. */
const PIECE_BYTES = 64 * 1024 * 1024;
/** From here on the browser is asked where to write, if it lets a page write: it would hold less than all of it. */
const LARGE_BYTES = 256 * 1024 * 1024;

/** Saves what an operation answers: by a blob, since the request has to carry the session. Never opened as a page. */
export function download(path: string, name: string): void {
  send(path, { headers: { accept: '*/*' } }).then(async (response) => save(await response.blob(), name)).catch(sayError);
}

/** Saves a file of a task or node of any size, piece by piece; one that does not come whole is not saved. */
export function downloadFile(path: string, name: string, sizeBytes: number): void {
  saveFile(path, name, sizeBytes).catch((error: unknown) => {
    // Somebody has thought better of it.
    if (!(error instanceof DOMException && error.name === 'AbortError')) sayError(error);
  });
}

async function saveFile(path: string, name: string, sizeBytes: number): Promise<void> {
  if (sizeBytes <= PIECE_BYTES) return download(path, name);
  const picker = sizeBytes > LARGE_BYTES ? (window as { readonly showSaveFilePicker?: SavePicker }).showSaveFilePicker : undefined;
  if (picker === undefined) {
    const pieces: Blob[] = [];
    // Browsers keep large blobs on a disk.
    for (let from = 0; from < sizeBytes; from += PIECE_BYTES) pieces.push(await piece(path, from, sizeBytes));
    return save(new Blob(pieces), name);
  }
  const file = await (await picker({ suggestedName: lastOf(name) })).createWritable();
  try {
    for (let from = 0; from < sizeBytes; from += PIECE_BYTES) await file.write(await piece(path, from, sizeBytes));
  } catch (error) {
    await file.abort();
    throw error;
  }
  await file.close();
  say('ok', `${lastOf(name)} is saved, ${bytes(sizeBytes)}`);
}

/** Of browsers that let a page write (File System Access, WICG); it is in no version of the types of the DOM. */
type SavePicker = (options: { readonly suggestedName: string }) => Promise<{ createWritable(): Promise<{ write(content: Blob): Promise<void>; close(): Promise<void>; abort(): Promise<void> }> }>;

async function piece(path: string, from: number, sizeBytes: number): Promise<Blob> {
  const until = Math.min(sizeBytes, from + PIECE_BYTES);
  const content = await (await send(path, { headers: { 'ocp-range': `bytes=${from}-${until - 1}`, accept: '*/*' } })).blob();
  if (content.size !== until - from) throw new Error(`The file became shorter while it was read: ${bytes(from + content.size)} of ${bytes(sizeBytes)}.`);
  return content;
}

/** Has the browser keep a file. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = lastOf(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function lastOf(name: string): string {
  return name.split('/').at(-1) ?? 'file';
}
