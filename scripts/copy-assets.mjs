// What tsc does not carry from src/ to dist/: SQL, JSON tables read at run time, pages.
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ASSETS = /\.(sql|html|css|svg|mjs)$/;
const copy = (from, to) => {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copy(source, target);
    else if (ASSETS.test(entry.name) && (!existsSync(target) || entry.name)) cpSync(source, target);
  }
};
copy('src', 'dist');
