import { send } from '../../client/request.ts';
import { sayError } from '../../parts/toasts.tsx';

/** Saves what an operation answers: by a blob, since the request has to carry the session. Never opened as a page. */
export function download(path: string, name: string): void {
  send(path, { headers: { accept: '*/*' } }).then(async (response) => save(new Blob([await response.arrayBuffer()]), name)).catch(sayError);
}

/** Has the browser keep a file. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name.split('/').at(-1) ?? 'file';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
