/** The variables of an evaluation, as the service writes them: `$TargetDedicatedNodes=4;x=2`. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

export function variablesOf(results: string): readonly Variable[] {
  return results.split(';').flatMap((part) => {
    const at = part.indexOf('=');
    return at <= 0 ? [] : [{ name: part.slice(0, at).trim(), value: part.slice(at + 1).trim() }];
  });
}
