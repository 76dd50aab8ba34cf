import type { ShapeTable } from '../../shapes/definition.ts';

/** Resource groups (Microsoft.Resources, 2021-04-01). What else clients send of them is not kept by Azure either. */
export const GROUP_SHAPES = {
  ArmGroupCreate: {
    location: { type: 'string', required: true, minLength: 1, maxLength: 64 },
    tags: { type: 'map' },
    managedBy: { type: 'string' },
    properties: { type: 'map' },
  },
  ArmGroupUpdate: {
    name: { type: 'string' },
    tags: { type: 'map' },
    managedBy: { type: 'string' },
    properties: { type: 'map' },
  },
} as const satisfies ShapeTable;
