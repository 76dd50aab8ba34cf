import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linarite, mustRun, run, startLinarite, type Instance } from '../support/linarite.ts';

const AZ = '/usr/bin/az';
const present = (await run(AZ, ['version']).catch(() => ({ code: 1 }))).code === 0;
if (!present) console.warn('skipped: azure-cli is not installed');

const TEMPLATE = `{
  // as the file has it
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "sku": { "type": "string", "defaultValue": "Standard_LRS", "allowedValues": ["Standard_LRS", "Standard_GRS"] },
    "secret": { "type": "securestring" }
  },
  "variables": { "storage": "[concat(uniqueString(resourceGroup().id), 'storage')]" },
  "resources": [
    { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2021-01-01", "name": "[variables('storage')]", "location": "[resourceGroup().location]", "sku": { "name": "[parameters('sku')]" }, "kind": "StorageV2" },
    { "type": "Microsoft.Batch/batchAccounts", "apiVersion": "2021-01-01", "name": "templated", "location": "[resourceGroup().location]", "dependsOn": ["[variables('storage')]"],
      "properties": { "autoStorage": { "storageAccountId": "[resourceId('Microsoft.Storage/storageAccounts', variables('storage'))]" } } }
  ],
  "outputs": { "endpoint": { "type": "string", "value": "[reference('templated').accountEndpoint]" } }
}`;

describe.skipIf(!present)("Debian's azure-cli, unmodified, with a template", () => {
  let instance: Instance;
  let home: string;
  let file: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    instance = await startLinarite();
    home = await mkdtemp(join(tmpdir(), 'linarite-az-'));
    file = join(home, 'main.json');
    await writeFile(file, TEMPLATE);
    const shown = JSON.parse((await linarite(['env', '--data-dir', instance.dataDir, '--identity', '--format', 'json'])).stdout) as Record<string, string>;
    env = { ...shown, REQUESTS_CA_BUNDLE: shown['LINARITE_CA_FILE'], AZURE_CONFIG_DIR: home, AZURE_CORE_COLLECT_TELEMETRY: 'false' };
    await mustRun(AZ, ['cloud', 'register', '-n', 'Local', '--endpoint-resource-manager', shown['LINARITE_MANAGEMENT_ENDPOINT'] ?? ''], { env });
    await mustRun(AZ, ['cloud', 'set', '-n', 'Local'], { env });
    await mustRun(AZ, ['login', '--identity'], { env });
    await mustRun(AZ, ['group', 'create', '--name', 'lab', '--location', 'westeurope'], { env });
  }, 120_000);
  afterAll(async () => {
    await instance.purge();
    await rm(home, { recursive: true, force: true });
  });
  const deployment = (verb: string, ...args: readonly string[]) => run(AZ, ['deployment', 'group', verb, '-g', 'lab', '-n', 'main', ...args, '-o', 'json'], { env });

  test('says what would change, deploys, shows and forgets', async () => {
    const asked = ['-f', file, '-p', 'secret=hunter2hunter2'];
    expect((await deployment('what-if', ...asked)).stdout).toContain('Resource changes: 2 to create.');
    const created = await deployment('create', ...asked);
    expect(created.stderr).toBe('');
    expect(JSON.parse(created.stdout)).toMatchObject({ name: 'main', properties: { provisioningState: 'Succeeded', outputs: { endpoint: { type: 'String' } }, parameters: { secret: { type: 'SecureString' } } } });
    expect(created.stdout).not.toContain('hunter2');
    expect((await mustRun(AZ, ['batch', 'account', 'show', '-g', 'lab', '-n', 'templated'], { env })).stdout).toContain('storageAccountId');
    expect((await deployment('delete')).code).toBe(0);
    expect((await deployment('show')).stderr).toContain('DeploymentNotFound');
  }, 120_000);

  test('is told where in the file a parameter is not allowed', async () => {
    const { code, stderr } = await deployment('create', '-f', file, '-p', 'secret=x', 'sku=huge');
    expect(code).not.toBe(0);
    expect(stderr).toContain("The provided value 'huge' for the template parameter 'sku' at line '6' and column '12' is not valid.");
  });
});
