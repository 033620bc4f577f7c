/** Which handler serves a resource of which type. A new sort of resource (`kubernetes:helm.sh/v3:Release`) gets its line here. */
import { release } from './helm/release.ts';
import { objects } from './objects.ts';
import { rendered } from './rendering/rendered.ts';
import type { Handler } from './requests.ts';
import type { Session } from './session.ts';

const others: Readonly<Record<string, Handler>> = {
  'kubernetes:helm.sh/v3:Release': release,
};

export const handlerOf = (type: string, { settings }: Session): Handler =>
  settings.renderTo === undefined ? (others[type] ?? objects) : rendered;
