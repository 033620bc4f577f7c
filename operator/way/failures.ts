/** Which objects failed, as the status of the stack tells it. */
import type { ObjectFailure } from '#values';

const mostFailures = 50;

export const failuresOf = (
  failures: readonly ObjectFailure[],
): { readonly object: string; readonly reason: string; readonly message: string }[] =>
  failures
    .slice(0, mostFailures)
    .map(({ key, reason, message }) => ({ object: key, reason, message: message.slice(0, 1000) }));
