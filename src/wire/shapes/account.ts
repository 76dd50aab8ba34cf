import type { ShapeTable } from './definition.ts';

export const ACCOUNT_SHAPES = {
  SupportedImageList: {
    value: { type: 'SupportedImage', list: true, required: true },
    'odata.nextLink': { type: 'string' },
  },
  SupportedImage: {
    imageReference: { type: 'ImageReference', required: true },
    verificationType: { type: 'VerificationType', required: true },
    nodeAgentSKUId: { type: 'string', required: true },
    capabilities: { type: 'string', list: true },
    batchSupportEndOfLife: { type: 'timestamp' },
    osType: { type: 'OsType', required: true },
  },
  NodeAgentSkuList: {
    value: { type: 'NodeAgentSku', list: true, required: true },
    'odata.nextLink': { type: 'string' },
  },
  NodeAgentSku: {
    id: { type: 'string', required: true },
    verifiedImageReferences: { type: 'ImageReference', list: true },
    osType: { type: 'OsType' },
  },
  ApplicationList: {
    value: { type: 'Application', list: true },
    'odata.nextLink': { type: 'string' },
  },
  Application: {
    id: { type: 'string', required: true },
    displayName: { type: 'string', required: true },
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
  CertificateList: {
    value: { type: 'Certificate', list: true },
    'odata.nextLink': { type: 'string' },
  },
  CertificateReference: {
    thumbprint: { type: 'string', required: true },
    thumbprintAlgorithm: { type: 'string', required: true },
    storeLocation: { type: 'CertificateStoreLocation' },
    storeName: { type: 'string' },
    visibility: { type: 'CertificateVisibility', list: true },
  },
  DeleteCertificateError: {
    code: { type: 'string' },
    message: { type: 'string' },
    values: { type: 'NameValuePair', list: true },
  },
} as const satisfies ShapeTable;
