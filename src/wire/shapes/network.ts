import type { ShapeTable } from './definition.ts';

export const NETWORK_SHAPES = {
  NetworkConfiguration: {
    subnetId: { type: 'string' },
    dynamicVNetAssignmentScope: { type: 'DynamicVNetAssignmentScope', since: 8 },
    endpointConfiguration: { type: 'PoolEndpointConfiguration', since: 6 },
    publicIPAddressConfiguration: { type: 'PublicIpAddressConfiguration', since: 11 },
    enableAcceleratedNetworking: { type: 'boolean', since: 17 },
    publicIPs: { type: 'string', list: true, since: 10, until: 10 },
  },
  PoolEndpointConfiguration: {
    inboundNATPools: { type: 'InboundNatPool', list: true, required: true },
  },
  InboundNatPool: {
    name: { type: 'string', required: true, minLength: 1, maxLength: 77 },
    protocol: { type: 'InboundEndpointProtocol', required: true },
    backendPort: { type: 'int32', required: true, minimum: 1, maximum: 65535 },
    frontendPortRangeStart: { type: 'int32', required: true, minimum: 1, maximum: 65534 },
    frontendPortRangeEnd: { type: 'int32', required: true, minimum: 1, maximum: 65534 },
    networkSecurityGroupRules: { type: 'NetworkSecurityGroupRule', list: true },
  },
  NetworkSecurityGroupRule: {
    priority: { type: 'int32', required: true, minimum: 150, maximum: 4096 },
    access: { type: 'NetworkSecurityGroupRuleAccess', required: true },
    sourceAddressPrefix: { type: 'string', required: true },
    sourcePortRanges: { type: 'string', list: true, since: 9 },
  },
  PublicIpAddressConfiguration: {
    provision: { type: 'IpAddressProvisioningType' },
    ipFamilies: { type: 'IpFamily', list: true, since: 25 },
    ipAddressIds: { type: 'string', list: true },
    ipTags: { type: 'IpTag', list: true, since: 25 },
  },
  IpTag: {
    ipTagType: { type: 'string' },
    tag: { type: 'string' },
  },
  NodeEndpointConfiguration: {
    inboundEndpoints: { type: 'InboundEndpoint', list: true, required: true },
  },
  InboundEndpoint: {
    name: { type: 'string', required: true },
    protocol: { type: 'InboundEndpointProtocol', required: true },
    publicIPAddress: { type: 'string', required: true },
    publicFQDN: { type: 'string', required: true },
    frontendPort: { type: 'int32', required: true },
    backendPort: { type: 'int32', required: true },
  },
} as const satisfies ShapeTable;
