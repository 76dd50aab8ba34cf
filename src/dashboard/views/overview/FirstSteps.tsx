import { who } from '../../client/session.ts';
import { Card } from '../../parts/Card.tsx';

/** For an account in which nothing is: how the first job comes about, by three clients. */
export function FirstSteps() {
  const account = who.value?.account ?? '';
  const endpoint = location.origin;
  const snippets = [
    { title: 'linarite', text: `linarite run --items 1,2,3 --shell -- 'echo {item} on $AZ_BATCH_NODE_ID'` },
    { title: 'Azure CLI', text: `eval "$(linarite env)"\naz batch pool create --id p --vm-size standard_d2s_v3 --target-dedicated-nodes 2 \\\n  --image canonical:ubuntu-24_04-lts:server --node-agent-sku-id 'batch.node.ubuntu 24.04'\naz batch job create --id j --pool-id p\naz batch task create --job-id j --task-id t --command-line 'echo hello'` },
    { title: 'Python', text: `from azure.batch import BatchClient\nfrom azure.core.credentials import AzureNamedKeyCredential\nclient = BatchClient("${endpoint}", AzureNamedKeyCredential("${account}", key))` },
  ];
  return (
    <Card title="Nothing runs here yet">
      <div class="stack">
        {snippets.map(({ title, text }) => (
          <div key={title}>
            <h3>{title}</h3>
            <pre class="code">{text}</pre>
          </div>
        ))}
        <p class="soft">
          <code>linarite env</code> prints the key and all settings that clients take.
        </p>
      </div>
    </Card>
  );
}
