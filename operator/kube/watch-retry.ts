/** What an ended watch asks for: whether to list again, and how long to wait first. */
import { ApiError } from './api-error.ts';
import { Cut, Gone } from './watch.ts';

const firstDelayMs = 200;
const longestDelayMs = 30_000;
/** After so many refusals in a row the resourceVersion itself may be what is refused (etcd restored from a backup). */
const mostRefusals = 4;

/** `failures`: in a row, this one counted. A stream that broke once is simply taken up again. */
export function delayMs(error: unknown, failures: number): number {
  if (failures === 1 && (error instanceof Cut || error instanceof Gone)) return 0;
  return Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs) * (0.75 + Math.random() / 2);
}

/** Answers to a streaming list of servers that do not know it. */
export const refusesStreaming: ReadonlySet<number> = new Set([400, 422]);

/** The place in the stream is lost, or the kind went and may come back as another. */
export function mustRelist(error: unknown, failures: number): boolean {
  if (error instanceof Gone) return true;
  if (!(error instanceof ApiError)) return false;
  const { status, api } = error;
  const tooLarge = api?.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') ?? false;
  const refused = status >= 400 && status !== 429 && status !== 503;
  return status === 410 || status === 404 || tooLarge || (refused && failures >= mostRefusals);
}
