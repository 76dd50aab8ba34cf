import { connectionOf } from '../ownOperations.ts';
import { pageLink } from '../pageLink.ts';

/** `linarite open`: prints a link to the page. @throws CommandError */
export async function open({ dataDir, reader }: { readonly dataDir?: string; readonly reader?: boolean }): Promise<void> {
  console.log(await pageLink(connectionOf(dataDir), reader === true ? 'reader' : 'contributor'));
}
