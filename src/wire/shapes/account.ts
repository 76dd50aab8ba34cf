import type { ShapeTable } from './definition.ts';
import { ERROR_WITH_VALUES, optionalPage, page } from './parts.ts';

export const ACCOUNT_SHAPES = {
  SupportedImageList: page('SupportedImage'),
  SupportedImage: {
    imageReference: { type: 'ImageReference', required: true },
    verificationType: { type: 'VerificationType', required: true },
    nodeAgentSKUId: { type: 'string', required: true },
    capabilities: { type: 'string', list: true },
    batchSupportEndOfLife: { type: 'timestamp' },
    osType: { type: 'OsType', required: true },
  },
  NodeAgentSkuList: page('NodeAgentSku'),
  NodeAgentSku: {
    id: { type: 'string', required: true },
    verifiedImageReferences: { type: 'ImageReference', list: true },
    osType: { type: 'OsType' },
  },
  ApplicationList: optionalPage('Application'),
  Application: {
    id: { type: 'string', required: true },
    // Required by the OpenAPI text; answers of applications without one leave it out (recorded, DP 73, 74).
    displayName: { type: 'string' },
    versions: { type: 'string', list: true, required: true },
  },
  MetadataItem: {
    name: { type: 'string', required: true, minLength: 1, code: 'EmptyMetadataKey' },
    value: { type: 'string', required: true },
  },
  NameValuePair: {
    name: { type: 'string' },
    value: { type: 'string' },
  },
  ErrorBody: {
    code: { type: 'string', required: true },
    message: { type: 'ErrorMessage' },
    values: { type: 'ErrorDetail', list: true },
  },
  ErrorMessage: {
    lang: { type: 'string' },
    value: { type: 'string' },
  },
  ErrorDetail: {
    key: { type: 'string' },
    value: { type: 'string' },
  },
  CertificateAdd: {
    thumbprint: { type: 'string', required: true },
    thumbprintAlgorithm: { type: 'string', required: true },
    data: { type: 'string', required: true, secret: true },
    certificateFormat: { type: 'CertificateFormat' },
    password: { type: 'string', secret: true },
  },
  Certificate: {
    thumbprint: { type: 'string', required: true },
    thumbprintAlgorithm: { type: 'string', required: true },
    data: { type: 'string', required: true, since: 17 },
    certificateFormat: { type: 'CertificateFormat', since: 17 },
    password: { type: 'string', since: 17 },
    url: { type: 'string' },
    state: { type: 'CertificateState' },
    stateTransitionTime: { type: 'timestamp' },
    previousState: { type: 'CertificateState' },
    previousStateTransitionTime: { type: 'timestamp' },
    publicData: { type: 'string' },
    deleteCertificateError: { type: 'DeleteCertificateError' },
  },
  CertificateList: optionalPage('Certificate'),
  CertificateReference: {
    thumbprint: { type: 'string', required: true },
    thumbprintAlgorithm: { type: 'string', required: true },
    storeLocation: { type: 'CertificateStoreLocation' },
    storeName: { type: 'string' },
    visibility: { type: 'CertificateVisibility', list: true },
  },
  DeleteCertificateError: ERROR_WITH_VALUES,
} as const satisfies ShapeTable;
