import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');
const CONTAINERFILE = textOf('deploy/container/Containerfile');
const [, USER = '', GROUP = ''] = /^USER (\d+):(\d+)$/m.exec(CONTAINERFILE) ?? [];
const [, PLACE = ''] = /^VOLUME (\S+)$/m.exec(CONTAINERFILE) ?? [];
const [, PORT = ''] = /^EXPOSE (\d+)$/m.exec(CONTAINERFILE) ?? [];

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
        readonly containers: readonly { readonly image: string; readonly command: readonly string[]; readonly ports: readonly { readonly containerPort: number }[]; readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[] }[];
      };
    };
  };
}

test('the manifests of Kubernetes have the images that are built, their user, volume, port and program', () => {
  const deployment = parseAllDocuments(textOf('deploy/kubernetes/deployment.yaml')).map((document) => document.toJS() as Deployment).find(({ kind }) => kind === 'Deployment');
  const spec = deployment?.spec.template.spec;
  const container = spec?.containers[0];
  expect([String(spec?.securityContext.runAsUser), String(spec?.securityContext.runAsGroup)]).toEqual([USER, GROUP]);
  expect(container?.image).toBe('linarite');
  expect(container?.command.slice(0, 2)).toEqual(['node', '/opt/linarite/dist/cli/main.js']);
  expect(container?.ports.map(({ containerPort }) => String(containerPort))).toEqual([PORT]);
  expect(container?.volumeMounts.find(({ name }) => name === 'data')?.mountPath).toBe(PLACE);
  const { providers } = parse(textOf('deploy/kubernetes/providers.yaml')) as { readonly providers: readonly { readonly image: string }[] };
  expect(providers.map(({ image }) => image)).toEqual(['linarite-node']);
});

test('compose has the image of this version, its port and volume, and hands no password to an argument', () => {
  const { services } = parse(textOf('deploy/container/compose.yaml')) as { readonly services: Readonly<Record<string, { readonly image: string; readonly ports: readonly string[]; readonly volumes: readonly string[]; readonly command: readonly string[]; readonly environment: Readonly<Record<string, string>> }>> };
  const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };
  const service = services['linarite'];
  expect(service?.image).toBe(`\${LINARITE_IMAGE:-linarite:${version}}`);
  expect(service?.ports).toEqual([`127.0.0.1:\${LINARITE_PORT:-10800}:${PORT}`]);
  expect(service?.volumes).toEqual([`data:${PLACE}`]);
  expect(service?.command).toEqual(['up']);
  expect(service?.environment['LINARITE_DATABASE_URL']).toContain('@database:5432/linarite');
  expect(textOf('docs/images.md')).toContain(`linarite:${version}`);
});
