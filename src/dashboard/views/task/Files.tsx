import type { FileRow, Page } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { More, useMore } from '../../parts/More.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { shownInLine } from '../../text/clean.ts';
import { bytes, NONE } from '../../text/format.ts';
import { downloadFile } from './download.ts';
import { LogView } from './LogView.tsx';

/** Files below a task or a node: a list, and the one that is looked at. `base`: segments before `files`. */
export function Files({ base, live }: { readonly base: readonly string[]; readonly live: boolean }) {
  const folder = pathOf(...base, 'files');
  const files = useResource(`${folder} list`, (signal) => ask<Page<FileRow>>(folder, { query: { recursive: 'true', maxresults: 1000 }, signal }), { beats: live ? 2 : 0 });
  const open = route.value.query['file'];
  return (
    <div class="stack">
      <Card title="Files" flush>
        <Loaded of={files}>
          {(page) => <Rows page={page} base={base} />}
        </Loaded>
      </Card>
      {open === undefined ? null : <Card title={shownInLine(open)}><LogView key={open} path={fileAt(base, open)} name={open} live={live} /></Card>}
    </div>
  );
}

function Rows({ page, base }: { readonly page: Page<FileRow>; readonly base: readonly string[] }) {
  const all = useMore(page, ({ name }) => name);
  const open = route.value.query['file'];
  const rows = all.rows.filter(({ isDirectory }) => !isDirectory);
  if (rows.length === 0 && all.more === undefined) return <div class="card-pad"><Empty>There are no files.</Empty></div>;
  return (
    <>
      <div class="scroll-x">
        <table class="rows">
          <thead><tr><th scope="col">Name</th><th scope="col" class="n">Size</th><th scope="col" class="n narrow-hide">Changed</th><th scope="col"><span class="unseen">Actions</span></th></tr></thead>
          <tbody>
            {rows.map(({ name, properties }) => (
              <tr key={name} data-row tabIndex={-1} aria-selected={open === name}>
                <td><button type="button" class="link" data-open onClick={() => change({ file: name, from: '' })}><Icon name="file" /> <Name mono>{name}</Name></button></td>
                <td class="n">{properties === undefined ? NONE : bytes(Number(properties.contentLength))}</td>
                <td class="n narrow-hide"><Time at={properties?.lastModified} /></td>
                <td class="n"><button type="button" class="link" aria-label={`Download ${shownInLine(name)}`} onClick={() => downloadFile(fileAt(base, name), name, Number(properties?.contentLength ?? 0))}>Download</button></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More of={all} />
    </>
  );
}

/** A file in the API: its name is a part of the path, slashes and all. */
export function fileAt(base: readonly string[], name: string): string {
  return `${pathOf(...base, 'files')}/${name.split('/').map(encodeURIComponent).join('/')}`;
}
