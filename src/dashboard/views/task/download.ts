import { send } from '../../client/request.ts';
import { sayError } from '../../parts/toasts.tsx';

/** Saves a file of a task or node: by a blob, since the request has to carry the session. Never opened as a page. */
export function download(path: string, name: string): void {
  send(path, { headers: { accept: '*/*' } }).then(async (response) => {
    const url = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: 'application/octet-stream' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name.split('/').at(-1) ?? 'file';
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }).catch(sayError);
}
