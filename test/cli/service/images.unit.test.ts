import { describe, expect, test } from 'vitest';
import { readItems } from '../../../src/cli/service/imageItems.ts';
import { containerRoots, containersLimit, imageRoots, type ImageRoot, rootOf, systemLimit } from '../../../src/nodes/local/images.ts';

const GALLERY = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine/images/custom';
function marketplace(publisher: string, offer: string, sku: string, version = 'latest') {
  return { kind: 'marketplace', publisher, offer, sku, version } as const;
}

const FILE = `# what is unpacked here
---
images:
- image: canonical:0001-com-ubuntu-server-jammy:22_04-lts   # by any version
  root: /srv/jammy/

- root: '/srv/it''s "old"'
  image: "Canonical/0001-com-ubuntu-server-jammy/22_04-lts/22.04.202301010"
- image: ${GALLERY}
  root: /srv/own
`;

function readImages(text: string): readonly ImageRoot[] {
  return imageRoots(readItems(text));
}

describe('images.yaml', () => {
  test('maps images to roots, by name or id, in any case; a version before all others', () => {
    const images = readImages(FILE);
    expect(rootOf(images, marketplace('CANONICAL', '0001-com-ubuntu-server-jammy', '22_04-LTS'))).toBe('/srv/jammy');
    expect(rootOf(images, marketplace('canonical', '0001-com-ubuntu-server-jammy', '22_04-lts', '22.04.202301010'))).toBe('/srv/it\'s "old"');
    expect(rootOf(images, marketplace('canonical', '0001-com-ubuntu-server-jammy', '22_04-lts', '22.04.1'))).toBe('/srv/jammy');
    expect(rootOf(images, { kind: 'own', id: GALLERY.toUpperCase() })).toBe('/srv/own');
    expect(rootOf(images, marketplace('debian', 'debian-12', '12'))).toBeNull();
    expect(rootOf(images, null)).toBeNull();
    expect(readImages('images: []\n')).toEqual([]);
    expect(readImages('')).toEqual([]);
  });

  test.each([
    ['image: a:b:c', 'line 1, images: the file begins with images:'],
    ['images: []\nimages: []', 'line 2, YAML: Map keys must be unique'],
    ['images: []\nroots: []', 'line 2, roots: there is nothing beside images.'],
    ['images:\n  root: /a', 'line 2, images: it is a list, each item of which begins with "- ".'],
    ['images:\n- image: a:b:c', 'line 2, root: it is missing.'],
    ['images:\n- root: /a', 'line 2, image: it is missing.'],
    ['images:\n- image: a:b:c\n  root: a', 'line 3, root: a is no absolute path.'],
    ['images:\n- image: a:b\n  root: /a', 'line 2, image: a:b is neither publisher:offer:sku[:version] nor the resource id of an image.'],
    ['images:\n- image: a::c\n  root: /a', 'line 2, image: a::c is neither'],
    ['images:\n- image: a:b:c:d:e\n  root: /a', 'line 2, image: a:b:c:d:e is neither'],
    ['images:\n- image: a:b:c\n  root: /a\n- image: A/b/C/latest\n  root: /b', 'line 4, image: it is mapped in line 2 already.'],
    ['images:\n- image: a:b:c\n  path: /a', 'line 3, path: there is no such property; an image has image or container, and root.'],
    ['images:\n- image: a:b:c\n  container: a\n  root: /a', 'line 3, container: there is an image already: each has an item of its own.'],
    ['images:\n- container: a b\n  root: /a', 'line 2, container: a b is no name of an image of containers'],
    ['images:\n- container: a\n  root: /a\n- container: docker.io/library/a:latest\n  root: /b', 'line 4, container: it is mapped in line 2 already.'],
    ['images:\n- image: a:b:c\n  image: a:b:d', 'line 3, YAML: Map keys must be unique'],
    ['images:\n- image: a:b:c\n    root: /a', 'line 2, YAML: '],
    ['images:\n- image: a:b:c\n\troot: /a', 'line 3, YAML: '],
    ['images:\n- image:\n  root: /a', 'line 2, image: it has no value.'],
    ['images:\n- image: {a: b}\n  root: /a', 'line 2, image: it is no text.'],
    ['images:\n- image: 7\n  root: /a', 'line 2, image: it is no text.'],
    ['images:\n- canonical', 'line 2, images: an image has image or container, and root.'],
  ])('is refused by line and property: %j', (text, message) => {
    expect(() => readImages(text)).toThrow(message);
  });

  test('has images of containers, which an OCI runtime alone takes as they are', () => {
    const images = readImages('images:\n- container: tools\n  root: /srv/tools\n- image: a:b:c\n  root: /srv/a\n- container: registry.example:5000/team/x:2\n  root: /srv/x\n');
    expect(containerRoots(images)).toEqual([{ name: 'docker.io/library/tools:latest', root: '/srv/tools' }, { name: 'registry.example:5000/team/x:2', root: '/srv/x' }]);
    expect(systemLimit(images)).toContain('but for the 1 that images.yaml maps.');
    expect(containersLimit(images, { kind: 'docker', program: '/docker', version: '1', host: null })).toContain('docker import');
    expect(containersLimit(images, { kind: 'runtime', program: '/node', words: [], version: '1', runtime: '/runc', hasGroups: true })).toBeNull();
    expect(containersLimit([], { kind: 'docker', program: '/docker', version: '1', host: null })).toBeNull();
  });

  test('is what nodes run the machine’s system but for', () => {
    expect(systemLimit([])).toMatch(/^Nodes run the system of this machine.*, whatever image their pool names\.$/);
    expect(systemLimit(readImages(FILE))).toContain('but for the 3 that images.yaml maps.');
  });
});
