import type { ShapeTable } from './definition.ts';
import { COMMAND, USER } from './parts.ts';

export const PROCESS_SHAPES = {
  StartTask: {
    ...COMMAND,
    environmentSettings: { type: 'EnvironmentSetting', list: true },
    ...USER,
    maxTaskRetryCount: { type: 'int32', minimum: -1 },
    waitForSuccess: { type: 'boolean' },
  },
  ResourceFile: {
    autoStorageContainerName: { type: 'string', since: 8 },
    storageContainerUrl: { type: 'string', since: 8 },
    httpUrl: { type: 'string', formerly: { name: 'blobSource', until: 7 } },
    blobPrefix: { type: 'string', since: 8 },
    filePath: { type: 'string' },
    fileMode: { type: 'string', rule: 'fileMode' },
    identityReference: { type: 'IdentityReference', since: 14 },
  },
  OutputFile: {
    filePattern: { type: 'string', required: true },
    destination: { type: 'OutputFileDestination', required: true },
    uploadOptions: { type: 'OutputFileUploadOptions', required: true },
  },
  OutputFileDestination: {
    container: { type: 'OutputFileBlobContainerDestination' },
  },
  OutputFileBlobContainerDestination: {
    path: { type: 'string' },
    containerUrl: { type: 'string', required: true },
    identityReference: { type: 'IdentityReference', since: 14 },
    uploadHeaders: { type: 'HttpHeader', list: true, since: 15 },
  },
  OutputFileUploadOptions: {
    uploadCondition: { type: 'OutputFileUploadCondition', required: true },
  },
  HttpHeader: {
    name: { type: 'string', required: true },
    value: { type: 'string' },
  },
  EnvironmentSetting: {
    name: { type: 'string', required: true, minLength: 1, rule: 'environmentName' },
    value: { type: 'string' },
  },
  UserIdentity: {
    username: { type: 'string' },
    autoUser: { type: 'AutoUserSpecification' },
  },
  AutoUserSpecification: {
    scope: { type: 'AutoUserScope' },
    elevationLevel: { type: 'ElevationLevel' },
  },
  ApplicationPackageReference: {
    applicationId: { type: 'string', required: true, minLength: 1 },
    version: { type: 'string', maxLength: 64 },
  },
  AuthenticationTokenSettings: {
    access: { type: 'AccessScope', list: true },
  },
  TaskContainerSettings: {
    containerRunOptions: { type: 'string' },
    imageName: { type: 'string', required: true },
    registry: { type: 'ContainerRegistry' },
    workingDirectory: { type: 'ContainerWorkingDirectory', since: 8 },
    containerHostBatchBindMounts: { type: 'ContainerHostBatchBindMountEntry', list: true, since: 20 },
  },
  ContainerHostBatchBindMountEntry: {
    source: { type: 'ContainerHostDataPath' },
    isReadOnly: { type: 'boolean' },
  },
  ContainerRegistry: {
    username: { type: 'string' },
    password: { type: 'string', secret: true },
    registryServer: { type: 'string' },
    identityReference: { type: 'IdentityReference', since: 14 },
  },
  IdentityReference: {
    resourceId: { type: 'string' },
  },
} as const satisfies ShapeTable;
