import type { ShapeTable } from '../../shapes/definition.ts';

/** What answers carry as well; clients send it back. */
const PROXY = { id: { type: 'string' }, name: { type: 'string' }, type: { type: 'string' }, etag: { type: 'string' }, tags: { type: 'map', since: 20 } } as const;

/** Applications, certificates and names (Microsoft.Batch, 2020-03-01 to 2025-06-01). */
export const APPLICATION_SHAPES = {
  ArmApplication: { properties: { type: 'ArmApplicationProperties' }, ...PROXY },
  ArmApplicationProperties: {
    displayName: { type: 'string', maxLength: 1024 },
    allowUpdates: { type: 'boolean' },
    defaultVersion: { type: 'string' },
  },
  ArmPackage: { properties: { type: 'ArmPackageProperties' }, ...PROXY },
  /** All of it is answered alone. */
  ArmPackageProperties: {
    state: { type: 'string' },
    format: { type: 'string' },
    storageUrl: { type: 'string' },
    storageUrlExpiry: { type: 'string' },
    lastActivationTime: { type: 'string' },
  },
  ArmActivate: { format: { type: 'string', required: true } },
  ArmCertificate: { properties: { type: 'ArmCertificateProperties' }, ...PROXY },
  ArmCertificateProperties: {
    thumbprintAlgorithm: { type: 'string' },
    thumbprint: { type: 'string' },
    format: { type: 'ArmCertificateFormat' },
    data: { type: 'string', secret: true },
    password: { type: 'string', secret: true },
  },
  ArmPrivateEndpointConnection: { properties: { type: 'ArmPrivateEndpointConnectionProperties' }, ...PROXY },
  ArmPrivateEndpointConnectionProperties: {
    provisioningState: { type: 'string' },
    privateEndpoint: { type: 'ArmPrivateEndpoint' },
    groupIds: { type: 'string', list: true, since: 16 },
    privateLinkServiceConnectionState: { type: 'ArmConnectionState' },
  },
  ArmPrivateEndpoint: { id: { type: 'string' } },
  ArmConnectionState: {
    status: { type: 'ArmConnectionStatus', required: true },
    description: { type: 'string' },
    actionsRequired: { type: 'string', since: 16 },
  },
  ArmCheckAccountName: { name: { type: 'string', required: true }, type: { type: 'ArmAccountTypeName', required: true } },
} as const satisfies ShapeTable;
