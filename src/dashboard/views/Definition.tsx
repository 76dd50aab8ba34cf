import { Card } from '../parts/Card.tsx';
import { Copy } from '../parts/Copy.tsx';
import { shown } from '../text/clean.ts';

/** An object as the service has it. */
export function Definition({ value }: { readonly value: object }) {
  const text = JSON.stringify(value, undefined, 2);
  return (
    <Card title="Definition" aside={<Copy text={text} what="the definition" />}>
      <pre class="code">{shown(text)}</pre>
    </Card>
  );
}
