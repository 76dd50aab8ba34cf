import { lowerAscii } from '../../letters.ts';
import { inDataSpelling, isObject } from './spelling.ts';

type Json = Readonly<Record<string, unknown>>;

/** The `properties` of a pool in Resource Manager's form as the body of the data plane's Add Pool, but for its id. */
export function poolFromArm({ deploymentConfiguration, scaleSettings, interNodeCommunication, applicationPackages, certificates, ...same }: Json): Json {
  const { fixedScale, autoScale } = objectOr(scaleSettings);
  const { nodeDeallocationOption: _ofResizes, ...targets } = objectOr(fixedScale);
  const { formula, evaluationInterval } = objectOr(autoScale);
  const known = {
    ...same,
    ...objectOr(deploymentConfiguration),
    ...targets,
    ...(isObject(autoScale) ? { enableAutoScale: true, autoScaleFormula: formula, autoScaleEvaluationInterval: evaluationInterval } : {}),
    ...(typeof interNodeCommunication === 'string' ? { enableInterNodeCommunication: lowerAscii(interNodeCommunication) === 'enabled' } : {}),
    ...(Array.isArray(applicationPackages) ? { applicationPackageReferences: applicationPackages.map(packageFromArm) } : {}),
    ...(Array.isArray(certificates) ? { certificateReferences: certificates.map(certificateFromArm) } : {}),
  };
  return objectOr(inDataSpelling('PoolAdd', known));
}

function packageFromArm(reference: unknown): unknown {
  const { id, ...rest } = objectOr(reference);
  return { ...rest, applicationId: lastSegment(id) };
}

/** Ids of certificates end with `SHA1-<thumbprint>`. */
function certificateFromArm(reference: unknown): unknown {
  const { id, ...rest } = objectOr(reference);
  const [, thumbprintAlgorithm, thumbprint] = /^([^-]+)-(.+)$/.exec(String(lastSegment(id))) ?? [];
  return { ...rest, thumbprint, thumbprintAlgorithm: thumbprintAlgorithm === undefined ? undefined : lowerAscii(thumbprintAlgorithm) };
}

function lastSegment(id: unknown): unknown {
  return typeof id === 'string' ? id.split('/').at(-1) : id;
}

function objectOr(value: unknown): Json {
  return isObject(value) ? value : {};
}
