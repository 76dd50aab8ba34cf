import { pageLink } from '../pageLink.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

/** `linarite open`: prints a link to the page. @throws CommandError */
export async function open({ reader, ...target }: TargetFlags & { readonly reader?: boolean }): Promise<void> {
  console.log(await pageLink(targetOf(target), reader === true ? 'reader' : 'contributor'));
}
