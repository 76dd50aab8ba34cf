import type { ShapeTable } from './definition.ts';

export const MACHINE_SHAPES = {
  VirtualMachineConfiguration: {
    imageReference: { type: 'ImageReference', required: true },
    osDisk: { type: 'OsDisk', since: 4, absent: [8, 12] },
    nodeAgentSKUId: { type: 'string', required: true },
    windowsConfiguration: { type: 'WindowsConfiguration' },
    dataDisks: { type: 'DataDisk', list: true, since: 6 },
    licenseType: { type: 'string', since: 6 },
    containerConfiguration: { type: 'ContainerConfiguration', since: 6 },
    diskEncryptionConfiguration: { type: 'DiskEncryptionConfiguration', since: 11 },
    nodePlacementConfiguration: { type: 'NodePlacementConfiguration', since: 14 },
    extensions: { type: 'VmExtension', list: true, since: 14 },
    securityProfile: { type: 'SecurityProfile', since: 18 },
    serviceArtifactReference: { type: 'ServiceArtifactReference', since: 18 },
  },
  ImageReference: {
    publisher: { type: 'string' },
    offer: { type: 'string' },
    sku: { type: 'string' },
    version: { type: 'string' },
    virtualMachineImageId: { type: 'string', since: 6 },
    exactVersion: { type: 'string', since: 14, readOnly: true },
    sharedGalleryImageId: { type: 'string', since: 20 },
    communityGalleryImageId: { type: 'string', since: 20 },
  },
  WindowsConfiguration: {
    enableAutomaticUpdates: { type: 'boolean' },
  },
  OsDisk: {
    ephemeralOSDiskSettings: { type: 'DiffDiskSettings', since: 14 },
    imageUris: { type: 'string', list: true, until: 5 },
    managedDisk: { type: 'ManagedDisk', since: 18 },
    diskSizeGB: { type: 'int32', since: 18 },
    caching: { type: 'OsDiskCachingType', absent: [14, 17] },
    writeAcceleratorEnabled: { type: 'boolean', since: 18 },
  },
  DiffDiskSettings: {
    placement: { type: 'DiffDiskPlacement' },
  },
  DataDisk: {
    lun: { type: 'int32', required: true, minimum: 0, maximum: 63 },
    caching: { type: 'CachingType' },
    diskSizeGB: { type: 'int32', required: true, minimum: 1 },
    managedDisk: { type: 'ManagedDisk', since: 25 },
    storageAccountType: { type: 'StorageAccountType' },
  },
  ManagedDisk: {
    diskEncryptionSet: { type: 'DiskEncryptionSetParameters', since: 25 },
    storageAccountType: { type: 'StorageAccountType' },
    securityProfile: { type: 'VmDiskSecurityProfile', since: 20 },
  },
  DiskEncryptionSetParameters: {
    id: { type: 'string' },
  },
  VmDiskSecurityProfile: {
    securityEncryptionType: { type: 'SecurityEncryptionTypes' },
    // Of pools that Resource Manager makes.
    diskEncryptionSet: { type: 'DiskEncryptionSetParameters', since: 25 },
  },
  ContainerConfiguration: {
    type: { type: 'ContainerType', required: true },
    containerImageNames: { type: 'string', list: true },
    containerRegistries: { type: 'ContainerRegistry', list: true },
  },
  DiskEncryptionConfiguration: {
    customerManagedKey: { type: 'DiskCustomerManagedKey', since: 25 },
    targets: { type: 'DiskEncryptionTarget', list: true },
  },
  DiskCustomerManagedKey: {
    identityReference: { type: 'PoolIdentityReference' },
    keyUrl: { type: 'string' },
    rotationToLatestKeyVersionEnabled: { type: 'boolean' },
  },
  PoolIdentityReference: {
    resourceId: { type: 'string' },
  },
  NodePlacementConfiguration: {
    policy: { type: 'NodePlacementPolicyType' },
  },
  VmExtension: {
    name: { type: 'string', required: true },
    publisher: { type: 'string', required: true },
    type: { type: 'string', required: true },
    typeHandlerVersion: { type: 'string' },
    autoUpgradeMinorVersion: { type: 'boolean' },
    enableAutomaticUpgrade: { type: 'boolean', since: 17 },
    settings: { type: 'map' },
    protectedSettings: { type: 'map', secret: true },
    provisionAfterExtensions: { type: 'string', list: true },
  },
  SecurityProfile: {
    securityType: { type: 'SecurityTypes' },
    encryptionAtHost: { type: 'boolean' },
    proxyAgentSettings: { type: 'ProxyAgentSettings', since: 25 },
    uefiSettings: { type: 'UefiSettings' },
  },
  ProxyAgentSettings: {
    enabled: { type: 'boolean' },
    imds: { type: 'HostEndpointSettings' },
    wireServer: { type: 'HostEndpointSettings' },
  },
  HostEndpointSettings: {
    inVMAccessControlProfileReferenceId: { type: 'string' },
    mode: { type: 'HostEndpointSettingsModeTypes' },
  },
  UefiSettings: {
    secureBootEnabled: { type: 'boolean' },
    vTpmEnabled: { type: 'boolean' },
  },
  ServiceArtifactReference: {
    id: { type: 'string', required: true },
  },
  CloudServiceConfiguration: {
    osFamily: { type: 'string', required: true },
    osVersion: { type: 'string', formerly: { name: 'targetOSVersion', until: 7 } },
  },
  UserAccount: {
    name: { type: 'string', required: true, minLength: 1, maxLength: 20 },
    password: { type: 'string', required: true, secret: true },
    elevationLevel: { type: 'ElevationLevel' },
    linuxUserConfiguration: { type: 'LinuxUserConfiguration', since: 5 },
    sshPrivateKey: { type: 'string', secret: true, until: 4 },
    windowsUserConfiguration: { type: 'WindowsUserConfiguration' },
  },
  LinuxUserConfiguration: {
    uid: { type: 'int32' },
    gid: { type: 'int32' },
    sshPrivateKey: { type: 'string', secret: true },
  },
  WindowsUserConfiguration: {
    loginMode: { type: 'LoginMode' },
  },
  MountConfiguration: {
    azureBlobFileSystemConfiguration: { type: 'AzureBlobFileSystemConfiguration' },
    nfsMountConfiguration: { type: 'NfsMountConfiguration' },
    cifsMountConfiguration: { type: 'CifsMountConfiguration' },
    azureFileShareConfiguration: { type: 'AzureFileShareConfiguration' },
  },
  AzureBlobFileSystemConfiguration: {
    accountName: { type: 'string', required: true },
    containerName: { type: 'string', required: true },
    accountKey: { type: 'string', secret: true },
    sasKey: { type: 'string', secret: true },
    blobfuseOptions: { type: 'string' },
    relativeMountPath: { type: 'string', required: true },
    identityReference: { type: 'IdentityReference', since: 14 },
  },
  NfsMountConfiguration: {
    source: { type: 'string', required: true },
    relativeMountPath: { type: 'string', required: true },
    mountOptions: { type: 'string' },
  },
  CifsMountConfiguration: {
    username: { type: 'string', required: true },
    source: { type: 'string', required: true },
    relativeMountPath: { type: 'string', required: true },
    mountOptions: { type: 'string' },
    password: { type: 'string', required: true, secret: true },
  },
  AzureFileShareConfiguration: {
    accountName: { type: 'string', required: true },
    accountKey: { type: 'string', required: true, secret: true },
    azureFileUrl: { type: 'string', required: true },
    relativeMountPath: { type: 'string', required: true },
    mountOptions: { type: 'string' },
  },
} as const satisfies ShapeTable;
