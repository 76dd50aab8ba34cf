import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient, ContainerSASPermissions, generateBlobSASQueryParameters, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLinarite, until, type Instance, type LinariteEnv } from '../support/linarite.ts';

/**
 * The published walk-through in JavaScript: a preparation task that fetches what is needed, and a task for each
 * container of CSV files.
 */

let instance: Instance;
let env: LinariteEnv;
beforeAll(async () => {
  instance = await startLinarite();
  env = await instance.env();
});
afterAll(() => instance.purge());

/** Instead of the packages that the walk-through installs, which no test can download. */
const PREREQUISITES = String.raw`printf 'import json\ndef as_json(rows):\n  return json.dumps(rows)\n' > $AZ_BATCH_NODE_SHARED_DIR/csvtojson.py`;
const PROCESS = `import csv, io, os, sys, urllib.request
from xml.etree import ElementTree
sys.path.append(os.environ['AZ_BATCH_NODE_SHARED_DIR'])
from csvtojson import as_json
container, token = sys.argv[2], sys.argv[4]
listed = urllib.request.urlopen(container + '?restype=container&comp=list&' + token).read()
for name in sorted(blob.text for blob in ElementTree.fromstring(listed).iter('Name') if blob.text.endswith('.csv')):
    text = urllib.request.urlopen(container + '/' + name + '?' + token).read().decode()
    body = as_json(list(csv.DictReader(io.StringIO(text)))).encode()
    put = urllib.request.Request(container + '/' + name[:-4] + '.json?' + token, data=body, method='PUT', headers={'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2020-10-02', 'Content-Type': 'application/json'})
    urllib.request.urlopen(put)
    print(name)
`;

test('process-csv: each container is turned into JSON by a task that its job has prepared its node for', async () => {
  const storage = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING);
  const credential = new StorageSharedKeyCredential(env.AZURE_STORAGE_ACCOUNT, env.AZURE_STORAGE_KEY);
  const put = async (container: string, blobs: Readonly<Record<string, string>>): Promise<{ url: string; token: string }> => {
    const client = storage.getContainerClient(container);
    await client.create();
    for (const [name, text] of Object.entries(blobs)) await client.getBlockBlobClient(name).upload(text, text.length);
    const token = generateBlobSASQueryParameters({ containerName: container, permissions: ContainerSASPermissions.parse('rlcw'), expiresOn: new Date(Date.now() + 3_600_000) }, credential).toString();
    return { url: client.url, token };
  };
  const scripts = await put('scripts', { 'startup_prereq.sh': PREREQUISITES, 'processcsv.py': PROCESS });
  const script = (name: string) => ({ httpUrl: `${scripts.url}/${name}?${scripts.token}`, filePath: name });
  const containers = ['con1', 'con2', 'con3'];
  const data = await Promise.all(containers.map((name, index) => put(name, { 'a.csv': `id,value\n${index},x\n`, 'b.csv': 'id\n1\n2\n', 'readme.txt': 'none' })));

  const client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
  await client.pool.add({
    id: 'pool1',
    displayName: 'processcsv',
    vmSize: 'standard_f4',
    virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '20.04-lts', version: 'latest' }, nodeAgentSKUId: 'batch.node.ubuntu 20.04' },
    targetDedicatedNodes: 2,
    enableAutoScale: false,
  });
  await client.job.add({
    id: 'processcsvjob',
    poolInfo: { poolId: 'pool1' },
    jobPreparationTask: { id: 'installprereq', commandLine: 'sh startup_prereq.sh > startup.log', resourceFiles: [script('startup_prereq.sh')], waitForSuccess: true, userIdentity: { autoUser: { elevationLevel: 'admin', scope: 'pool' } } },
  });
  for (const [index, name] of containers.entries()) {
    const { url, token } = data[index] ?? { url: '', token: '' };
    await client.task.add('processcsvjob', { id: `${name}_process_csv`, displayName: `process csv in ${name}`, commandLine: `python3 processcsv.py --container ${url} --token ${token}`, resourceFiles: [script('processcsv.py')] });
  }
  for (const name of containers) {
    const task = await until(`${name} is processed`, 60_000, async () => {
      const seen = await client.task.get('processcsvjob', `${name}_process_csv`);
      return seen.state === 'completed' ? seen : undefined;
    });
    expect(task.executionInfo, name).toMatchObject({ exitCode: 0, result: 'success' });
  }
  const converted = await storage.getContainerClient('con2').getBlobClient('a.json').downloadToBuffer();
  expect(JSON.parse(converted.toString())).toEqual([{ id: '1', value: 'x' }]);
  const prepared = await client.job.listPreparationAndReleaseTaskStatus('processcsvjob');
  expect(prepared.map(({ jobPreparationTaskExecutionInfo: run }) => run?.result)).toEqual(prepared.map(() => 'success'));
  expect(prepared.length).toBeGreaterThan(0);
});
