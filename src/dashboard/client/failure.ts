/** What the service answered instead. */
export class ServiceError extends Error {
  /** 0: it did not answer. */
  readonly status: number;
  readonly code: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
  readonly requestId: string | null;

  constructor({ status, code, message, values = [], requestId = null }: { readonly status: number; readonly code: string; readonly message: string; readonly values?: ServiceError['values']; readonly requestId?: string | null }) {
    super(message);
    this.name = 'ServiceError';
    this.status = status;
    this.code = code;
    this.values = values;
    this.requestId = requestId;
  }
}

/** Errors in the form of Azure Batch. */
interface BatchErrorBody {
  readonly code?: string;
  readonly message?: { readonly value?: string };
  readonly values?: readonly { readonly key: string; readonly value: string }[];
}

export async function failureOf(response: Response): Promise<ServiceError> {
  const requestId = response.headers.get('request-id');
  const text = await response.text().catch(() => '');
  try {
    const { code = 'Error', message, values = [] } = JSON.parse(text) as BatchErrorBody;
    const [sentence = ''] = (message?.value ?? '').split('\n');
    return new ServiceError({ status: response.status, code, message: sentence, values: values.filter(({ key }) => key !== 'RequestId'), requestId });
  } catch {
    return new ServiceError({ status: response.status, code: `HTTP ${response.status}`, message: text.slice(0, 300) || 'The service gave no reason.', requestId });
  }
}
