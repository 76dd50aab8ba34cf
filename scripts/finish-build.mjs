// What tsc leaves to do in dist/: it takes along no SQL, pages or plain scripts, and leaves behind what was built from sources that are gone.
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ASSETS = /\.(sql|html|css|svg|mjs|sh)$/;
/** Made by others: when `./linarite` built it, and the bundle of `bundle-blob-server.ts`. */
const OF_OTHERS = [join('dist', '.built'), join('dist', 'blobs', 'embedded', 'azurite')];

copyAssets('src', 'dist');
removeOrphans('dist', 'src');

function copyAssets(from, to) {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copyAssets(source, target);
    else if (ASSETS.test(entry.name)) cpSync(source, target);
  }
}

function removeOrphans(built, sources) {
  for (const entry of readdirSync(built, { withFileTypes: true })) {
    const path = join(built, entry.name);
    const source = join(sources, entry.name.replace(/\.js(\.map)?$/, '.ts'));
    if (OF_OTHERS.includes(path)) continue;
    if (!existsSync(source)) rmSync(path, { recursive: true });
    else if (entry.isDirectory()) removeOrphans(path, source);
  }
}
