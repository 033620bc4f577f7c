/** An answer of the API server that is no success, or no answer at all. */

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** `Status` of the Kubernetes API. */
export interface ApiStatus {
  readonly kind: 'Status';
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
}

export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly api: ApiStatus | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, api?: ApiStatus, retryAfterMs?: number, cause?: unknown) {
    super(api?.message ?? `HTTP ${status}`, { cause });
    this.name = 'ApiError';
    this.status = status;
    this.api = api;
    this.retryAfterMs = retryAfterMs;
  }

  static connection(cause: unknown): ApiError {
    const { message = String(cause), code } = cause as { message?: string; code?: string };
    return new ApiError(
      0,
      { kind: 'Status', message: code === undefined ? message : `${message} (${code})` },
      undefined,
      cause,
    );
  }
}
